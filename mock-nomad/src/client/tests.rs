//! A client against servers that answer as they like.

use std::time::Duration;

use serde_json::json;

use crate::server::tests::harness::cluster;

#[test]
fn a_client_without_servers_waits() {
    cluster(1, 1, async |cluster| {
        cluster.kill_server(&cluster.servers[0]);
        cluster.sleep(60).await;
        let log = &cluster.clients[0].host.log;
        assert!(log.contains("error performing RPC to server: error=\"rpc error: failed to get conn: connection refused\" rpc=Node.UpdateStatus"));
        assert!(log.contains("error performing RPC to server which is not safe to automatically retry"));
        cluster.servers[0] = cluster.start_server(1);
        cluster.sleep(60).await;
        assert_eq!(cluster.node_statuses(), ["client-1=ready"]);
    });
}

#[test]
fn a_client_that_the_servers_forgot_registers_again() {
    cluster(1, 1, async |cluster| {
        let id = cluster.clients[0].client.node_id().to_owned();
        cluster.call(&cluster.servers[0], "Node.Deregister", json!({"NodeID": id})).await.expect("forgotten");
        cluster.sleep(60).await;
        assert_eq!(cluster.node_statuses(), ["client-1=ready"]);
        assert!(cluster.clients[0].host.log.contains("re-registering node"));
    });
}

#[test]
fn tasks_follow_their_lifecycle() {
    cluster(1, 1, async |cluster| {
        let task = |name: &str, lifecycle: serde_json::Value| {
            let config = json!({"command": "sleep", "args": ["5"]});
            json!({"Name": name, "Driver": "raw_exec", "Config": config, "Lifecycle": lifecycle, "Resources": {"CPU": 20, "MemoryMB": 16}})
        };
        let hook = |hook: &str, sidecar: bool| json!({"Hook": hook, "Sidecar": sidecar});
        let tasks = json!([
            task("after", hook("poststop", false)),
            task("beside", hook("prestart", true)),
            task("main", json!(null)),
            task("before", hook("prestart", false)),
        ]);
        let allocation = || cluster.allocations("app")[0].clone();
        let began = |name: &str| allocation().task_states[name].started_at.0;
        let state = |name: &str| allocation().task_states[name].state.clone();
        cluster.run_job("app", "service", 1, json!({"Group": {"Tasks": tasks}})).await.expect("registered");
        cluster.sleep(3).await;
        assert_eq!(began("main"), None, "it waits for what comes before it");
        assert_eq!((state("before"), state("beside")), ("running".to_owned(), "running".to_owned()));
        cluster.sleep(5).await;
        assert!(began("main").expect("begun") - began("before").expect("begun") >= Duration::from_secs(5));
        cluster.call(cluster.leader(), "Job.Deregister", json!({"JobID": "app"})).await.expect("stopped");
        cluster.sleep(10).await;
        let allocation = allocation();
        let kinds = |name: &str| {
            allocation.task_states[name].events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(kinds("main"), ["Received", "Task Setup", "Started", "Killing", "Terminated", "Killed"]);
        let beside =
            ["Received", "Task Setup", "Started", "Main Tasks Dead", "Killing", "Terminated", "Killed"];
        assert_eq!(kinds("beside"), beside);
        assert_eq!(kinds("after"), ["Received", "Task Setup", "Started", "Terminated"]);
        assert_eq!(allocation.client_status, "complete");
    });
}

#[test]
fn stats_say_how_it_stands() {
    cluster(1, 1, async |cluster| {
        cluster.run_job("app", "service", 2, json!({})).await.expect("registered");
        cluster.sleep(5).await;
        let stats = cluster.clients[0].client.stats();
        assert_eq!(stats["known_servers"], cluster.servers[0].address.to_string());
        assert_eq!(stats["num_allocations"], "2");
        assert_eq!(stats["node_id"], cluster.clients[0].client.node_id());
    });
}
