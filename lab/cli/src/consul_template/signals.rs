//! Signals by their names.

use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The names that a configuration may use.
pub(super) const SIGNALS: [&str; 28] = [
    "SIGABRT", "SIGALRM", "SIGBUS", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT",
    "SIGKILL", "SIGNULL", "SIGPIPE", "SIGPROF", "SIGQUIT", "SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTERM",
    "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGXCPU", "SIGXFSZ",
];

/// A signal that reached the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caught {
    /// `SIGTERM`
    pub(super) name: &'static str,
    /// What Go calls it: `terminated`
    pub(super) shown: &'static str,
}

/// The signals that reach the program, caught from the moment on that this is made. What is neither to end it nor to
/// reload it goes to the process that it supervises.
pub(super) struct Signals(Vec<(Caught, Signal)>);

impl Signals {
    pub(super) fn catch() -> std::io::Result<Self> {
        let kinds = [
            ("SIGINT", "interrupt", SignalKind::interrupt()),
            ("SIGTERM", "terminated", SignalKind::terminate()),
            ("SIGHUP", "hangup", SignalKind::hangup()),
            ("SIGQUIT", "quit", SignalKind::quit()),
            ("SIGUSR1", "user defined signal 1", SignalKind::user_defined1()),
            ("SIGUSR2", "user defined signal 2", SignalKind::user_defined2()),
            ("SIGALRM", "alarm clock", SignalKind::alarm()),
            ("SIGIO", "I/O possible", SignalKind::io()),
            ("SIGPIPE", "broken pipe", SignalKind::pipe()),
            ("SIGWINCH", "window changed", SignalKind::window_change()),
        ];
        let caught = kinds.into_iter().map(|(name, shown, kind)| Ok((Caught { name, shown }, signal(kind)?)));
        Ok(Self(caught.collect::<std::io::Result<_>>()?))
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Caught {
        let waiting = self.0.iter_mut().map(async |(caught, signal)| {
            signal.recv().await;
            *caught
        });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        match waiting.next().await {
            Some(caught) => caught,
            // There is always one to wait for.
            None => std::future::pending().await,
        }
    }
}
