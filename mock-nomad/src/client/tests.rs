//! A client against servers that answer as they like.

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
