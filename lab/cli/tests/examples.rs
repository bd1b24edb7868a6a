//! The commands in `docs/checking.md` print what stands there.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// How many lines of an output the page shows.
const SHOWN: usize = 30;

/// Runs every `$ lab` in a `console` block and puts its output there; with `LAB_WRITE_DOCS` set the page is written.
#[test]
fn the_page_shows_what_the_commands_print() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let path = docs.join("checking.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let mut made = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        writeln!(made, "{line}").expect("text");
        if line != "```console" {
            continue;
        }
        let command = lines.next().expect("a command");
        writeln!(made, "{command}\n{}```", output(command, &docs)).expect("text");
        for skipped in lines.by_ref() {
            if skipped == "```" {
                break;
            }
        }
    }
    if std::env::var_os("LAB_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).expect("the page can be written");
    }
    assert_eq!(page, made, "run this test with LAB_WRITE_DOCS=1 and look at what changed");
}

fn output(command: &str, docs: &std::path::Path) -> String {
    let words: Vec<&str> = command.trim_start_matches("$ lab ").split(' ').collect();
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(words)
        .current_dir(docs.join("examples"))
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let shown: String = lines.iter().take(SHOWN).map(|line| format!("{line}\n")).collect();
    if lines.len() > SHOWN { shown + "...\n" } else { shown }
}
