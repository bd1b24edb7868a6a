//! The services that allocations offer, as their clients make them known.

use serde_json::json;

use super::harness::cluster;

#[test]
fn the_services_of_an_allocation_are_known_while_it_runs() {
    cluster(1, 1, async |cluster| {
        let service = |name: &str, port: &str| json!({"Name": name, "PortLabel": port, "Provider": "nomad"});
        let mut tagged = service("web", "http");
        tagged["Tags"] = json!(["${NOMAD_ALLOC_INDEX}", "${attr.kernel.name}", "${unknown}"]);
        let group = json!({
            "Networks": [{"DynamicPorts": [{"Label": "http"}]}],
            "Services": [tagged, service("plain", "")],
        });
        let task = json!({"Services": [service("of-task-${NOMAD_TASK_NAME}", "http")]});
        cluster
            .run_job("app", "service", 1, json!({"Group": group, "Task": task}))
            .await
            .expect("registered");
        cluster.sleep(5).await;
        let services = || cluster.leader().server.store.read(|tables| tables.registry.services.clone());
        let id = cluster.allocations("app")[0].id.clone();
        let known = services();
        let ids: Vec<&str> = known.keys().map(String::as_str).collect();
        let expected = ["group-g-plain-", "group-g-web-http", "t-of-task-t-http"];
        assert_eq!(ids, expected.map(|rest| format!("_nomad-task-{id}-{rest}")));
        let web = &known[ids[1]];
        assert_eq!(web.tags, ["0", "linux", "${unknown}"]);
        assert!(web.port >= 20_000 && !web.address.is_empty() && web.node_id == cluster.node("client-1").id);
        assert_eq!((known[ids[0]].port, known[ids[0]].address.as_str()), (0, web.address.as_str()));
        cluster
            .call(&cluster.servers[0], "Job.Deregister", json!({"JobID": "app", "Namespace": "default"}))
            .await
            .expect("stopped");
        cluster.sleep(10).await;
        assert!(services().is_empty(), "{:?}", services());
    });
}

#[test]
fn a_node_that_is_down_offers_no_services() {
    cluster(1, 1, async |cluster| {
        let group = json!({"Services": [{"Name": "web", "Provider": "nomad"}]});
        cluster.run_job("app", "service", 1, json!({"Group": group})).await.expect("registered");
        cluster.sleep(5).await;
        let count = || cluster.leader().server.store.read(|tables| tables.registry.services.len());
        assert_eq!(count(), 1);
        let first = cluster.allocations("app")[0].id.clone();
        let down = json!({"NodeID": cluster.node("client-1").id, "Status": "down"});
        let before = cluster.leader().server.store.read(|tables| tables.index);
        cluster.call(&cluster.servers[0], "Node.UpdateStatus", down).await.expect("marked");
        // They go with the allocation, which the scheduler gives up.
        cluster.sleep(2).await;
        let left = |tables: &crate::state::Tables| {
            tables.registry.services.values().filter(|service| service.alloc_id == first).count()
        };
        assert_eq!(cluster.leader().server.store.read(left), 0);
        let batches = cluster.leader().server.events_since(before + 1);
        let gone = batches.iter().flat_map(|batch| &batch.events).filter(|event| {
            event.kind == "PlanResult" && matches!(event.subject, crate::state::Subject::Service(_))
        });
        assert_eq!(gone.count(), 1);
    });
}
