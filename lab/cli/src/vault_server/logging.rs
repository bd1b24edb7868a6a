//! The log of the server.

use std::io::{self, Write};

use lab_world::{Level, Log};

use super::failure::Failure;

/// The level that a name stands for; empty for `info`.
pub(super) fn level(name: &str) -> Result<Level, Failure> {
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "trace" => Level::Trace,
        "debug" => Level::Debug,
        "" | "info" | "notice" => Level::Info,
        "warn" | "warning" => Level::Warn,
        "err" | "error" => Level::Error,
        _ => return Err(Failure::Setting(format!("unknown log level: {name}"))),
    })
}

/// Refuses a form of the log that there is not.
pub(super) fn check_format(name: &str) -> Result<(), Failure> {
    match name.to_ascii_lowercase().as_str() {
        "" | "standard" | "unspecified" => Ok(()),
        "json" => Err(Failure::Setting(
            "The lab's vault writes its log only in the standard form, not as JSON".into(),
        )),
        _ => Err(Failure::Setting(format!("unknown log format: {name}"))),
    }
}

/// Lets the log out, from its first line on: to standard error, and to a file where one is named.
pub(super) fn open(log: &Log, file: &str) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::Setting(format!("error opening log file {file:?}: {error}"));
    let mut sink = Sink { file: None };
    if !file.is_empty() {
        sink.file = Some(std::fs::File::options().create(true).append(true).open(file).map_err(cannot)?);
    }
    for line in log.lines_after(0) {
        // A log that cannot be written must not stop the program that writes it.
        let _ = writeln!(sink, "{line}");
    }
    log.set_sink(sink);
    Ok(())
}

/// Standard error, and a file.
struct Sink {
    file: Option<std::fs::File>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(bytes)?;
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_names() {
        assert_eq!(level("WARN"), Ok(Level::Warn));
        assert_eq!(level(""), Ok(Level::Info));
        assert_eq!(level("foo").map_err(|error| error.to_string()), Err("unknown log level: foo".into()));
        assert_eq!(
            check_format("foo").map_err(|error| error.to_string()),
            Err("unknown log format: foo".into())
        );
    }
}
