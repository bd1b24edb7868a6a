//! What one machine gives to the programs on it.

use std::path::PathBuf;

use crate::{Clock, Disk, Entropy, Log, Net};

/// One machine as its programs see it. Clones are the same machine; [`Host::program`] gives a program its own log.
#[derive(Clone, Debug)]
pub struct Host {
    /// The machine's name, such as `server-1`.
    pub name: String,
    /// Its clock.
    pub clock: Clock,
    /// Its way to the network.
    pub net: Net,
    /// Its files.
    pub disk: Disk,
    /// Its randomness, a branch of the world's.
    pub entropy: Entropy,
    /// The log of the program that runs on it.
    pub log: Log,
}

impl Host {
    /// This machine, reached on loopback: the system's clock, TCP on loopback addresses only, absolute paths as they
    /// are and relative ones below `directory`, the system's random numbers.
    pub fn loopback(name: &str, directory: impl Into<PathBuf>) -> Self {
        let clock = Clock::system();
        Self {
            name: name.to_owned(),
            log: Log::new(&clock),
            clock,
            net: Net::loopback(),
            disk: Disk::directory(directory),
            entropy: Entropy::system(),
        }
    }

    /// The same machine for the program called `name`: an empty log and a branch of randomness of its own.
    pub fn program(&self, name: &str) -> Self {
        Self { log: Log::new(&self.clock), entropy: self.entropy.branch(name), ..self.clone() }
    }
}
