//! Everything a program of the lab may use of the outside: time, network, files, randomness and a log.
//!
//! Two worlds stand behind the same types. In a *simulated* one ([`Simulation`]) time is tokio's paused clock, which
//! jumps to the next timer; connections are in-memory pipes with latency and faults; files live in memory; and every
//! decision is drawn from one seed. In a *served* one ([`Host::loopback`]) they are the system's clock (plus an
//! offset that can be moved), TCP on loopback, directories, and the system's random numbers. Code written against a
//! [`Host`] cannot tell which it runs in, so the program under simulation is the program that is served.
//!
//! This is the only crate that may read the time or open a socket; `clippy.toml` enforces that for the others.

mod clock;
mod disk;
mod entropy;
mod host;
mod log;
mod net;
mod process;
mod simulation;
mod tasks;

pub use crate::clock::{
    Clock, ParseDurationError, format_duration, format_rfc3339, format_rfc3339_nano, parse_duration,
};
pub use crate::disk::{Disk, DiskError, Metadata, Tear};
pub use crate::entropy::{Entropy, random_bytes};
pub use crate::host::Host;
pub use crate::log::{Level, Line, Log};
pub use crate::net::{Datagrams, Listener, Net, Stream, WireFault};
pub use crate::process::{
    Ended, Launch, Output, Process, ProcessId, find_program, is_signal, pause, shell_word,
};
pub use crate::simulation::{DEFAULT_EPOCH, Simulation};
pub use crate::tasks::Tasks;
