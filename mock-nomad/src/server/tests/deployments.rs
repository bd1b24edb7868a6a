//! Deployments, drains, and jobs made from others.

use serde_json::{Value as Json, json};

use super::harness::{Cluster, cluster};
use crate::structs::{Body, Deployment, Job};

/// An `update` block that is quick about it.
fn quick(more: Json) -> Json {
    let second = 1_000_000_000_u64;
    let mut update =
        json!({"MinHealthyTime": second, "HealthyDeadline": 5 * second, "ProgressDeadline": 10 * second});
    more.as_object().into_iter().flatten().for_each(|(name, value)| update[name] = value.clone());
    update
}

fn newest(cluster: &Cluster<'_>) -> Deployment {
    let found = cluster
        .leader()
        .server
        .store
        .read(|tables| tables.work.deployments.newest_of_job("default", "app").cloned());
    found.expect("a deployment")
}

fn job(cluster: &Cluster<'_>) -> Job {
    let found = cluster.leader().server.store.read(|tables| tables.job("default", "app").cloned());
    Job::clone(&found.expect("a job"))
}

fn running(cluster: &Cluster<'_>) -> usize {
    cluster.work("app").iter().filter(|work| *work == "running/run").count()
}

fn version(number: u64, update: Json, task: Json) -> Json {
    let mut task = task;
    task["Env"] = json!({"VERSION": number.to_string()});
    json!({"Group": {"Update": update}, "Task": task})
}

#[test]
fn a_deployment_succeeds_when_all_is_well_and_rolls_one_by_one() {
    cluster(1, 2, async |cluster| {
        let update = quick(json!({}));
        cluster
            .run_job("app", "service", 3, version(1, update.clone(), json!({})))
            .await
            .expect("registered");
        cluster.sleep(1).await;
        let first = newest(cluster);
        assert_eq!((first.status.as_str(), first.task_groups["g"].desired_total), ("running", 3));
        assert_eq!(first.status_description, "Deployment is running");
        cluster.sleep(5).await;
        let first = newest(cluster);
        assert_eq!(first.status_description, "Deployment completed successfully");
        assert_eq!((first.task_groups["g"].healthy_allocs, job(cluster).stable), (3, true));

        cluster.run_job("app", "service", 3, version(2, update, json!({}))).await.expect("registered");
        cluster.sleep(1).await;
        let old = cluster
            .allocations("app")
            .iter()
            .filter(|found| {
                found.job.as_ref().is_some_and(|job| job.version == 0) && found.desired_status == "run"
            })
            .count();
        assert_eq!(old, 2, "one at a time");
        cluster.sleep(15).await;
        let second = newest(cluster);
        assert_eq!((second.job_version, second.status.as_str()), (1, "successful"));
        assert_eq!(running(cluster), 3);
    });
}

#[test]
fn a_version_that_fails_is_taken_back() {
    cluster(1, 1, async |cluster| {
        let update = quick(json!({"AutoRevert": true}));
        cluster
            .run_job("app", "service", 1, version(1, update.clone(), json!({})))
            .await
            .expect("registered");
        cluster.sleep(6).await;
        let broken = json!({"Config": {"run_for": "100ms", "exit_code": 1}});
        let mut bad = version(2, update, broken);
        bad["Group"]["RestartPolicy"] = json!({"Attempts": 0});
        bad["Group"]["ReschedulePolicy"] = json!({"Attempts": 0, "Unlimited": false});
        cluster.run_job("app", "service", 1, bad).await.expect("registered");
        cluster.sleep(30).await;
        let failed =
            cluster.leader().server.store.read(|tables| {
                tables.work.deployments.values().find(|found| found.job_version == 1).cloned()
            });
        let failed = failed.expect("the second deployment");
        assert_eq!(failed.status, "failed");
        assert_eq!(
            failed.status_description,
            "Failed due to unhealthy allocations - rolling back to job version 0"
        );
        assert_eq!(job(cluster).version, 2);
        assert_eq!(running(cluster), 1);
        assert_eq!(newest(cluster).status, "successful");
    });
}

#[test]
fn canaries_wait_for_promotion() {
    cluster(1, 1, async |cluster| {
        let update = quick(json!({"Canary": 1}));
        cluster
            .run_job("app", "service", 2, version(1, update.clone(), json!({})))
            .await
            .expect("registered");
        cluster.sleep(6).await;
        cluster.run_job("app", "service", 2, version(2, update, json!({}))).await.expect("registered");
        cluster.sleep(1).await;
        let waiting = newest(cluster);
        assert_eq!(waiting.status_description, "Deployment is running but requires manual promotion");
        let ask = json!({"DeploymentID": waiting.id, "All": true});
        let early = cluster
            .call(cluster.leader(), "Deployment.Promote", ask.clone())
            .await
            .expect_err("not well yet");
        assert_eq!(early.0, "1 error occurred:\n\t* Task group \"g\" has 0/1 healthy allocations\n\n");
        cluster.sleep(20).await;
        assert_eq!(running(cluster), 3, "nothing goes on by itself");
        cluster.call(cluster.leader(), "Deployment.Promote", ask).await.expect("promoted");
        cluster.sleep(20).await;
        assert_eq!((running(cluster), newest(cluster).status.as_str()), (2, "successful"));
        let versions: Vec<u64> = cluster
            .allocations("app")
            .iter()
            .filter(|found| found.desired_status == "run")
            .filter_map(|found| found.job.as_ref().map(|job| job.version))
            .collect();
        assert_eq!(versions, [1, 1]);
    });
}

#[test]
fn a_drain_moves_work_one_by_one_and_ends() {
    cluster(1, 2, async |cluster| {
        cluster
            .run_job("app", "service", 2, json!({"Group": {"Update": quick(json!({}))}}))
            .await
            .expect("registered");
        cluster.run_job("log", "system", 1, json!({})).await.expect("registered");
        cluster.sleep(6).await;
        let node = cluster.node("client-1");
        let ask = json!({"NodeID": node.id, "DrainStrategy": {"Deadline": 3_600_000_000_000_u64}});
        cluster.call(cluster.leader(), "Node.UpdateDrain", ask).await.expect("drains");
        assert_eq!(cluster.node("client-1").scheduling_eligibility, "ineligible");
        cluster.sleep(60).await;
        let node = cluster.node("client-1");
        assert!(node.drain_strategy.is_null(), "the drain is complete");
        let last = node.events.last().expect("events");
        assert_eq!((last.message.as_str(), last.subsystem.as_str()), ("Node drain complete", "Drain"));
        assert_eq!(running(cluster), 2);
        let elsewhere = cluster.allocations("app");
        assert!(
            elsewhere
                .iter()
                .filter(|found| found.desired_status == "run")
                .all(|found| found.node_id != node.id)
        );
        assert_eq!(cluster.work("log"), ["complete/stop", "running/run"]);
    });
}

#[test]
fn periodic_and_parameterized_jobs_make_others() {
    cluster(1, 1, async |cluster| {
        let task = json!({"Config": {"run_for": "2s"}});
        let periodic = json!({"Task": task, "Job": {"Periodic": {"Spec": "* * * * *"}}});
        let answer = cluster.run_job("app", "batch", 1, periodic).await.expect("registered");
        assert_eq!(Body(&answer).string("EvalID"), "", "nothing is placed for it itself");
        cluster.sleep(150).await;
        let children =
            cluster.leader().server.store.read(|tables| {
                tables.jobs.values().filter(|job| job.id.starts_with("app/periodic-")).count()
            });
        assert!((2..=3).contains(&children), "{children}");
        assert_eq!(job(cluster).status, "running");

        let block = json!({"Task": task, "Job": {"ParameterizedJob": {"MetaRequired": ["who"]}}});
        cluster.run_job("mail", "batch", 1, block).await.expect("registered");
        let error = cluster
            .call(cluster.leader(), "Job.Dispatch", json!({"JobID": "mail"}))
            .await
            .expect_err("incomplete");
        assert_eq!(error.0, "Dispatch did not provide required meta keys: [who]");
        let ask = json!({"JobID": "mail", "Meta": {"who": "me"}});
        let answer = cluster.call(cluster.leader(), "Job.Dispatch", ask).await.expect("dispatched");
        let child = Body(&answer).string("DispatchedJobID").to_owned();
        assert!(child.starts_with("mail/dispatch-"), "{child}");
        cluster.sleep(5).await;
        assert_eq!(cluster.work(&child), ["complete/run"]);
        cluster.call(cluster.leader(), "System.GarbageCollect", json!({})).await.expect("collected");
        assert!(cluster.allocations(&child).is_empty());
    });
}
