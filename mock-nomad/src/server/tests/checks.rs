//! Service checks of simulated tasks, and what comes of them.

use serde_json::{Value as Json, json};

use super::harness::{Cluster, cluster};
use crate::structs::TaskState;

const SECOND: u64 = 1_000_000_000;

/// A group with a port, and an `update` block that is quick about it.
fn group(services: Json, more: Json) -> Json {
    let mut group = json!({
        "Networks": [{"DynamicPorts": [{"Label": "web"}]}],
        "Services": services,
        "Update": {"MinHealthyTime": 5 * SECOND, "HealthyDeadline": 20 * SECOND, "ProgressDeadline": 30 * SECOND,
            "HealthCheck": "checks"},
        "RestartPolicy": {"Attempts": 1, "Interval": 300 * SECOND, "Delay": SECOND, "Mode": "fail"},
        "ReschedulePolicy": {"Attempts": 0, "Unlimited": false},
    });
    more.as_object().into_iter().flatten().for_each(|(name, value)| group[name] = value.clone());
    group
}

fn service(name: &str, checks: Json) -> Json {
    json!({"Name": name, "PortLabel": "web", "Provider": "nomad", "Checks": checks})
}

fn check(name: &str, more: Json) -> Json {
    let mut check =
        json!({"Name": name, "Type": "http", "Path": "/", "Interval": 2 * SECOND, "Timeout": SECOND});
    more.as_object().into_iter().flatten().for_each(|(field, value)| check[field] = value.clone());
    check
}

/// The statuses of the newest allocation's checks, by their names.
fn statuses(cluster: &Cluster<'_>) -> Vec<String> {
    let id = cluster.allocations("app").last().map(|found| found.id.clone()).unwrap_or_default();
    let checks = cluster.clients[0].client.checks(&id).expect("an allocation");
    let all = checks.as_object().into_iter().flatten().map(|(_, check)| check);
    let text = |check: &Json, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<String> = all
        .map(|check| format!("{} {} {}", text(check, "Check"), text(check, "Mode"), text(check, "Status")))
        .collect();
    all.sort();
    all
}

fn health(cluster: &Cluster<'_>) -> Option<bool> {
    cluster.allocations("app").last().and_then(|found| found.health())
}

fn task(cluster: &Cluster<'_>) -> TaskState {
    cluster.allocations("app").last().and_then(|found| found.task_states.get("t").cloned()).expect("a task")
}

fn deployment(cluster: &Cluster<'_>) -> String {
    let newest =
        |tables: &crate::state::Tables| tables.work.deployments.newest_of_job("default", "app").cloned();
    cluster.leader().server.store.read(newest).expect("a deployment").status_description
}

#[test]
fn an_allocation_is_healthy_when_its_checks_have_passed_for_long_enough() {
    cluster(1, 1, async |cluster| {
        let checks = json!([check("late", json!({})), check("never", json!({"OnUpdate": "ignore"}))]);
        let group = group(json!([service("web", checks)]), json!({}));
        let config = json!({"failing_checks": "late, never", "fail_for": "6s"});
        let mut task_block = json!({"Config": config, "Services": [service("own", json!([check("tcp", json!({"Type": "tcp"}))]))]});
        task_block["Meta"] = json!({"fail_after": "0s"});
        cluster
            .run_job("app", "service", 1, json!({"Group": group, "Task": task_block}))
            .await
            .expect("registered");
        cluster.sleep(4).await;
        let early = ["late healthiness failure", "never readiness failure", "tcp healthiness success"];
        assert_eq!(statuses(cluster), early);
        cluster.sleep(6).await;
        assert_eq!(
            (health(cluster), task(cluster).state.as_str()),
            (None, "running"),
            "passing for too short a time"
        );
        cluster.sleep(5).await;
        assert_eq!(health(cluster), Some(true));
        assert_eq!(deployment(cluster), "Deployment completed successfully");
        cluster.call(cluster.leader(), "Job.Deregister", json!({"JobID": "app"})).await.expect("stopped");
        cluster.sleep(2).await;
        assert_eq!(statuses(cluster), [""; 0], "nothing is left of them");
    });
}

#[test]
fn a_version_whose_checks_fail_is_taken_back() {
    cluster(1, 1, async |cluster| {
        let mut group = group(json!([service("web", json!([check("up", json!({}))]))]), json!({}));
        group["Update"]["AutoRevert"] = true.into();
        cluster.run_job("app", "service", 1, json!({"Group": group})).await.expect("registered");
        cluster.sleep(12).await;
        assert_eq!(health(cluster), Some(true));
        let broken = json!({"Group": group, "Task": {"Meta": {"failing_checks": "*"}}});
        cluster.run_job("app", "service", 1, broken).await.expect("registered");
        cluster.sleep(23).await;
        let texts =
            ["Failed due to unhealthy allocations - rolling back to job version 0", "Deployment is running"];
        assert!(texts.contains(&deployment(cluster).as_str()), "{}", deployment(cluster));
        let failed = cluster.allocations("app").into_iter().find(|found| found.health() == Some(false));
        let told = failed.expect("an unhealthy one").task_states["t"].events.iter().any(|event| {
            event.kind == "Alloc Unhealthy"
                && event.display_message
                    == "Task not running for min_healthy_time of 5s by healthy_deadline of 20s"
        });
        assert!(told);
        cluster.sleep(20).await;
        assert_eq!(deployment(cluster), "Deployment completed successfully");
    });
}

#[test]
fn health_is_by_tasks_or_by_hand_where_the_job_says_so() {
    cluster(1, 1, async |cluster| {
        for (by, healthy) in [("task_states", Some(true)), ("manual", None)] {
            let mut group = group(json!([service("web", json!([check("up", json!({}))]))]), json!({}));
            group["Update"]["HealthCheck"] = by.into();
            let task = json!({"Meta": {"failing_checks": "up"}, "Env": {"BY": by}});
            cluster
                .run_job("app", "service", 1, json!({"Group": group, "Task": task}))
                .await
                .expect("registered");
            cluster.sleep(15).await;
            assert_eq!(health(cluster), healthy, "{by}");
        }
    });
}

#[test]
fn tasks_whose_checks_fail_are_restarted_and_fail_in_the_end() {
    cluster(1, 1, async |cluster| {
        let restart = json!({"CheckRestart": {"Limit": 2, "Grace": 3 * SECOND}});
        let own = json!([service("own", json!([check("up", restart)]))]);
        let task_block = json!({"Services": own, "Config": {"failing_checks": "up"}});
        let group = group(json!([]), json!({}));
        cluster
            .run_job("app", "service", 1, json!({"Group": group, "Task": task_block}))
            .await
            .expect("registered");
        cluster.sleep(25).await;
        let events = task(cluster).events;
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let wanted = [
            "Task Setup",
            "Started",
            "Restart Signaled",
            "Terminated",
            "Restarting",
            "Started",
            "Restart Signaled",
            "Terminated",
            "Not Restarting",
            "Alloc Unhealthy",
        ];
        assert_eq!(kinds, wanted);
        assert_eq!(events[2].display_message, "healthcheck: check \"up\" unhealthy");
        assert_eq!(deployment(cluster), "Failed due to unhealthy allocations");
        assert_eq!(statuses(cluster), [""; 0]);
    });
}

#[test]
fn a_check_of_the_group_restarts_all_its_tasks() {
    cluster(1, 1, async |cluster| {
        let restart = json!({"CheckRestart": {"Limit": 1, "Grace": 4 * SECOND}});
        let other = json!({"Name": "u", "Driver": "docker", "Resources": {"CPU": 20, "MemoryMB": 16}});
        let failing = json!({"Name": "t", "Driver": "docker", "Meta": {"failing_checks": "*", "fail_after": "2s"},
            "Resources": {"CPU": 20, "MemoryMB": 16}});
        let services = json!([service("web", json!([check("up", restart)]))]);
        let group = group(services, json!({"Tasks": [failing, other]}));
        cluster.run_job("app", "service", 1, json!({"Group": group})).await.expect("registered");
        cluster.sleep(8).await;
        let states = cluster.allocations("app")[0].task_states.clone();
        assert_eq!(states.values().map(|task| task.restarts).collect::<Vec<_>>(), [1, 1]);
    });
}
