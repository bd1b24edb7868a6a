//! The simulated network: machines, names, links and the connections on them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Net;
use super::datagram::Datagram;
use super::pipe::{Conditions, Endpoint, Link, Pipe};

const DEFAULT_LATENCY: Duration = Duration::from_millis(1);
const FIRST_EPHEMERAL_PORT: u16 = 49_152;
/// How many connections may wait to be accepted on one port, and how many datagrams to be read.
const BACKLOG: usize = 1_024;

/// The whole network; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct SimulatedNet(Arc<Fabric>);

#[derive(Default)]
struct Fabric {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<IpAddr, Machine>,
    names: BTreeMap<String, Vec<IpAddr>>,
    links: BTreeMap<(IpAddr, IpAddr), Arc<Link>>,
    connections: Vec<Connection>,
    latency: Option<Duration>,
}

struct Machine {
    name: String,
    is_off: bool,
    listeners: BTreeMap<u16, mpsc::Sender<Endpoint>>,
    mailboxes: BTreeMap<u16, mpsc::Sender<Datagram>>,
    next_port: u16,
}

struct Connection {
    ends: (IpAddr, IpAddr),
    /// From the first end to the second.
    there: Weak<Pipe>,
    back: Weak<Pipe>,
}

/// One machine's place in the network.
#[derive(Clone)]
pub(super) struct Attachment {
    fabric: Arc<Fabric>,
    address: IpAddr,
}

/// A port's queue of connections.
pub(super) struct Inbox {
    fabric: Weak<Fabric>,
    address: SocketAddr,
    waiting: mpsc::Receiver<Endpoint>,
}

impl SimulatedNet {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a machine.
    pub(crate) fn attach(&self, name: &str) -> Net {
        let mut state = self.0.state();
        let number = state.machines.len() as u32 + 1;
        let address = IpAddr::from(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number));
        let machine = Machine {
            name: name.to_owned(),
            is_off: false,
            listeners: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            next_port: FIRST_EPHEMERAL_PORT,
        };
        state.machines.insert(address, machine);
        state.names.insert(name.to_owned(), vec![address]);
        Net::simulated(Attachment { fabric: Arc::clone(&self.0), address })
    }

    pub(crate) fn address(&self, host: &str) -> Option<IpAddr> {
        self.0.state().address(host)
    }

    pub(crate) fn register(&self, name: &str, hosts: &[&str]) {
        let mut state = self.0.state();
        let addresses = hosts.iter().filter_map(|host| state.address(host)).collect();
        state.names.insert(name.to_owned(), addresses);
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.0.state().latency = Some(latency);
    }

    pub(crate) fn set_link_latency(&self, from: &str, to: &str, latency: Duration) {
        self.change_link(from, to, |link| *link.latency = Some(latency));
    }

    pub(crate) fn cut(&self, from: &str, to: &str) {
        self.change_link(from, to, |link| *link.is_cut = true);
    }

    pub(crate) fn heal(&self, from: &str, to: &str) {
        self.change_link(from, to, |link| *link.is_cut = false);
    }

    #[expect(clippy::disallowed_methods, reason = "the network measures its own delays")]
    pub(crate) fn clog(&self, from: &str, to: &str, delay: Duration) {
        let until = Instant::now() + delay;
        self.change_link(from, to, |link| *link.clogged_until = Some(until));
    }

    pub(crate) fn isolate(&self, host: &str, is_cut: bool) {
        let others: Vec<String> =
            self.0.state().machines.values().map(|machine| machine.name.clone()).collect();
        for other in others.iter().filter(|other| *other != host) {
            self.change_link(host, other, |link| *link.is_cut = is_cut);
            self.change_link(other, host, |link| *link.is_cut = is_cut);
        }
    }

    pub(crate) fn reset(&self, one: &str, other: &str) {
        let mut state = self.0.state();
        let (Some(one), Some(other)) = (state.address(one), state.address(other)) else { return };
        for connection in state.connections() {
            if connection.ends == (one, other) || connection.ends == (other, one) {
                connection.pipes().for_each(|pipe| pipe.reset());
            }
        }
    }

    pub(crate) fn power_off(&self, host: &str) {
        let mut state = self.0.state();
        let Some(address) = state.address(host) else { return };
        if let Some(machine) = state.machines.get_mut(&address) {
            machine.is_off = true;
            machine.listeners.clear();
            machine.mailboxes.clear();
        }
        for connection in state.connections() {
            connection.towards(address).into_iter().for_each(|pipe| pipe.unplug());
        }
    }

    pub(crate) fn power_on(&self, host: &str) {
        let mut state = self.0.state();
        let Some(address) = state.address(host) else { return };
        if let Some(machine) = state.machines.get_mut(&address) {
            machine.is_off = false;
        }
        for connection in state.connections() {
            connection.towards(address).into_iter().for_each(|pipe| pipe.forget());
        }
        drop(state);
        self.0.changed.notify_waiters();
    }

    fn change_link(&self, from: &str, to: &str, set: impl FnOnce(&mut Conditions<'_>)) {
        let mut state = self.0.state();
        let (Some(from), Some(to)) = (state.address(from), state.address(to)) else { return };
        let link = state.link(from, to);
        drop(state);
        link.change(set);
        self.0.changed.notify_waiters();
    }
}

impl fmt::Debug for SimulatedNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedNet({} machines)", self.0.state().machines.len())
    }
}

impl Fabric {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic in the network")
    }
}

impl State {
    fn address(&self, host: &str) -> Option<IpAddr> {
        self.machines.iter().find(|(_, machine)| machine.name == host).map(|(address, _)| *address)
    }

    fn link(&mut self, from: IpAddr, to: IpAddr) -> Arc<Link> {
        Arc::clone(self.links.entry((from, to)).or_default())
    }

    fn latency(&self) -> Duration {
        self.latency.unwrap_or(DEFAULT_LATENCY)
    }

    /// The connections that still have an end; others are cleared away.
    fn connections(&mut self) -> &[Connection] {
        self.connections.retain(|connection| connection.pipes().next().is_some());
        &self.connections
    }
}

impl Connection {
    fn pipes(&self) -> impl Iterator<Item = Arc<Pipe>> {
        [self.there.upgrade(), self.back.upgrade()].into_iter().flatten()
    }

    /// The pipe whose reader is `address`, where this connection has one.
    fn towards(&self, address: IpAddr) -> Option<Arc<Pipe>> {
        if self.ends.1 == address {
            self.there.upgrade()
        } else if self.ends.0 == address {
            self.back.upgrade()
        } else {
            None
        }
    }
}

impl Attachment {
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    pub(super) fn listen(&self, address: SocketAddr) -> io::Result<Inbox> {
        self.refuse_others("tcp", address)?;
        let mut state = self.fabric.state();
        // The machine was attached before this handle existed, and machines are never removed.
        let machine = state.machines.get_mut(&self.address).expect("an attached machine");
        let port = if address.port() == 0 { machine.free_port() } else { address.port() };
        let address = SocketAddr::new(self.address, port);
        if machine.listeners.get(&port).is_some_and(|listener| !listener.is_closed()) {
            let message = format!("listen tcp {address}: bind: address already in use");
            return Err(io::Error::new(io::ErrorKind::AddrInUse, message));
        }
        let (sender, waiting) = mpsc::channel(BACKLOG);
        machine.listeners.insert(port, sender);
        Ok(Inbox { fabric: Arc::downgrade(&self.fabric), address, waiting })
    }

    /// A port for datagrams: where it is, and what comes in.
    pub(super) fn bind(&self, address: SocketAddr) -> io::Result<(SocketAddr, mpsc::Receiver<Datagram>)> {
        self.refuse_others("udp", address)?;
        let mut state = self.fabric.state();
        let machine = state.machines.get_mut(&self.address).expect("an attached machine");
        let port = if address.port() == 0 { machine.free_port() } else { address.port() };
        let address = SocketAddr::new(self.address, port);
        if machine.mailboxes.get(&port).is_some_and(|mailbox| !mailbox.is_closed()) {
            let message = format!("listen udp {address}: bind: address already in use");
            return Err(io::Error::new(io::ErrorKind::AddrInUse, message));
        }
        let (sender, inbox) = mpsc::channel(BACKLOG);
        machine.mailboxes.insert(port, sender);
        Ok((address, inbox))
    }

    /// Sends a datagram, which is lost where the way is cut, nobody reads there or too many wait.
    pub(super) fn post(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr) {
        let ip = to.ip();
        let target = if ip.is_loopback() || ip.is_unspecified() { self.address } else { ip };
        let mut state = self.fabric.state();
        let Some(due) = state.link(self.address, target).arrival(state.latency()) else { return };
        if state.machines.get(&self.address).is_none_or(|own| own.is_off) {
            return;
        }
        let mailbox = state.machines.get(&target).and_then(|machine| machine.mailboxes.get(&to.port()));
        if let Some(mailbox) = mailbox {
            let _ = mailbox.try_send(Datagram { due, from, bytes: bytes.to_vec() });
        }
    }

    fn refuse_others(&self, network: &str, address: SocketAddr) -> io::Result<()> {
        let ip = address.ip();
        if ip.is_loopback() || ip.is_unspecified() || ip == self.address {
            return Ok(());
        }
        let message = format!("listen {network} {address}: bind: cannot assign requested address");
        Err(io::Error::new(io::ErrorKind::AddrNotAvailable, message))
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<Endpoint> {
        let ip = address.ip();
        let target = if ip.is_loopback() || ip.is_unspecified() { self.address } else { ip };
        let trip = self.reachable(target).await?;
        tokio::time::sleep(trip).await;
        let (sender, ours, theirs) = {
            let mut state = self.fabric.state();
            let machine = state.machines.get(&target).ok_or(io::ErrorKind::HostUnreachable)?;
            let sender =
                machine.listeners.get(&address.port()).cloned().ok_or(io::ErrorKind::ConnectionRefused)?;
            let own = state.machines.get_mut(&self.address).expect("an attached machine");
            // Who dials loopback is seen to come from there.
            let seen = |own: IpAddr| if ip.is_loopback() { ip } else { own };
            let local = SocketAddr::new(seen(self.address), own.free_port());
            let peer = SocketAddr::new(seen(target), address.port());
            let default = state.latency();
            let there = Pipe::new(&state.link(self.address, target), default);
            let back = Pipe::new(&state.link(target, self.address), default);
            if state.connections.len() >= 256 && state.connections.len().is_power_of_two() {
                state.connections();
            }
            state.connections.push(Connection {
                ends: (self.address, target),
                there: Arc::downgrade(&there),
                back: Arc::downgrade(&back),
            });
            let ours = Endpoint::new(local, peer, Arc::clone(&back), Arc::clone(&there));
            (sender, ours, Endpoint::new(peer, local, there, back))
        };
        // A full backlog and a closed listener look alike to the dialler.
        sender.try_send(theirs).map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(ours)
    }

    pub(super) fn resolve(&self, name: &str) -> Vec<IpAddr> {
        self.fabric.state().names.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn register(&self, name: &str, addresses: &[IpAddr]) {
        self.fabric.state().names.insert(name.to_owned(), addresses.to_vec());
    }

    /// Waits until both ways to `target` are open and it is on; gives the time of the trip there and back.
    async fn reachable(&self, target: IpAddr) -> io::Result<Duration> {
        loop {
            let changed = self.fabric.changed.notified();
            {
                let mut state = self.fabric.state();
                let machine = state.machines.get(&target).ok_or(io::ErrorKind::HostUnreachable)?;
                let is_off = machine.is_off;
                let default = state.latency();
                let (there, back) = (state.link(self.address, target), state.link(target, self.address));
                if !is_off && !there.is_cut() && !back.is_cut() {
                    return Ok(there.latency(default) + back.latency(default));
                }
            }
            changed.await;
        }
    }
}

impl Machine {
    fn free_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_EPHEMERAL_PORT);
        port
    }
}

impl Inbox {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn accept(&mut self) -> io::Result<Endpoint> {
        // The network drops its side when the machine is switched off.
        self.waiting.recv().await.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.waiting.close();
        let Some(fabric) = self.fabric.upgrade() else { return };
        let mut state = fabric.state();
        let Some(machine) = state.machines.get_mut(&self.address.ip()) else { return };
        // Another listener may have taken the port since the machine was switched off and on.
        if machine.listeners.get(&self.address.port()).is_some_and(mpsc::Sender::is_closed) {
            machine.listeners.remove(&self.address.port());
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.address)
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({})", self.address)
    }
}
