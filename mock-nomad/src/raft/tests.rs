//! Clusters of consensus alone, over dialers that are pipes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_world::{DEFAULT_EPOCH, Host, Simulation, Tasks};

use super::{Parts, Peer, Raft, RaftError, StateMachine};
use crate::seam::RaftDialer;

/// Remembers what it was told.
#[derive(Default)]
struct Register(Mutex<Vec<(u64, Vec<u8>)>>);

impl Register {
    fn values(&self) -> Vec<u64> {
        self.0.lock().expect("no panic").iter().map(|(_, data)| u64::from(data[0])).collect()
    }
}

impl StateMachine for Register {
    fn apply(&self, index: u64, data: &[u8]) -> Result<(), String> {
        if data == [99] {
            return Err("no 99".into());
        }
        self.0.lock().expect("no panic").push((index, data.to_vec()));
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        rmp_serde::to_vec(&*self.0.lock().expect("no panic")).expect("plain values")
    }

    fn restore(&self, snapshot: &[u8]) -> Result<(), String> {
        *self.0.lock().expect("no panic") =
            rmp_serde::from_slice(snapshot).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Who is up, and who may dial whom.
#[derive(Default)]
struct Switchboard {
    up: BTreeMap<SocketAddr, Raft>,
    cut: Vec<(SocketAddr, SocketAddr)>,
}

struct Line {
    from: SocketAddr,
    board: Arc<Mutex<Switchboard>>,
}

impl RaftDialer for Line {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async move {
            let board = self.board.lock().expect("no panic");
            if board.cut.contains(&(self.from, address)) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some(other) = board.up.get(&address) else {
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            let (near, far) = tokio::io::duplex(1 << 16);
            other.accept(Box::new(far));
            Ok(Box::new(near) as BoxIo)
        })
    }
}

struct Node {
    peer: Peer,
    host: Host,
    raft: Raft,
    tasks: Tasks,
    register: Arc<Register>,
}

struct Cluster {
    board: Arc<Mutex<Switchboard>>,
    nodes: Vec<Node>,
}

impl Cluster {
    fn new(world: &Simulation, size: usize) -> Self {
        let board = Arc::default();
        let nodes: Vec<Node> = (1..=size).map(|number| start(world, &board, number)).collect();
        let cluster = Self { board, nodes };
        let peers: Vec<Peer> = cluster.nodes.iter().map(|node| node.peer.clone()).collect();
        cluster.nodes.iter().for_each(|node| node.raft.bootstrap(peers.clone()));
        cluster
    }

    fn leader(&self) -> Option<&Node> {
        let mut leaders = self.nodes.iter().filter(|node| node.raft.is_leader());
        let leader = leaders.next();
        assert!(leaders.next().is_none(), "two leaders");
        leader
    }

    fn kill(&self, node: &Node) {
        node.tasks.abort();
        self.board.lock().expect("no panic").up.remove(&node.peer.address);
        node.raft.close_streams();
    }
}

fn start(world: &Simulation, board: &Arc<Mutex<Switchboard>>, number: usize) -> Node {
    let host = world.host(&format!("server-{number}")).program("nomad");
    let peer = Peer { id: format!("id-{number}"), address: (host.net.address(), 4647).into() };
    let (tasks, register) = (Tasks::new(), Arc::new(Register::default()));
    let raft = Raft::start(Parts {
        host: host.clone(),
        tasks: tasks.clone(),
        me: peer.clone(),
        directory: Some("/data/server/raft".into()),
        multiplier: 1,
        dialer: Arc::new(Line { from: peer.address, board: Arc::clone(board) }),
        machine: Arc::clone(&register) as Arc<dyn StateMachine>,
    });
    let raft = raft.expect("an empty or sound directory");
    board.lock().expect("no panic").up.insert(peer.address, raft.clone());
    Node { peer, host, raft, tasks, register }
}

fn run(work: impl AsyncFnOnce(&Simulation)) {
    Simulation::run(7, DEFAULT_EPOCH, work);
}

const LONG: Duration = Duration::from_secs(15);

#[test]
fn one_server_elects_itself_and_keeps_its_log() {
    run(async |world| {
        let cluster = Cluster::new(world, 1);
        world.clock().sleep(LONG).await;
        let leader = cluster.leader().expect("elected");
        assert_eq!(leader.raft.apply(vec![1]).await, Ok(3));
        assert_eq!(leader.raft.apply(vec![99]).await, Err(RaftError::Rejected("no 99".into())));
        cluster.kill(leader);
        let again = start(world, &cluster.board, 1);
        world.clock().sleep(LONG).await;
        assert!(again.raft.is_leader() && again.host.log.contains("election won: term=3 tally=1"));
        assert_eq!(again.register.values(), [1]);
    });
}

#[test]
fn three_servers_agree_and_survive_their_leader() {
    run(async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(LONG).await;
        let first = cluster.leader().expect("elected");
        for value in 1..=5 {
            first.raft.apply(vec![value]).await.expect("committed");
        }
        world.clock().sleep(Duration::from_millis(50)).await;
        assert!(
            cluster.nodes.iter().all(|node| node.register.values() == [1, 2, 3, 4, 5]),
            "at once, not a heartbeat later"
        );
        let term = first.raft.core().term();
        cluster.kill(first);
        world.clock().sleep(LONG).await;
        let second = cluster
            .nodes
            .iter()
            .find(|node| node.peer != first.peer && node.raft.is_leader())
            .expect("elected");
        assert!(second.raft.core().term() > term);
        assert!(second.host.log.contains("heartbeat timeout reached, starting election: last-leader-addr="));
        second.raft.apply(vec![6]).await.expect("committed by two of three");
        let number = 1 + cluster.nodes.iter().position(|node| node.peer == first.peer).expect("one of them");
        let again = start(world, &cluster.board, number);
        world.clock().sleep(LONG).await;
        assert_eq!(again.register.values(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(again.raft.leader(), second.raft.leader());
    });
}

#[test]
fn a_leader_that_reaches_nobody_steps_down_and_the_others_go_on() {
    run(async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(LONG).await;
        let leader = cluster.leader().expect("elected");
        let others: Vec<&Node> = cluster.nodes.iter().filter(|node| node.peer != leader.peer).collect();
        {
            // As when a leader alone speaks TLS: the others reach it, it reaches nobody.
            let mut board = cluster.board.lock().expect("no panic");
            board.cut = others.iter().map(|other| (leader.peer.address, other.peer.address)).collect();
        }
        leader.raft.close_streams();
        let pending = leader.raft.apply(vec![1]).await;
        assert_eq!(pending, Err(RaftError::LeadershipLost));
        for line in [
            "failed to appendEntries to: peer=\"{Voter id-",
            "error=EOF",
            "failed to contact quorum of nodes, stepping down",
        ] {
            assert!(leader.host.log.contains(line), "{line}");
        }
        world.clock().sleep(LONG).await;
        let new = others.iter().find(|node| node.raft.is_leader()).expect("elected");
        new.raft.apply(vec![2]).await.expect("committed");
        world.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(leader.register.values(), new.register.values(), "the deposed one is reached and follows");
        assert!(!leader.raft.is_leader());
    });
}

#[test]
fn no_quorum_no_leader() {
    run(async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(LONG).await;
        let leader = cluster.leader().expect("elected").peer.clone();
        cluster.nodes.iter().filter(|node| node.peer != leader).for_each(|node| cluster.kill(node));
        world.clock().sleep(LONG).await;
        let left = cluster.nodes.iter().find(|node| node.peer == leader).expect("alive");
        assert!(!left.raft.is_leader() && left.raft.leader().is_none());
        assert_eq!(left.raft.apply(vec![1]).await, Err(RaftError::NotLeader));
        assert!(left.host.log.contains("failed to make requestPreVote RPC: target=\"{Voter id-"));
        assert!(left.host.log.contains("connect: connection refused"));
    });
}

#[test]
fn members_come_and_go() {
    run(async |world| {
        let cluster = Cluster::new(world, 1);
        world.clock().sleep(LONG).await;
        let leader = cluster.leader().expect("elected");
        leader.raft.apply(vec![1]).await.expect("committed");
        let second = start(world, &cluster.board, 2);
        leader.raft.add_peer(second.peer.clone()).await.expect("committed by both");
        world.clock().sleep(LONG).await;
        assert_eq!(second.register.values(), [1]);
        assert_eq!(second.raft.peers().len(), 2);
        leader.raft.remove_peer("id-2").await.expect("committed");
        assert_eq!(leader.raft.peers().len(), 1);
        leader.raft.apply(vec![2]).await.expect("committed alone");
        assert_eq!(leader.register.values(), [1, 2]);
    });
}

#[test]
fn a_server_far_behind_gets_the_whole_state() {
    run(async |world| {
        let cluster = Cluster::new(world, 1);
        world.clock().sleep(LONG).await;
        let leader = cluster.leader().expect("elected");
        for _ in 0..8300 {
            leader.raft.apply(vec![3]).await.expect("committed");
        }
        assert_ne!(leader.raft.stats()["last_snapshot_index"], "0");
        let second = start(world, &cluster.board, 2);
        leader.raft.add_peer(second.peer.clone()).await.expect("committed by both");
        world.clock().sleep(LONG).await;
        assert_eq!(second.register.values().len(), 8300);
        assert!(second.host.log.contains("Installed remote snapshot"));
        cluster.kill(leader);
        let again = start(world, &cluster.board, 1);
        world.clock().sleep(LONG).await;
        assert_eq!(again.register.values().len(), 8300);
    });
}

#[test]
fn leadership_goes_to_who_is_named_without_a_vote_being_waited_for() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(Duration::from_secs(10)).await;
        let before = cluster.leader().expect("elected");
        before.raft.apply(vec![7]).await.expect("committed");
        let heir = cluster.nodes.iter().find(|node| node.peer != before.peer).expect("three").peer.clone();
        let began = world.clock().now();
        before.raft.transfer_leadership(&heir.id).await.expect("handed on");
        assert!(!before.raft.is_leader());
        world.clock().sleep(Duration::from_millis(100)).await;
        let after = cluster.leader().expect("handed on");
        assert_eq!(after.peer, heir);
        assert!(world.clock().now() - began < Duration::from_millis(500), "no timeout was waited for");
        after.raft.apply(vec![8]).await.expect("committed");
        world.clock().sleep(Duration::from_secs(5)).await;
        assert!(cluster.nodes.iter().all(|node| node.register.values() == [7, 8]));
    });
}

#[test]
fn a_transfer_to_who_cannot_take_over_leaves_the_leader_in_place() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(Duration::from_secs(10)).await;
        let leader = cluster.leader().expect("elected");
        let gone = cluster.nodes.iter().find(|node| node.peer != leader.peer).expect("three");
        cluster.kill(gone);
        leader.raft.apply(vec![7]).await.expect("two of three");
        let transfer = leader.raft.transfer_leadership(&gone.peer.id);
        let during = async {
            world.clock().sleep(Duration::from_millis(100)).await;
            leader.raft.apply(vec![8]).await
        };
        let (transferred, applied) = tokio::join!(biased; transfer, during);
        assert_eq!(transferred, Err(RaftError::Transfer("leadership transfer timeout".into())));
        assert_eq!(applied, Err(RaftError::TransferInProgress));
        let oneself = leader.raft.transfer_leadership(&leader.peer.id).await;
        assert_eq!(oneself, Err(RaftError::Transfer("cannot transfer leadership to itself".into())));
        assert!(leader.raft.is_leader());
        leader.raft.apply(vec![9]).await.expect("it leads on");
        assert_eq!(leader.register.values(), [7, 9]);
    });
}

#[test]
fn a_leader_that_removes_itself_leaves_the_others_to_elect() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let cluster = Cluster::new(world, 3);
        world.clock().sleep(Duration::from_secs(10)).await;
        let before = cluster.leader().expect("elected");
        before.raft.remove_peer(&before.peer.id).await.expect("the others agree");
        assert!(!before.raft.is_leader());
        world.clock().sleep(Duration::from_secs(20)).await;
        let after = cluster.leader().expect("one of the two");
        assert_ne!(after.peer, before.peer);
        assert_eq!(after.raft.peers().len(), 2);
    });
}
