//! Jobs of every type from registration to their end.

use std::collections::BTreeSet;

use serde_json::json;

use super::harness::{Cluster, cluster};
use crate::seam::RpcError;
use crate::structs::Body;

#[test]
fn a_service_spreads_over_distinct_hosts_and_stops() {
    cluster(3, 3, async |cluster| {
        let distinct = json!({"Group": {"Constraints": [{"Operand": "distinct_hosts", "RTarget": "true"}]}});
        let answer = cluster.run_job("app", "service", 3, distinct).await.expect("registered");
        assert!(!Body(&answer).string("EvalID").is_empty());
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["running/run"; 3]);
        let nodes: BTreeSet<String> =
            cluster.allocations("app").iter().map(|found| found.node_name.clone()).collect();
        assert_eq!(nodes.len(), 3);
        let names: BTreeSet<String> =
            cluster.allocations("app").iter().map(|found| found.name.clone()).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["app.g[0]", "app.g[1]", "app.g[2]"]);
        let found = &cluster.allocations("app")[0];
        let events: Vec<&str> =
            found.task_states["t"].events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(events, ["Received", "Task Setup", "Started"]);
        assert_eq!(found.client_description, "Tasks are running");
        cluster.call(cluster.leader(), "Job.Deregister", json!({"JobID": "app"})).await.expect("stopped");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["complete/stop"; 3]);
        let job =
            cluster.leader().server.store.read(|tables| tables.job("default", "app").cloned()).expect("kept");
        assert_eq!((job.status.as_str(), job.stop), ("dead", true));
        assert_eq!(cluster.allocations("app")[0].desired_description, "alloc not needed due to job update");
    });
}

#[test]
fn what_finds_no_room_waits_for_some() {
    cluster(3, 1, async |cluster| {
        let distinct = json!({"Group": {"Constraints": [{"Operand": "distinct_hosts"}]}});
        cluster.run_job("app", "service", 2, distinct).await.expect("registered");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["running/run"]);
        let blocked = cluster.leader().server.store.read(|tables| {
            tables.evaluations_of_job("default", "app").find(|found| found.status == "blocked").cloned()
        });
        assert_eq!(blocked.expect("a blocked evaluation").triggered_by, "queued-allocs");
        assert_eq!(queued(cluster), 1);
        let new = cluster.start_client(2);
        cluster.clients.push(new);
        cluster.sleep(30).await;
        assert_eq!(cluster.work("app"), ["running/run"; 2]);
        assert_eq!(queued(cluster), 0);
        let open = cluster.leader().server.store.read(|tables| {
            tables.evaluations_of_job("default", "app").filter(|found| !found.is_terminal()).count()
        });
        assert_eq!(open, 0);
    });
}

fn queued(cluster: &Cluster) -> u64 {
    cluster.leader().server.store.read(|tables| {
        let job = tables.job("default", "app").expect("registered");
        tables.summary_of(job).summary["g"].queued
    })
}

#[test]
fn a_system_job_is_everywhere() {
    cluster(1, 2, async |cluster| {
        cluster.run_job("log", "system", 1, json!({})).await.expect("registered");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("log"), ["running/run"; 2]);
        let new = cluster.start_client(3);
        cluster.clients.push(new);
        cluster.sleep(20).await;
        assert_eq!(cluster.work("log"), ["running/run"; 3]);
        cluster.sleep(300).await;
        cluster.clients[0].client.stop();
        cluster.sleep(40).await;
        assert_eq!(cluster.work("log"), ["lost/stop", "running/run", "running/run"]);
    });
}

#[test]
fn batch_work_ends_fails_and_is_tried_again() {
    cluster(1, 1, async |cluster| {
        let short = json!({"Task": {"Config": {"command": "/bin/sleep", "args": ["5"]}}});
        cluster.run_job("short", "batch", 1, short).await.expect("registered");
        let fails = json!({"Task": {"Config": {"run_for": "1s", "exit_code": 2}},
                           "Group": {"RestartPolicy": {"Attempts": 1, "Delay": 2_000_000_000_u64}}});
        cluster.run_job("fails", "batch", 1, fails).await.expect("registered");
        cluster.sleep(30).await;
        assert_eq!(cluster.work("short"), ["complete/run"]);
        let status = |id: &str| {
            cluster
                .leader()
                .server
                .store
                .read(|tables| tables.job("default", id).map(|job| job.status.clone()))
        };
        assert_eq!(status("short").as_deref(), Some("dead"));
        assert_eq!(
            cluster.work("fails"),
            ["failed/run", "failed/stop"],
            "one more try, by the reschedule policy"
        );
        let last = cluster.allocations("fails")[1].clone();
        let text = "Exceeded allowed attempts 1 in interval 24h0m0s and mode is \"fail\"";
        assert!(last.task_states["t"].events.iter().any(|event| event.display_message == text));
        assert_eq!(last.task_states["t"].restarts, 1);
        assert_eq!(last.previous_allocation, cluster.allocations("fails")[0].id);
    });
}

#[test]
fn new_versions_update_in_place_or_start_anew() {
    cluster(1, 1, async |cluster| {
        cluster.run_job("app", "service", 1, json!({})).await.expect("registered");
        cluster.sleep(3).await;
        let first = cluster.allocations("app")[0].id.clone();
        cluster.run_job("app", "service", 2, json!({})).await.expect("registered");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["running/run"; 2]);
        assert_eq!(cluster.allocations("app")[0].id, first);
        assert_eq!(cluster.allocations("app")[0].job.as_ref().map(|job| job.version), Some(1));
        let other = json!({"Task": {"Env": {"A": "1"}}});
        cluster.run_job("app", "service", 2, other.clone()).await.expect("registered");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["complete/stop", "running/run", "running/run"], "one at a time");
        cluster.sleep(30).await;
        assert_eq!(cluster.work("app"), ["complete/stop", "complete/stop", "running/run", "running/run"]);
        let again = cluster.run_job("app", "service", 2, other).await.expect("registered");
        let job =
            cluster.leader().server.store.read(|tables| tables.job("default", "app").cloned()).expect("kept");
        assert_eq!(job.version, 2, "the same specification is no new version");
        assert_eq!(Body(&again).index("JobModifyIndex"), job.job_modify_index);
    });
}

#[test]
fn scaling_changes_the_count() {
    cluster(1, 1, async |cluster| {
        cluster.run_job("app", "service", 3, json!({})).await.expect("registered");
        cluster.sleep(3).await;
        let ask = |count: i64| json!({"JobID": "app", "Target": {"Group": "g"}, "Count": count});
        assert_eq!(
            cluster.call(cluster.leader(), "Job.Scale", ask(1)).await,
            Err(RpcError::coded(400, "job scaling blocked due to active deployment"))
        );
        cluster.sleep(30).await;
        cluster.call(cluster.leader(), "Job.Scale", ask(1)).await.expect("scaled");
        cluster.sleep(3).await;
        assert_eq!(cluster.work("app"), ["complete/stop", "complete/stop", "running/run"]);
        assert_eq!(
            cluster.call(cluster.leader(), "Job.Scale", ask(-1)).await,
            Err(RpcError::coded(400, "scaling action count can't be negative"))
        );
        let ask = json!({"JobID": "app", "Target": {"Group": "x"}, "Count": 1});
        let error = cluster.call(cluster.leader(), "Job.Scale", ask).await.expect_err("no such group");
        assert_eq!(error.0, "RPC Error:: 400,task group \"x\" specified for scaling does not exist in job");
    });
}

#[test]
fn registrations_are_checked() {
    cluster(1, 0, async |cluster| {
        let vault = json!({"Task": {"Vault": {}}});
        let error = cluster.run_job("app", "service", 1, vault).await.expect_err("no Vault");
        assert_eq!(error.0, "1 error occurred:\n\t* Vault \"default\" not enabled but used in the job\n\n");
        let job = crate::structs::canonicalize(
            &json!({"ID": "app", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "x"}]}]}),
            "global",
        );
        let ask = json!({"Job": job, "EnforceIndex": true, "JobModifyIndex": 99});
        let error = cluster.call(cluster.leader(), "Job.Register", ask).await.expect_err("no such job");
        assert_eq!(error.0, "Enforcing job modify index 99: job does not exist");
        let gone = cluster
            .call(cluster.leader(), "Job.Deregister", json!({"JobID": "absent"}))
            .await
            .expect("nothing to do");
        assert_eq!((Body(&gone).string("EvalID"), Body(&gone).index("Index")), ("", 0));
    });
}
