//! The API over a whole cluster, compared with what the real program answered.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{AgentView, Api, ApiError, ApiRequest, Reply};
use crate::server::tests::harness::{Cluster, cluster};
use crate::telemetry::Telemetry;

struct NoAgent(Arc<Telemetry>);

impl AgentView for NoAgent {
    fn config(&self) -> Value {
        json!({"Region": "global"})
    }

    fn server_name(&self) -> String {
        "s1.global".to_owned()
    }

    fn metrics(&self) -> super::AboutMetrics {
        super::AboutMetrics::default()
    }

    fn telemetry(&self) -> &Telemetry {
        &self.0
    }

    fn join<'a>(&'a self, _: &'a [&'a str]) -> futures::future::BoxFuture<'a, Option<(usize, Vec<String>)>> {
        Box::pin(async { None })
    }

    fn dial_node<'a>(
        &'a self,
        _: &'a str,
    ) -> futures::future::BoxFuture<'a, Result<lab_wire::BoxIo, String>> {
        Box::pin(async { Err("No path to node".to_owned()) })
    }

    fn now_nanos(&self) -> i64 {
        0
    }

    fn member(&self) -> Value {
        Value::Null
    }

    fn members(&self) -> Value {
        json!({"Members": []})
    }

    fn stats(&self) -> Value {
        json!({})
    }

    fn enforces_access(&self) -> bool {
        true
    }

    fn open_node<'a>(
        &'a self,
        _: &'a str,
        _: u8,
    ) -> futures::future::BoxFuture<'a, Result<lab_wire::BoxIo, String>> {
        Box::pin(async { Err("No path to node".to_owned()) })
    }

    fn open_server(&self) -> futures::future::BoxFuture<'_, Result<lab_wire::BoxIo, String>> {
        Box::pin(async { Err("no servers".to_owned()) })
    }

    fn other<'a>(
        &'a self,
        _: &'a ApiRequest,
    ) -> futures::future::BoxFuture<'a, Option<Result<Reply, ApiError>>> {
        Box::pin(async { None })
    }
}

fn server_api(cluster: &Cluster<'_>) -> Api {
    Api {
        region: "global".into(),
        server: Some(Arc::clone(&cluster.leader().server)),
        client: None,
        view: Arc::new(NoAgent(Arc::clone(cluster.leader().server.telemetry()))),
    }
}

fn client_api(cluster: &Cluster<'_>) -> Api {
    Api {
        region: "global".into(),
        server: None,
        client: Some(Arc::clone(&cluster.clients[0].client)),
        view: Arc::new(NoAgent(Arc::clone(cluster.clients[0].client.telemetry()))),
    }
}

async fn send(api: &Api, method: Method, target: &str, body: &'static str) -> Result<Reply, ApiError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    });
    api.handle(&ApiRequest {
        method,
        path: path.into(),
        query: query.collect(),
        token: None,
        websocket_key: None,
        body: body.into(),
    })
    .await
}

async fn get(api: &Api, target: &str) -> Value {
    let reply = send(api, Method::GET, target, "").await.expect(target);
    if let Some(super::Raw::Bytes(_, written)) = &reply.raw {
        return serde_json::from_slice(written).expect(target);
    }
    reply.body.or_else(|| reply.value.as_ref().map(super::json::json)).expect(target)
}

async fn refused(api: &Api, method: Method, target: &str, body: &'static str) -> (u16, String) {
    let error = send(api, method, target, body).await.expect_err(target);
    (error.code, error.message)
}

const APP: &str = r#"{"Job": {"ID": "app", "Name": "app", "Type": "service", "TaskGroups": [{"Name": "g", "Count": 1,
    "Tasks": [{"Name": "t", "Driver": "raw_exec", "Config": {"command": "sleep", "args": ["3600"]},
    "Resources": {"CPU": 20, "MemoryMB": 16}}]}]}}"#;

#[test]
fn a_job_is_registered_seen_and_stopped() {
    cluster(3, 1, async |cluster| {
        let api = server_api(cluster);
        let reply = send(&api, Method::PUT, "/v1/jobs", APP).await.expect("registered");
        let body = reply.body.expect("a body");
        let index = reply.index.expect("an index");
        assert_eq!(body["Index"], index);
        assert_eq!((&body["JobModifyIndex"], &body["EvalCreateIndex"]), (&json!(index), &json!(index)));
        cluster.sleep(3).await;
        let evaluation =
            get(&api, &format!("/v1/evaluation/{}", body["EvalID"].as_str().expect("an id"))).await;
        assert_eq!(
            (&evaluation["Status"], &evaluation["TriggeredBy"]),
            (&json!("complete"), &json!("job-register"))
        );
        assert_eq!(evaluation["PlanAnnotations"]["DesiredTGUpdates"]["g"]["Place"], 1);
        assert_eq!(evaluation.get("NodeID"), None, "empty fields are left out");
        let stub = &get(&api, "/v1/job/app/allocations").await[0];
        assert_eq!(
            (&stub["ClientStatus"], &stub["JobType"], &stub["JobVersion"]),
            (&json!("running"), &json!("service"), &json!(0))
        );
        assert_eq!(stub["TaskStates"]["t"]["FinishedAt"], Value::Null);
        assert!(
            stub["TaskStates"]["t"]["StartedAt"]
                .as_str()
                .is_some_and(|text| text.starts_with("2026-01-05T09:"))
        );
        let whole = get(&api, &format!("/v1/allocation/{}", stub["ID"].as_str().expect("an id"))).await;
        assert_eq!(whole["TaskResources"]["t"]["CPU"], 20);
        assert_eq!(whole["Job"]["TaskGroups"][0]["RestartPolicy"]["Attempts"], 2);
        assert_eq!(get(&api, "/v1/jobs").await[0]["JobSummary"]["Summary"]["g"]["Running"], 1);
        assert_eq!(get(&api, "/v1/job/app").await["Status"], "running");
        assert_eq!(get(&api, "/v1/job/app/versions").await["Versions"].as_array().map(Vec::len), Some(1));
        assert_eq!(get(&api, "/v1/jobs?prefix=zzz").await, json!([]));
        assert_eq!(get(&api, "/v1/jobs?namespace=absent").await, json!([]));
        send(&api, Method::DELETE, "/v1/job/app?purge=true", "").await.expect("purged");
        cluster.sleep(2).await;
        assert_eq!(refused(&api, Method::GET, "/v1/job/app", "").await, (404, "job not found".into()));
        let nothing = send(&api, Method::DELETE, "/v1/job/absent", "").await.expect("nothing to do").body;
        assert_eq!(
            nothing,
            Some(
                json!({"EvalCreateIndex": 0, "EvalID": "", "Index": 0, "JobModifyIndex": 0, "KnownLeader": false,
            "LastContact": 0, "NextToken": "", "VolumeEvalID": "", "VolumeEvalIndex": 0})
            )
        );
    });
}

#[test]
fn faults_have_the_real_texts() {
    cluster(1, 0, async |cluster| {
        let api = server_api(cluster);
        let nil = "00000000-0000-0000-0000-000000000000";
        for (method, target, body, code, text) in [
            (Method::PUT, "/v1/jobs", "", 400, "Request body is empty"),
            (Method::PUT, "/v1/jobs", "{}", 400, "Job must be specified"),
            (
                Method::PUT,
                "/v1/jobs",
                "{bad",
                400,
                "invalid character 'b' looking for beginning of object key string",
            ),
            (
                Method::PUT,
                "/v1/jobs",
                r#"{"Job": {"ID": "x"}}"#,
                500,
                "1 error occurred:\n\t* Missing job task groups\n\n",
            ),
            (Method::PUT, "/v1/jobs", r#"{"Job": {"Name": "x"}}"#, 400, "Job ID hasn't been provided"),
            (Method::PUT, "/v1/job/other", APP, 400, "Job ID does not match name"),
            (Method::PUT, "/v1/nodes", "", 405, "Invalid method"),
            (
                Method::GET,
                "/v1/node/nonsense",
                "",
                500,
                "node lookup failed: index error: UUID must be 36 characters",
            ),
            (
                Method::GET,
                "/v1/nodes?prefix=zz",
                "",
                500,
                "node lookup failed: index error: Invalid UUID: encoding/hex: invalid byte: U+007A 'z'",
            ),
            (Method::GET, &format!("/v1/node/{nil}"), "", 404, "node not found"),
            (Method::GET, &format!("/v1/allocation/{nil}"), "", 404, "alloc not found"),
            (Method::GET, &format!("/v1/evaluation/{nil}"), "", 404, "eval not found"),
            (Method::GET, "/v1/jobs?index=abc", "", 400, "Invalid index"),
            (Method::GET, "/v1/jobs?wait=abc", "", 400, "Invalid wait time"),
            (
                Method::GET,
                "/v1/jobs?stale=x",
                "",
                400,
                "Expect `true` or `false` for `stale` query string parameter",
            ),
            (Method::GET, "/v1/jobs?region=mars", "", 500, "No path to region"),
            (Method::GET, "/v1/nothing", "", 404, ""),
        ] {
            assert_eq!(refused(&api, method, target, body).await, (code, text.into()), "{target}");
        }
        let root = send(&api, Method::GET, "/", "").await.expect("a way on");
        assert_eq!(root.location.as_deref(), Some("/ui/"));
    });
}

#[test]
fn status_and_health_follow_the_leader() {
    cluster(3, 1, async |cluster| {
        let leader = cluster.leader().address.to_string();
        for api in [server_api(cluster), client_api(cluster)] {
            assert_eq!(get(&api, "/v1/status/leader").await, json!(leader));
            assert_eq!(get(&api, "/v1/status/peers").await.as_array().map(Vec::len), Some(3));
            assert_eq!(get(&api, "/v1/regions").await, json!(["global"]));
            assert_eq!(get(&api, "/v1/nodes").await[0]["Status"], "ready");
        }
        let api = server_api(cluster);
        assert_eq!(get(&api, "/v1/agent/health").await, json!({"server": {"ok": true, "message": "ok"}}));
        assert_eq!(
            get(&client_api(cluster), "/v1/agent/health").await,
            json!({"client": {"ok": true, "message": "ok"}})
        );
        let (code, text) = refused(&api, Method::GET, "/v1/agent/health?type=client", "").await;
        assert_eq!((code, text.as_str()), (500, r#"{"client":{"message":"client not enabled","ok":false}}"#));
        let health = get(&api, "/v1/operator/autopilot/health").await;
        assert_eq!((&health["Healthy"], &health["FailureTolerance"]), (&json!(true), &json!(1)));
        let raft = get(&api, "/v1/operator/raft/configuration").await;
        assert_eq!(raft["Servers"].as_array().map(Vec::len), Some(3));
        assert_eq!(get(&api, "/v1/agent/self").await["stats"]["nomad"]["leader"], "true");
        let others: Vec<_> = cluster.followers();
        others.iter().for_each(|agent| cluster.kill_server(agent));
        cluster.sleep(10).await;
        let last = cluster.servers.iter().find(|agent| agent.address.to_string() == leader).expect("alive");
        let api = Api { server: Some(Arc::clone(&last.server)), ..api };
        assert_eq!(
            refused(&api, Method::GET, "/v1/status/leader", "").await,
            (500, "No cluster leader".into())
        );
        let (_, text) = refused(&api, Method::GET, "/v1/agent/health", "").await;
        assert_eq!(text, r#"{"server":{"message":"no leader","ok":false}}"#);
        let stale = send(&api, Method::GET, "/v1/nodes?stale", "").await.expect("answered from here");
        assert!(stale.meta.is_some_and(|meta| !meta.known_leader));
    });
}

#[test]
fn a_node_is_shown_without_its_secret() {
    cluster(1, 1, async |cluster| {
        let api = server_api(cluster);
        let id = cluster.clients[0].client.node_id();
        let node = get(&api, &format!("/v1/node/{id}")).await;
        assert_eq!(
            (&node["SecretID"], &node["Drain"], &node["TLSEnabled"]),
            (&json!(""), &json!(false), &json!(false))
        );
        assert_eq!(node["Events"][0]["Message"], "Node registered");
        assert!(node["Events"][0]["Timestamp"].as_str().is_some_and(|text| text.ends_with('Z')));
        assert_eq!(node["Attributes"]["nomad.version"], "1.11.3");
        send(&api, Method::PUT, &format!("/v1/node/{id}/eligibility"), r#"{"Eligibility": "ineligible"}"#)
            .await
            .expect("changed");
        assert_eq!(get(&api, "/v1/nodes").await[0]["SchedulingEligibility"], "ineligible");
    });
}
