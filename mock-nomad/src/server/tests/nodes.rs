//! Registration, heartbeats, nodes that go down and come back.

use std::time::Duration;

use serde_json::json;

use super::harness::{Tls, cluster};
use crate::seam::RpcError;
use crate::structs::Body;

#[test]
fn clients_register_and_stay_ready() {
    cluster(3, 3, async |cluster| {
        assert_eq!(cluster.node_statuses(), ["client-1=ready", "client-2=ready", "client-3=ready"]);
        let index = cluster.leader().server.store.read(|tables| tables.index);
        cluster.sleep(3600).await;
        assert_eq!(cluster.node_statuses(), ["client-1=ready", "client-2=ready", "client-3=ready"]);
        assert_eq!(
            cluster.leader().server.store.read(|tables| tables.index),
            index,
            "heartbeats are not in the log"
        );
        assert!(cluster.clients[0].host.log.contains("node registration complete"));
        let node = cluster.node("client-1");
        assert_eq!(node.events[0].message, "Node registered");
        assert_eq!(cluster.clients[0].client.known_servers().len(), 3);
    });
}

#[test]
fn a_silent_node_goes_down_after_ttl_and_grace() {
    cluster(1, 2, async |cluster| {
        cluster.sleep(300).await;
        let silent = cluster.node("client-1").id.clone();
        cluster.clients[0].client.stop();
        let stopped = cluster.world.clock().now();
        while cluster.node("client-1").status == "ready" {
            cluster.sleep(1).await;
            assert!(cluster.world.clock().now() - stopped < Duration::from_secs(31));
        }
        let waited = (cluster.world.clock().now() - stopped).whole_seconds();
        assert!((10..=31).contains(&waited), "{waited} s");
        let log = &cluster.servers[0].host.log;
        assert!(log.contains(&format!("node TTL expired: node_id={silent}")));
        assert_eq!(
            cluster.node("client-1").events.last().map(|event| event.message.clone()).as_deref(),
            Some("Node heartbeat missed")
        );
        assert_eq!(cluster.node_statuses(), ["client-1=down", "client-2=ready"]);
    });
}

#[test]
fn after_an_election_no_node_goes_down_for_five_minutes() {
    cluster(3, 2, async |cluster| {
        let old = cluster.leader().address;
        cluster.clients[0].client.stop();
        cluster.kill_server(cluster.leader());
        cluster.servers.retain(|agent| agent.address != old);
        cluster.sleep(290).await;
        assert_eq!(cluster.node_statuses(), ["client-1=ready", "client-2=ready"]);
        cluster.sleep(30).await;
        assert_eq!(cluster.node_statuses(), ["client-1=down", "client-2=ready"]);
    });
}

#[test]
fn one_heartbeat_ends_the_patience_of_a_new_leader() {
    cluster(3, 2, async |cluster| {
        let old = cluster.leader().address;
        cluster.kill_server(cluster.leader());
        cluster.servers.retain(|agent| agent.address != old);
        // Long enough for a heartbeat at the new leader, much shorter than the five minutes.
        cluster.sleep(40).await;
        cluster.clients[0].client.stop();
        cluster.sleep(35).await;
        assert_eq!(cluster.node_statuses(), ["client-1=down", "client-2=ready"]);
    });
}

#[test]
fn lost_work_is_replaced_and_stopped_where_it_still_runs() {
    cluster(3, 3, async |cluster| {
        let distinct = json!({"Group": {"Constraints": [{"Operand": "distinct_hosts", "RTarget": "true"}]}});
        cluster.run_job("app", "service", 2, distinct).await.expect("registered");
        cluster.sleep(5).await;
        assert_eq!(cluster.work("app"), ["running/run", "running/run"]);
        let victim = cluster.allocations("app")[0].clone();
        let number = victim.node_name.trim_start_matches("client-").parse::<usize>().expect("a number");
        let host = cluster.clients[number - 1].host.clone();
        // Its TLS no longer fits: it runs on, unheard.
        cluster.set_tls(&host, Tls::STRICT);
        cluster.sleep(45).await;
        assert_eq!(cluster.work("app"), ["lost/stop", "running/run", "running/run"]);
        let lost = cluster.allocations("app").into_iter().find(|found| found.id == victim.id).expect("kept");
        assert_eq!(lost.desired_description, "alloc is lost since its node is down");
        assert!(!lost.next_allocation.is_empty());
        assert!(host.log.contains("error heartbeating. retrying: error=\"failed to update status: rpc error: failed to get conn: EOF\" period="));
        assert!(host.log.contains("rpc=Node.UpdateStatus server=10.0.0."));
        cluster.set_tls(&host, Tls::OFF);
        cluster.sleep(90).await;
        assert_eq!(cluster.work("app"), ["complete/stop", "running/run", "running/run"]);
        assert_eq!(cluster.node_statuses(), ["client-1=ready", "client-2=ready", "client-3=ready"]);
        assert!(host.log.contains("missed heartbeat: req_latency="));
        let messages: Vec<String> =
            cluster.node(&victim.node_name).events.iter().map(|event| event.message.clone()).collect();
        assert_eq!(messages, ["Node registered", "Node heartbeat missed", "Node reregistered by heartbeat"]);
    });
}

#[test]
fn a_client_turns_to_another_server() {
    cluster(3, 1, async |cluster| {
        let first = cluster.clients[0].client.known_servers()[0];
        let agent = cluster.servers.iter().find(|agent| agent.address == first).expect("one of them");
        cluster.kill_server(agent);
        cluster.servers.retain(|agent| agent.address != first);
        cluster.sleep(60).await;
        assert_ne!(cluster.clients[0].client.known_servers()[0], first);
        assert_eq!(cluster.node_statuses(), ["client-1=ready"]);
    });
}

#[test]
fn work_survives_the_agents_restart() {
    cluster(1, 1, async |cluster| {
        cluster.run_job("app", "service", 2, json!({})).await.expect("registered");
        cluster.sleep(5).await;
        let before: Vec<_> =
            cluster.allocations("app").iter().map(|found| found.task_states["t"].started_at).collect();
        let id = cluster.clients[0].client.node_id().to_owned();
        cluster.clients[0].client.stop();
        cluster.clients[0] = cluster.start_client(1);
        cluster.sleep(30).await;
        assert_eq!(cluster.clients[0].client.node_id(), id);
        assert_eq!(cluster.work("app"), ["running/run", "running/run"]);
        let after: Vec<_> =
            cluster.allocations("app").iter().map(|found| found.task_states["t"].started_at).collect();
        assert_eq!(before, after, "not started anew");
    });
}

#[test]
fn a_node_is_known_by_its_secret() {
    cluster(1, 1, async |cluster| {
        let node = cluster.node("client-1");
        let agent = &cluster.servers[0];
        let mut other = crate::structs::Node::clone(&node);
        other.secret_id = "another".into();
        let other = serde_json::to_value(&other).expect("plain");
        let answer = cluster.call(agent, "Node.Register", json!({"Node": other})).await;
        assert_eq!(answer, Err(RpcError::new("node secret ID does not match. Not registering node.")));
        let ask = json!({"NodeID": node.id, "SecretID": "another", "AuthToken": node.secret_id});
        let answer = cluster.call(agent, "Node.GetClientAllocs", ask).await;
        assert_eq!(answer, Err(RpcError::new("node secret ID does not match")));
        for token in ["", "11111111-2222-3333-4444-555555555555"] {
            let ask = json!({"NodeID": node.id, "SecretID": node.secret_id, "AuthToken": token});
            let answer = cluster.call(agent, "Node.GetClientAllocs", ask).await;
            assert_eq!(answer, Err(RpcError::permission_denied()), "{token}");
        }
        let shown = cluster.call(agent, "Node.GetNode", json!({"NodeID": node.id})).await.expect("a node");
        assert_eq!(
            Body(&shown).get("Node").map(|node| Body(node).string("SecretID").to_owned()).as_deref(),
            Some("")
        );
    });
}

#[test]
fn blocking_queries_wait_and_wake() {
    cluster(1, 1, async |cluster| {
        let agent = &cluster.servers[0];
        let listed = cluster.call(agent, "Job.List", json!({})).await.expect("a list");
        let index = Body(&listed).index("Index");
        let before = cluster.world.clock().now();
        let ask = json!({"MinQueryIndex": index, "MaxQueryTime": 10_000_000_000_u64});
        let same = cluster.call(agent, "Job.List", ask).await.expect("a list");
        assert_eq!(Body(&same).index("Index"), index);
        let waited = (cluster.world.clock().now() - before).whole_milliseconds();
        assert!((10_000..10_700).contains(&waited), "{waited} ms");
        let ask = json!({"MinQueryIndex": index});
        let (answer, registered) = tokio::join!(
            cluster.call(agent, "Job.List", ask),
            cluster.run_job("app", "service", 1, json!({}))
        );
        registered.expect("registered");
        assert_eq!(Body(&answer.expect("a list")).list("Jobs").len(), 1);
    });
}
