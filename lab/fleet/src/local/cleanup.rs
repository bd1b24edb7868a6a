//! Ending everything that a run has started, whoever is left to do it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab_world::{ProcessId, pause};

/// How often processes are looked for: the end of one may be the beginning of another.
const ROUNDS: usize = 20;
/// How long after the one before.
const BETWEEN: Duration = Duration::from_millis(50);

/// Ends every process that has a variable with a path below `directory`, unmounts what is mounted there, and removes it.
/// All that a run has started has one, tasks and their executors too, which outlive an agent that is killed.
pub fn clean_up(directory: &Path) {
    // Each step is done as far as it can be: what is left is told by the next run's own errors.
    for _ in 0..ROUNDS {
        if end_processes(directory) == 0 {
            break;
        }
        pause(BETWEEN);
    }
    unmount(directory);
    let _ = std::fs::remove_dir_all(directory);
}

/// Kills them; tells how many there were.
fn end_processes(directory: &Path) -> usize {
    let name = directory.display().to_string();
    let own = std::process::id();
    let mut found = 0;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if number != own && knows(&entry.path(), &name) {
            found += 1;
            let _ = ProcessId::of(number).signal("KILL");
        }
    }
    found
}

/// Whether a variable of the process begins with the directory: its machine's, or an allocation's.
fn knows(process: &Path, name: &str) -> bool {
    let below = format!("={name}/");
    std::fs::read(process.join("environ")).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&below))
}

fn unmount(directory: &Path) {
    let below = format!(" {}/", directory.display());
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    for mount in mounts.lines().filter(|line| line.contains(&below)).filter_map(|line| line.split(' ').nth(1))
    {
        let _ = Command::new("umount").args(["-l", mount]).output();
    }
}
