//! What mixed TLS does to a cluster; what was measured on real ones.

use serde_json::json;

use super::harness::{Cluster, Tls, cluster};

const READY: [&str; 3] = ["client-1=ready", "client-2=ready", "client-3=ready"];

async fn with_app(cluster: &Cluster<'_>) -> Vec<String> {
    let distinct = json!({"Group": {"Constraints": [{"Operand": "distinct_hosts", "RTarget": "true"}]}});
    cluster.run_job("app", "service", 3, distinct).await.expect("registered");
    cluster.sleep(5).await;
    ids(cluster)
}

fn ids(cluster: &Cluster<'_>) -> Vec<String> {
    cluster.allocations("app").iter().map(|found| found.id.clone()).collect()
}

/// Positions of the servers, the leader last.
fn leader_last(cluster: &Cluster<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..cluster.servers.len()).collect();
    order.sort_by_key(|at| cluster.servers[*at].server.is_leader());
    order
}

async fn servers_to(cluster: &Cluster<'_>, order: &[usize], tls: Tls) {
    for at in order {
        cluster.set_tls(&cluster.servers[*at].host, tls);
        cluster.sleep(6).await;
    }
}

async fn clients_to(cluster: &Cluster<'_>, tls: Tls) {
    for agent in &cluster.clients {
        cluster.set_tls(&agent.host, tls);
        cluster.sleep(3).await;
    }
}

async fn new_work(cluster: &Cluster<'_>) -> Vec<String> {
    cluster.run_job("new", "system", 1, json!({})).await.expect("registered");
    cluster.sleep(20).await;
    cluster.work("new")
}

#[test]
fn followers_first_and_verify_later_is_safe() {
    cluster(3, 3, async |cluster| {
        let before = with_app(cluster).await;
        servers_to(cluster, &leader_last(cluster), Tls::UPGRADE).await;
        cluster.sleep(60).await;
        assert_eq!(cluster.node_statuses(), READY);
        assert_eq!(new_work(cluster).await, ["running/run"; 3]);
        clients_to(cluster, Tls::STRICT).await;
        cluster.sleep(45).await;
        servers_to(cluster, &leader_last(cluster), Tls::STRICT).await;
        cluster.sleep(400).await;
        assert_eq!(cluster.node_statuses(), READY);
        assert_eq!(ids(cluster), before);
        assert_eq!(cluster.work("app"), ["running/run"; 3]);
    });
}

#[test]
fn verify_too_early_keeps_nodes_ready_and_starts_nothing() {
    cluster(3, 3, async |cluster| {
        let before = with_app(cluster).await;
        servers_to(cluster, &leader_last(cluster), Tls::UPGRADE_VERIFY).await;
        cluster.sleep(400).await;
        assert_eq!(cluster.node_statuses(), READY, "heartbeats reach the leader through followers");
        assert_eq!(new_work(cluster).await, ["pending/run"; 3]);
        let denied = "error querying updated allocations: error=\"rpc error: Permission denied\"";
        assert!(cluster.clients.iter().all(|agent| {
            agent.host.log.contains(denied)
                || agent
                    .host
                    .log
                    .contains("error querying node allocations: error=\"rpc error: Permission denied\"")
        }));
        clients_to(cluster, Tls::STRICT).await;
        cluster.sleep(120).await;
        assert_eq!(cluster.work("new"), ["running/run"; 3]);
        assert_eq!(ids(cluster), before);
    });
}

#[test]
fn verify_too_early_with_one_server_loses_the_node() {
    cluster(1, 1, async |cluster| {
        cluster.sleep(300).await;
        cluster.set_tls(&cluster.servers[0].host, Tls::UPGRADE_VERIFY);
        cluster.sleep(45).await;
        assert_eq!(cluster.node_statuses(), ["client-1=down"]);
        assert!(
            cluster.clients[0].host.log.contains("failed to update status: rpc error: Permission denied")
        );
    });
}

#[test]
fn without_upgrade_mode_clients_are_lost() {
    cluster(3, 3, async |cluster| {
        let before = with_app(cluster).await;
        cluster.sleep(300).await;
        servers_to(cluster, &leader_last(cluster), Tls::STRICT).await;
        cluster.sleep(320).await;
        assert_eq!(cluster.node_statuses(), ["client-1=down", "client-2=down", "client-3=down"]);
        clients_to(cluster, Tls::STRICT).await;
        cluster.sleep(90).await;
        assert_eq!(cluster.node_statuses(), READY);
        assert_ne!(ids(cluster), before);
        assert_eq!(cluster.work("app").iter().filter(|state| *state == "running/run").count(), 3);
    });
}

#[test]
fn clients_first_loses_everything_until_the_servers_follow() {
    cluster(3, 3, async |cluster| {
        let before = with_app(cluster).await;
        cluster.sleep(300).await;
        clients_to(cluster, Tls::STRICT).await;
        cluster.sleep(60).await;
        assert_eq!(cluster.node_statuses(), ["client-1=down", "client-2=down", "client-3=down"]);
        assert_eq!(cluster.work("app"), ["lost/stop"; 3]);
        servers_to(cluster, &leader_last(cluster), Tls::UPGRADE).await;
        cluster.sleep(60).await;
        assert_eq!(cluster.node_statuses(), READY);
        assert_eq!(&ids(cluster)[..3], &before[..]);
        assert_eq!(
            cluster.work("app"),
            ["complete/stop", "complete/stop", "complete/stop", "running/run", "running/run", "running/run"]
        );
    });
}

#[test]
fn a_forgotten_client_shows_only_five_minutes_after_the_election() {
    cluster(3, 3, async |cluster| {
        with_app(cluster).await;
        servers_to(cluster, &leader_last(cluster), Tls::UPGRADE).await;
        for agent in &cluster.clients[..2] {
            cluster.set_tls(&agent.host, Tls::STRICT);
        }
        // Closing by restart holds an election.
        for at in leader_last(cluster) {
            let agent = &cluster.servers[at];
            cluster.kill_server(agent);
            cluster.set_tls(&agent.host, Tls::STRICT);
            cluster.servers[at] = cluster.start_server(at + 1);
            cluster.sleep(8).await;
        }
        cluster.sleep(70).await;
        assert_eq!(cluster.node_statuses(), READY);
        cluster.sleep(300).await;
        assert_eq!(cluster.node_statuses(), ["client-1=ready", "client-2=ready", "client-3=down"]);
    });
}

#[test]
fn leader_first_is_one_election_more_and_harmless() {
    cluster(3, 3, async |cluster| {
        let before = with_app(cluster).await;
        let mut order = leader_last(cluster);
        order.rotate_right(1);
        let old = cluster.leader().host.clone();
        servers_to(cluster, &order, Tls::UPGRADE).await;
        cluster.sleep(60).await;
        assert!(old.log.contains("failed to contact quorum of nodes, stepping down"));
        assert_eq!(cluster.node_statuses(), READY);
        assert_eq!(new_work(cluster).await, ["running/run"; 3]);
        assert_eq!(ids(cluster), before);
    });
}

#[test]
fn two_with_tls_and_one_without_have_no_leader() {
    cluster(3, 0, async |cluster| {
        cluster.servers.iter().for_each(|agent| cluster.kill_server(agent));
        cluster.set_tls(&cluster.servers[0].host, Tls::STRICT);
        cluster.set_tls(&cluster.servers[1].host, Tls { upgrade: false, ..Tls::OFF });
        cluster.set_tls(&cluster.servers[2].host, Tls::OFF);
        cluster.servers.truncate(2);
        cluster.servers = vec![cluster.start_server(1), cluster.start_server(2)];
        cluster.sleep(60).await;
        assert!(cluster.servers.iter().all(|agent| agent.server.leader().is_none()));
    });
}
