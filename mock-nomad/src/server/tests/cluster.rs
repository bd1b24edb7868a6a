//! Leadership, forwarding, restarts.

use serde_json::json;

use super::harness::{Tls, cluster};
use crate::seam::{RpcContext, RpcError};
use crate::structs::Body;

#[test]
fn a_cluster_elects_and_everyone_knows_the_leader() {
    cluster(3, 0, async |cluster| {
        let leader = cluster.leader();
        assert!(leader.host.log.contains("cluster leadership acquired"));
        assert!(leader.host.log.contains("found expected number of peers, attempting to bootstrap cluster"));
        for agent in &cluster.servers {
            let answer = cluster.call(agent, "Status.Leader", json!({})).await;
            assert_eq!(answer, Ok(leader.address.to_string().into()));
            let peers = cluster.call(agent, "Status.Peers", json!({})).await.expect("peers");
            assert_eq!(peers.as_array().map(Vec::len), Some(3));
        }
    });
}

#[test]
fn followers_forward_and_double_the_error() {
    cluster(3, 0, async |cluster| {
        let follower = cluster.followers()[0];
        let answer = cluster.call(follower, "Job.Register", json!({})).await;
        assert_eq!(answer, Err(RpcError::new("rpc error: missing job for registration")));
        let answer = cluster.call(cluster.leader(), "Job.Register", json!({})).await;
        assert_eq!(answer, Err(RpcError::new("missing job for registration")));
        let answer = cluster.call(follower, "Job.GetJob", json!({"JobID": "x", "Region": "mars"})).await;
        assert_eq!(answer, Err(RpcError::new("No path to region")));
        assert!(follower.host.log.contains("no path found to region: region=mars"));
        let stale =
            cluster.call(follower, "Node.List", json!({"AllowStale": true})).await.expect("answered here");
        assert!(Body(&stale).boolean("KnownLeader"));
    });
}

#[test]
fn leadership_goes_where_an_operator_wants_it() {
    cluster(3, 1, async |cluster| {
        let from = cluster.leader().address.to_string();
        let (heir, other) = (cluster.followers()[0], cluster.followers()[1]);
        let (id, address) = (heir.server.id().to_owned(), heir.address.to_string());
        let asked = json!({"ID": id});
        let answer =
            cluster.call(other, "Operator.TransferLeadershipToPeer", asked).await.expect("handed on");
        let address_in = |name: &str| Body(Body(&answer).get(name).expect(name)).string("Address").to_owned();
        assert_eq!((address_in("From"), address_in("To")), (from.clone(), address.clone()));
        assert!(!Body(&answer).boolean("Noop"));
        cluster.sleep(2).await;
        assert_eq!(cluster.leader().address.to_string(), address);
        cluster.run_job("app", "service", 1, json!({})).await.expect("the new leader takes work");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["running/run"]);
        let asked = json!({"Address": address});
        let again =
            cluster.call(other, "Operator.TransferLeadershipToPeer", asked).await.expect("nothing to do");
        assert!(Body(&again).boolean("Noop"));
        let unknown = cluster.call(heir, "Operator.TransferLeadershipToPeer", json!({"ID": "nobody"})).await;
        let text = "id \"nobody\" was not found in the Raft configuration";
        assert_eq!(unknown, Err(RpcError::coded(400, text)));
    });
}

#[test]
fn unknown_methods_are_named_as_net_rpc_does() {
    cluster(1, 0, async |cluster| {
        for (method, text) in [
            ("Bogus.Method", "rpc: can't find service Bogus.Method"),
            ("Status.Bogus", "rpc: can't find method Status.Bogus"),
            ("Bogus", "rpc: service/method request ill-formed: Bogus"),
        ] {
            let answer = cluster.call(&cluster.servers[0], method, json!({})).await;
            assert_eq!(answer, Err(RpcError::new(text)));
        }
        let context =
            RpcContext { remote: ([10, 9, 9, 9], 1).into(), tls: false, names: vec![], internal: false };
        let service = cluster.servers[0].server.service();
        let answer = service.call(context.into(), "Node.List".into(), rmpv::Value::Map(vec![])).await;
        assert_eq!(answer, Err(RpcError::new("missing region for target RPC")));
    });
}

#[test]
fn without_a_quorum_there_is_no_cluster_leader() {
    cluster(3, 0, async |cluster| {
        let leader = cluster.leader();
        cluster.followers().into_iter().for_each(|agent| cluster.kill_server(agent));
        cluster.sleep(10).await;
        assert!(leader.host.log.contains("failed to contact quorum of nodes, stepping down"));
        assert!(leader.host.log.contains("cluster leadership lost"));
        let before = cluster.world.clock().now();
        let answer = cluster.call(leader, "Node.List", json!({})).await;
        assert_eq!(answer, Err(RpcError::no_leader()));
        let waited = cluster.world.clock().now() - before;
        assert!((5..7).contains(&waited.whole_seconds()), "held for a leader: {waited}");
        assert_eq!(cluster.call(leader, "Status.Leader", json!({})).await, Err(RpcError::no_leader()));
    });
}

#[test]
fn a_restart_of_everyone_keeps_the_state() {
    cluster(3, 1, async |cluster| {
        cluster.run_job("app", "service", 1, json!({})).await.expect("registered");
        cluster.sleep(5).await;
        let before = cluster.allocations("app");
        cluster.servers.iter().for_each(|agent| cluster.kill_server(agent));
        cluster.servers = (1..=3).map(|number| cluster.start_server(number)).collect();
        cluster.sleep(30).await;
        assert_eq!(cluster.allocations("app")[0].id, before[0].id);
        assert_eq!(cluster.work("app"), ["running/run"]);
        assert_eq!(cluster.node_statuses(), ["client-1=ready"]);
    });
}

#[test]
fn a_server_that_arrives_late_is_taken_in() {
    cluster(3, 0, async |cluster| {
        let late = cluster.start_server(4);
        // Gossip tells the others.
        let leader_number =
            1 + cluster.servers.iter().position(|agent| agent.server.is_leader()).expect("a leader");
        cluster.kill_server(&cluster.servers[leader_number - 1]);
        cluster.servers[leader_number - 1] = cluster.start_server(leader_number);
        cluster.sleep(20).await;
        assert_eq!(cluster.leader().server.raft.peers().len(), 4);
        assert!(
            late.host
                .log
                .contains("disabling bootstrap mode because existing Raft peers being reported by peer")
        );
        assert_eq!(late.server.leader(), Some(cluster.leader().address));
        late.server.stop();
    });
}

#[test]
fn only_servers_may_take_work() {
    cluster(1, 0, async |cluster| {
        let agent = &cluster.servers[0];
        cluster.set_tls(&agent.host, Tls::STRICT);
        for (name, text) in [
            ("client.global.nomad", "Permission denied"),
            ("server.global.nomad", "dequeue requires at least one scheduler type"),
        ] {
            let context = RpcContext {
                remote: ([10, 9, 9, 9], 1).into(),
                tls: true,
                names: vec![name.into()],
                internal: false,
            };
            let body = lab_wire::rpc::to_value(&json!({"Region": "global"})).expect("plain");
            let answer = agent.server.service().call(context.into(), "Eval.Dequeue".into(), body).await;
            assert_eq!(answer, Err(RpcError::new(text)), "{name}");
        }
    });
}
