//! What an agent says, on the terminal: its own lines as they come, its log only from the moment on that it runs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use lab_world::{Level, Line};

/// The two streams of a terminal. Clones are the same terminal.
#[derive(Clone, Default)]
pub(super) struct Terminal(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether the log is let out.
    open: bool,
    held: Vec<u8>,
    in_table: bool,
}

impl Terminal {
    /// Takes the lines of a log.
    pub(super) fn observer(&self) -> impl FnMut(&Line) + Send + 'static {
        let terminal = self.clone();
        move |line| terminal.state().take(line)
    }

    /// Lets out the log that was held back; from now on it comes as it is written.
    pub(super) fn open(&self) {
        let mut state = self.state();
        state.open = true;
        let held = std::mem::take(&mut state.held);
        put(io::stdout(), &held);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, line: &Line) {
        if line.name.is_empty() {
            let text = self.framed(&line.message);
            return if line.level > Level::Info {
                put(io::stderr(), &text)
            } else {
                put(io::stdout(), &text)
            };
        }
        let text = format!("    {line}\n").into_bytes();
        if self.open {
            put(io::stdout(), &text);
        } else {
            self.held.extend(text);
        }
    }

    /// The table of settings stands between empty lines, and so does the line behind it.
    fn framed(&mut self, message: &str) -> Vec<u8> {
        let is_table = !message.starts_with("==> ");
        let changes = self.in_table != is_table;
        self.in_table = is_table;
        match (changes, is_table) {
            (true, false) => format!("\n{message}\n\n"),
            (true, true) => format!("\n{message}\n"),
            (false, _) => format!("{message}\n"),
        }
        .into_bytes()
    }
}

/// A terminal that has gone must not stop the agent that speaks to it.
fn put(mut stream: impl Write, text: &[u8]) {
    let _ = stream.write_all(text);
    let _ = stream.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_alone() {
        let mut state = State::default();
        let mut text = Vec::new();
        for message in
            ["==> Nomad agent configuration:", "  A: b", "  C: d", "==> Nomad agent started!", "==> Caught"]
        {
            text.extend(state.framed(message));
        }
        assert_eq!(
            String::from_utf8_lossy(&text),
            "==> Nomad agent configuration:\n\n  A: b\n  C: d\n\n==> Nomad agent started!\n\n==> Caught\n"
        );
    }
}
