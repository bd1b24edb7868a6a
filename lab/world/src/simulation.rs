//! The simulated world.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::net::SimulatedNet;
use crate::{Clock, Disk, Entropy, Host, Log};

/// When simulated runs begin unless they say otherwise: a Monday morning that has nothing to do with today.
pub const DEFAULT_EPOCH: OffsetDateTime = datetime!(2026-01-05 09:00 UTC);

/// A world in memory, in virtual time, decided by a seed.
///
/// ```
/// use lab_world::{DEFAULT_EPOCH, Simulation};
/// use std::time::Duration;
///
/// let day = Duration::from_secs(86_400);
/// let end = Simulation::run(42, DEFAULT_EPOCH, async |world| {
///     let host = world.host("server-1");
///     host.clock.sleep(day).await; // takes no time at all
///     host.clock.now()
/// });
/// assert_eq!(end, DEFAULT_EPOCH + day);
/// ```
#[derive(Debug)]
pub struct Simulation {
    clock: Clock,
    entropy: Entropy,
    net: SimulatedNet,
    hosts: Mutex<Vec<Host>>,
}

impl Simulation {
    /// Runs `work` in a new world on this thread and waits for it. Everything spawned in it ends with it.
    pub fn run<T>(seed: u64, epoch: OffsetDateTime, work: impl AsyncFnOnce(&Self) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        // Without an I/O driver there is nothing that the system could refuse.
        let runtime = runtime.expect("a runtime without I/O");
        runtime.block_on(async {
            let clock = Clock::simulated(epoch);
            let entropy = Entropy::seeded(seed);
            let net = SimulatedNet::new();
            let world = Self { clock, entropy, net, hosts: Mutex::new(Vec::new()) };
            work(&world).await
        })
    }

    /// The machine called `name`, made with the next free address (10.0.0.1, 10.0.0.2, ...) where it is new.
    pub fn host(&self, name: &str) -> Host {
        let mut hosts = self.hosts.lock().expect("no panic while making hosts");
        if let Some(host) = hosts.iter().find(|host| host.name == name) {
            return host.clone();
        }
        let host = Host {
            name: name.to_owned(),
            clock: self.clock.clone(),
            net: self.net.attach(name),
            disk: Disk::memory(),
            entropy: self.entropy.branch(name),
            log: Log::new(&self.clock),
        };
        hosts.push(host.clone());
        host
    }

    /// The world's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The root of the world's randomness.
    pub fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// The address of a machine, if there is one of that name.
    pub fn address(&self, host: &str) -> Option<IpAddr> {
        self.net.address(host)
    }

    /// Makes `name` resolve to these machines, as Consul does for `active.vault.service.consul`. No machines: the
    /// name is unknown again.
    pub fn register(&self, name: &str, hosts: &[&str]) {
        self.net.register(name, hosts);
    }

    /// Sets how long bytes take from any machine to any other; 1 ms unless set, the finest step of simulated time.
    pub fn set_latency(&self, latency: Duration) {
        self.net.set_latency(latency);
    }

    /// Sets how long bytes take from one machine to another, in that direction only.
    pub fn set_link_latency(&self, from: &str, to: &str, latency: Duration) {
        self.net.set_link_latency(from, to, latency);
    }

    /// Cuts the way from one machine to another, in that direction only. What is sent waits, as TCP retransmits;
    /// new connections in either direction do not come about.
    pub fn cut(&self, from: &str, to: &str) {
        self.net.cut(from, to);
    }

    /// Heals what [`Simulation::cut`] cut; what waited arrives.
    pub fn heal(&self, from: &str, to: &str) {
        self.net.heal(from, to);
    }

    /// Cuts both directions between a machine and every other.
    pub fn isolate(&self, host: &str) {
        self.net.isolate(host, true);
    }

    /// Heals both directions between a machine and every other.
    pub fn rejoin(&self, host: &str) {
        self.net.isolate(host, false);
    }

    /// Holds everything on the way from one machine to another back until `delay` from now.
    pub fn clog(&self, from: &str, to: &str, delay: Duration) {
        self.net.clog(from, to, delay);
    }

    /// Resets every connection between two machines.
    pub fn reset(&self, one: &str, other: &str) {
        self.net.reset(one, other);
    }

    /// Takes a machine off the power: its listeners and connections are gone, and others learn nothing of it until
    /// it is back. Its programs are the caller's to stop first.
    pub fn power_off(&self, host: &str) {
        self.net.power_off(host);
    }

    /// Puts a machine back on the power, with its disk and without its connections: the first byte that another
    /// sends on an old one is answered by a reset.
    pub fn power_on(&self, host: &str) {
        self.net.power_on(host);
    }
}
