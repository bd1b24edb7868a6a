//! What real programs write: the log behind a mark, line by line.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use lab_world::{Level, Line};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How much of a log is read at one go, in bytes.
const PIECE: u64 = 1 << 20;

/// The whole lines of a file behind `mark`, and the mark behind them.
pub(super) fn lines_after(path: &Path, mark: usize) -> (Vec<Line>, usize) {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(mark as u64))?;
        file.take(PIECE).read_to_end(&mut bytes)
    });
    // A log that is not there yet has no lines.
    let whole = match (read, bytes.iter().rposition(|byte| *byte == b'\n')) {
        (Ok(_), Some(end)) => end + 1,
        _ => return (Vec::new(), mark),
    };
    let text = String::from_utf8_lossy(&bytes[..whole]);
    (text.lines().filter_map(line).collect(), mark + whole)
}

/// The last line of a file that says something.
pub(super) fn last_words(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.unwrap_or_default().trim_start_matches("==> ").to_owned()
}

/// `2026-11-22T03:31:54.250Z [WARN]  nomad.rpc: message`, with spaces before it where the agent puts some. Other lines
/// are no log.
fn line(text: &str) -> Option<Line> {
    let (moment, rest) = text.trim_start().split_once(' ')?;
    let at = moment_of(moment)?;
    let (level, rest) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
    let level = match level {
        "TRACE" => Level::Trace,
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARN" => Level::Warn,
        "ERROR" | "ERR" => Level::Error,
        _ => return None,
    };
    let rest = rest.trim_start();
    let (name, message) = match rest.split_once(": ") {
        Some((name, message)) if name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) => {
            (name, message)
        }
        _ => ("", rest),
    };
    Some(Line { at, level, name: name.to_owned(), message: message.to_owned() })
}

/// Go writes zones without their colon.
fn moment_of(text: &str) -> Option<OffsetDateTime> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(moment);
    }
    let (rest, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    OffsetDateTime::parse(&format!("{rest}:{minutes}"), &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_each_program() {
        let read = |text: &str| line(text).map(|line| (line.level, line.name, line.message));
        let known = |level, name: &str, message: &str| Some((level, name.to_owned(), message.to_owned()));
        assert_eq!(
            read("    2026-11-22T06:57:38.123Z [WARN]  nomad.rpc: rejected: remote_addr=127.0.0.1:1"),
            known(Level::Warn, "nomad.rpc", "rejected: remote_addr=127.0.0.1:1")
        );
        assert_eq!(
            read("2026-11-22T06:57:38.123+0100 [ERR] (runner) watcher: EOF"),
            known(Level::Error, "", "(runner) watcher: EOF")
        );
        for other in ["==> Nomad agent started!", "", "2026-11-22T06:57:38.123Z nothing", "[WARN] x"] {
            assert_eq!(line(other), None, "{other}");
        }
    }

    #[test]
    fn a_line_that_is_being_written_comes_later() {
        let directory = std::env::temp_dir().join(format!("lab-output-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("log");
        std::fs::write(&path, "2026-11-22T06:57:38.123Z [INFO]  a: b\n2026-11-22T06:57:39").expect("a file");
        let (lines, mark) = lines_after(&path, 0);
        assert_eq!((lines.len(), mark), (1, 38));
        assert_eq!(lines_after(&path, mark).1, mark);
        std::fs::remove_dir_all(&directory).expect("it is removed");
    }
}
