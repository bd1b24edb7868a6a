//! The signals that a long-running program heeds.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, caught from the moment on that this is made.
pub(crate) struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGHUP: read the files again.
    Reload,
    /// SIGINT: stop.
    Interrupt,
    /// SIGTERM: stop.
    Terminate,
}

impl Signals {
    /// Catches them; without this a signal ends the process.
    pub(crate) fn catch() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}
