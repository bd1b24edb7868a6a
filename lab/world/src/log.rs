//! What a program says about itself.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;

use crate::Clock;

/// How many lines a log keeps; the oldest go first.
const KEPT: usize = 10_000;

/// How grave a line is, in the order of HashiCorp's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every detail.
    Trace,
    /// For developers.
    Debug,
    /// Normal operation.
    Info,
    /// Something odd that was dealt with.
    Warn,
    /// Something failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: OffsetDateTime,
    /// How grave it is.
    pub level: Level,
    /// The logger's name, such as `nomad.rpc`.
    pub name: String,
    /// The message with its `key=value` pairs.
    pub message: String,
}

impl fmt::Display for Line {
    /// As go-hclog writes it: `2026-11-22T03:31:54.250Z [WARN]  nomad.rpc: message: key=value`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = crate::format_rfc3339(self.at);
        let level = format!("[{}]", self.level);
        let millis = self.at.millisecond();
        write!(f, "{}.{millis:03}Z {level:<7} ", seconds.trim_end_matches('Z'))?;
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        f.write_str(&self.message)
    }
}

/// A program's log: kept in memory, and written line by line to a sink where it has one. Clones share it.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    clock: Clock,
    state: Mutex<State>,
}

type Observer = Box<dyn FnMut(&Line) + Send>;

struct State {
    lines: VecDeque<Line>,
    dropped: usize,
    level: Level,
    observer: Option<Observer>,
}

impl Log {
    /// A log that keeps everything from `DEBUG` up and writes nowhere.
    pub fn new(clock: &Clock) -> Self {
        let state = State { lines: VecDeque::new(), dropped: 0, level: Level::Debug, observer: None };
        Self(Arc::new(Inner { clock: clock.clone(), state: Mutex::new(state) }))
    }

    /// Also writes each line to `sink` as it comes.
    pub fn set_sink(&self, mut sink: impl Write + Send + 'static) {
        self.set_observer(move |line| {
            // A log that cannot be written must not stop the program that writes it.
            let _ = writeln!(sink, "{line}");
        });
    }

    /// Also shows each line to `observer` as it comes, in place of the sink. It must not write to this log.
    pub fn set_observer(&self, observer: impl FnMut(&Line) + Send + 'static) {
        self.state().observer = Some(Box::new(observer));
    }

    /// Drops what is less grave than `level` from now on.
    pub fn set_level(&self, level: Level) {
        self.state().level = level;
    }

    /// Writes a line.
    pub fn write(&self, level: Level, name: &str, message: impl Into<String>) {
        let state = self.state();
        if level >= state.level {
            self.keep(state, level, name, message.into());
        }
    }

    /// Writes what a program says on its terminal: under no name, and whatever the level of the log is.
    pub fn print(&self, level: Level, message: impl Into<String>) {
        self.keep(self.state(), level, "", message.into());
    }

    fn keep(&self, mut state: std::sync::MutexGuard<'_, State>, level: Level, name: &str, message: String) {
        let line = Line { at: self.0.clock.now(), level, name: name.to_owned(), message };
        if let Some(observer) = &mut state.observer {
            observer(&line);
        }
        if state.lines.len() == KEPT {
            state.lines.pop_front();
            state.dropped += 1;
        }
        state.lines.push_back(line);
    }

    /// Writes a `DEBUG` line.
    pub fn debug(&self, name: &str, message: impl Into<String>) {
        self.write(Level::Debug, name, message);
    }

    /// Writes an `INFO` line.
    pub fn info(&self, name: &str, message: impl Into<String>) {
        self.write(Level::Info, name, message);
    }

    /// Writes a `WARN` line.
    pub fn warn(&self, name: &str, message: impl Into<String>) {
        self.write(Level::Warn, name, message);
    }

    /// Writes an `ERROR` line.
    pub fn error(&self, name: &str, message: impl Into<String>) {
        self.write(Level::Error, name, message);
    }

    /// The lines written since the first `skip` of the log's life.
    pub fn lines_after(&self, skip: usize) -> Vec<Line> {
        let state = self.state();
        state.lines.iter().skip(skip.saturating_sub(state.dropped)).cloned().collect()
    }

    /// How many lines were written in the log's life; a mark to read on from with [`Log::lines_after`].
    pub fn count(&self) -> usize {
        let state = self.state();
        state.dropped + state.lines.len()
    }

    /// Whether any kept line's message contains `text`.
    pub fn contains(&self, text: &str) -> bool {
        self.state().lines.iter().any(|line| line.message.contains(text))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic while logging")
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({} lines)", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_line_looks_like_hclog() {
        let line = Line {
            at: datetime!(2026-11-22 03:31:54.25 UTC),
            level: Level::Warn,
            name: "nomad.rpc".into(),
            message: "failed TLS handshake: remote_addr=10.0.0.2:50000".into(),
        };
        assert_eq!(
            line.to_string(),
            "2026-11-22T03:31:54.250Z [WARN]  nomad.rpc: failed TLS handshake: remote_addr=10.0.0.2:50000"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn reading_on_from_a_mark_survives_dropped_lines() {
        let log = Log::new(&Clock::simulated(datetime!(2026-11-22 0:00 UTC)));
        for number in 0..KEPT + 10 {
            log.info("t", number.to_string());
        }
        let mark = log.count();
        log.info("t", "last");
        assert_eq!(
            log.lines_after(mark).iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
            ["last"]
        );
        assert!(!log.contains("never"));
    }
}
