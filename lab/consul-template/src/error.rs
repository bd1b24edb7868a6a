//! Why consul-template does not start, and how it ends.

/// Why it does not start, or stops; displays as the real one says it behind `[ERR] (cli) `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used (exit status 15).
    #[error("{0}")]
    Configuration(String),
    /// Something failed on the way (exit status 14).
    #[error("{0}")]
    Runner(String),
    /// The process that it supervises has ended (with that process's exit status).
    #[error("child process exited with code {0}")]
    Child(i32),
}

impl Error {
    /// How the program ends after this.
    pub fn exit(&self) -> Exit {
        let code = match self {
            Self::Configuration(_) => 15,
            Self::Runner(_) => 14,
            Self::Child(code) => *code,
        };
        Exit { code, message: self.to_string() }
    }
}

/// How the program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit status: 0, 12 after an interrupt, 14 and 15 after an [`Error`], or that of a supervised process.
    pub code: i32,
    /// What it said last; empty where it had nothing to say.
    pub message: String,
}
