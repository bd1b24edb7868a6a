//! Schedulers of several servers at the same time.

use futures::future::join_all;
use serde_json::json;

use super::harness::cluster;

#[test]
fn a_port_is_given_away_once_however_many_decide() {
    cluster(3, 1, async |cluster| {
        let port = json!({"Group": {"Networks": [
            {"Mode": "host", "ReservedPorts": [{"Label": "http", "Value": 8080}]},
        ]}});
        let names = ["one", "two", "three", "four", "five", "six"];
        let registered = join_all(names.map(|name| cluster.run_job(name, "service", 1, port.clone()))).await;
        assert!(registered.iter().all(Result::is_ok));
        cluster.sleep(10).await;
        assert!(
            cluster.leader().host.log.contains("plan for node rejected"),
            "they decided at the same time"
        );
        let (running, waiting): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| cluster.work(name) == ["running/run"]);
        assert_eq!(running.len(), 1);
        for name in waiting {
            assert!(cluster.allocations(name).is_empty());
            let blocked = cluster.leader().server.store.read(|tables| {
                tables.evaluations_of_job("default", name).any(|found| found.status == "blocked")
            });
            assert!(blocked, "{name} waits for the port");
        }
        let stop = json!({"JobID": running[0]});
        cluster.call(cluster.leader(), "Job.Deregister", stop).await.expect("stopped");
        cluster.sleep(10).await;
        let next = names.into_iter().filter(|name| cluster.work(name) == ["running/run"]).count();
        assert_eq!(next, 1, "the port goes to one of those that waited");
    });
}
