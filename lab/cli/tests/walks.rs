//! The walks through guides 000, 001 and 004, with the lab's programs first on the path.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One walk at a time: each looks for ports before it takes them.
static WALKING: Mutex<()> = Mutex::new(());

#[test]
fn guide_000() {
    walk("guide-000.sh");
}

#[test]
fn guide_001() {
    walk("guide-001.sh");
}

#[test]
fn guide_004_with_its_docker_job() {
    walk("guide-004.sh");
}

/// Walks, and fails where a step does not do what the guide says.
fn walk(name: &str) {
    for tool in ["bash", "jq", "openssl", "curl"] {
        if !is_there(tool) {
            eprintln!("skipped: {tool} is not on the path");
            return;
        }
    }
    let _alone = WALKING.lock().unwrap_or_else(PoisonError::into_inner);
    let shims = std::env::temp_dir().join(format!("lab-walk-{}-{name}", std::process::id()));
    let made = Command::new(env!("CARGO_BIN_EXE_lab")).arg("shims").arg(&shims).output().expect("lab runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap_or_default());
    let walk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/walks").join(name);
    let output = Command::new("bash").arg(walk).env("PATH", path).output().expect("bash runs");
    // It has been used.
    let _ = std::fs::remove_dir_all(&shims);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn is_there(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory: PathBuf| directory.join(tool)).any(|file| file.is_file())
}
