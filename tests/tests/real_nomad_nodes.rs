//! What only a node's agent can answer, asked at the server by the real command line: of a real client through a mock
//! server, and of a mock client through a real one.
//!
//! Needs the real program: set `LAB_NOMAD_BIN` to its path. Skipped without it, and says so.

#[allow(dead_code, reason = "shared with the comparison of ports")]
mod real_nomad_support;

use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::time::Duration;

use lab_wire::http::Client;
use mock_nomad::{Agent, Options};
use real_nomad_support::{Ports, RealNomad, Workspace, pair};
use serde_json::{Value, json};

/// Says something on both outputs, writes a file, and goes on for a while.
const SCRIPT: &str = "echo to-stdout; echo to-stderr >&2; echo in-a-file > local/note.txt; exec sleep 120";

fn binary() -> Option<OsString> {
    let binary = std::env::var_os("LAB_NOMAD_BIN");
    if binary.is_none() {
        eprintln!("skipped: set LAB_NOMAD_BIN to the path of a real nomad to ask for its files and logs");
    }
    binary
}

/// A server, as who uses it sees it.
struct Server<'a> {
    place: &'a Workspace,
    ports: Ports,
    binary: &'a OsStr,
}

impl Server<'_> {
    async fn json(&self, method: &str, path: &str, body: Value) -> Value {
        let http = Client::new(&self.place.host.net, &self.place.host.clock).timeout(Duration::from_secs(5));
        let url = format!("http://127.0.0.1:{}{path}", self.ports.http);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = http::Request::builder().method(method).uri(url).body(body.into()).expect("a request");
        let Ok(response) = http.send(request).await else { return Value::Null };
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    /// The node, once it is ready or a minute has passed.
    async fn node(&self) -> Value {
        let mut node = Value::Null;
        for _ in 0..120 {
            node = self.json("GET", "/v1/nodes", Value::Null).await[0].clone();
            if node["Status"] == "ready" {
                break;
            }
            self.place.host.clock.sleep(Duration::from_millis(500)).await;
        }
        node
    }

    /// Runs a job of one task; its allocation, once it has been running for a moment.
    async fn run(&self) -> String {
        self.node().await;
        let task = json!({
            "Name": "t", "Driver": "raw_exec", "Resources": {"CPU": 50, "MemoryMB": 20},
            "Config": {"command": "/bin/sh", "args": ["-c", SCRIPT]},
        });
        let groups = json!([{"Name": "g", "Count": 1, "Tasks": [task]}]);
        let job = json!({"ID": "app", "Name": "app", "Type": "service", "Datacenters": ["dc1"], "TaskGroups": groups});
        self.json("PUT", "/v1/jobs", json!({"Job": job})).await;
        for _ in 0..60 {
            let found = self.json("GET", "/v1/allocations", Value::Null).await;
            if found[0]["ClientStatus"] == "running" {
                self.place.host.clock.sleep(Duration::from_secs(2)).await;
                return found[0]["ID"].as_str().unwrap_or_default().to_owned();
            }
            self.place.host.clock.sleep(Duration::from_millis(500)).await;
        }
        panic!("the job does not run");
    }

    /// What the command line says to a command, and its exit code.
    async fn nomad(&self, arguments: &[&str]) -> (String, i32) {
        let mut command = tokio::process::Command::new(self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("NOMAD_ADDR", format!("http://127.0.0.1:{}", self.ports.http));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output();
        let output = self.place.host.clock.timeout(Duration::from_secs(20), output).await;
        let output = output.unwrap_or_else(|| panic!("{arguments:?} does not end")).expect("an output");
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap_or(-1))
    }

    async fn expect(&self, arguments: &[&str], code: i32, texts: &[&str]) {
        let (said, ended) = self.nomad(arguments).await;
        assert_eq!(ended, code, "{arguments:?}: {said}");
        for text in texts {
            assert!(said.contains(text), "{text:?} is missing from what {arguments:?} says: {said}");
        }
    }

    /// Asks for everything that only the node's agent knows.
    async fn ask_everything(&self) {
        let id = &self.run().await;
        self.expect(&["alloc", "logs", id, "t"], 0, &["to-stdout\n"]).await;
        self.expect(&["alloc", "logs", "-stderr", id, "t"], 0, &["to-stderr\n"]).await;
        self.expect(&["alloc", "logs", id, "nope"], 1, &["unknown task name \"nope\""]).await;
        self.expect(&["alloc", "fs", id, "t/local"], 0, &["note.txt", "10 B"]).await;
        self.expect(&["alloc", "fs", "-stat", id, "t/local/note.txt"], 0, &["note.txt", "text/plain"]).await;
        self.expect(&["alloc", "fs", id, "t/local/note.txt"], 0, &["in-a-file\n"]).await;
        self.expect(&["alloc", "fs", id, "t/nowhere"], 1, &["no such file or directory"]).await;
        self.expect(&["alloc", "exec", "-task", "t", id, "/bin/sh", "-c", "echo said; exit 3"], 3, &["said"])
            .await;
        self.expect(&["alloc", "status", "-stats", id], 0, &["running", "Memory"]).await;
        self.expect(&["alloc", "signal", "-s", "SIGCONT", id, "t"], 0, &[]).await;
        let node = self.json("GET", "/v1/nodes", Value::Null).await[0]["ID"].clone();
        let path = format!("/v1/client/stats?node_id={}", node.as_str().unwrap_or_default());
        let figures = self.json("GET", &path, Value::Null).await;
        assert!(figures["Memory"]["Total"].as_u64() > Some(0) && figures["CPU"].is_array(), "{figures}");
        let node = node.as_str().unwrap_or_default();
        self.expect(&["node", "meta", "apply", "-node-id", node, "color=red"], 0, &[]).await;
        self.expect(&["node", "meta", "read", "-node-id", node], 0, &["color", "red"]).await;
        self.expect(&["node", "identity", "get", node], 0, &["nomad_node_id", node, "nomadproject.io"]).await;
        self.expect(&["node", "identity", "renew", node], 0, &[]).await;
        let checks = self.json("GET", &format!("/v1/client/allocation/{id}/checks"), Value::Null).await;
        assert!(checks.is_null() || checks.is_object(), "{checks}");
        self.expect(&["alloc", "restart", id, "t"], 0, &[]).await;
        // The tasks would outlive a killed client.
        self.json("DELETE", "/v1/job/app", Value::Null).await;
        self.place.host.clock.sleep(Duration::from_secs(3)).await;
    }
}

/// Hides the client's own HTTP port, which the command line would ask first.
fn hide(client: &Workspace) {
    let text = client.host.disk.read_to_string(client.path("s.hcl")).expect("a configuration");
    client.write(
        "s.hcl",
        &text.replace("advertise {\n http = \"127.0.0.1\"", "advertise {\n http = \"127.0.0.1:1\""),
    );
}

#[tokio::test]
async fn a_real_clients_files_logs_and_commands_are_reached_through_a_mock_server() {
    let Some(binary) = binary() else { return };
    let (server, client, ports) = pair().await;
    hide(&client);
    let _mock =
        Agent::start(&server.host, &[server.path("s.hcl")], Options::default()).await.expect("a start");
    let _real = RealNomad::start(&binary, &client);
    Server { place: &server, ports, binary: &binary }.ask_everything().await;
}

#[tokio::test]
async fn a_mock_clients_files_logs_and_commands_are_reached_through_a_real_server() {
    let Some(binary) = binary() else { return };
    let (server, client, ports) = pair().await;
    hide(&client);
    let _real = RealNomad::start(&binary, &server);
    let _mock =
        Agent::start(&client.host, &[client.path("s.hcl")], Options::default()).await.expect("a start");
    Server { place: &server, ports, binary: &binary }.ask_everything().await;
}

/// The first lines of a stream of events that an agent gives.
async fn first_events(place: &Workspace, http: u16) -> String {
    let output = tokio::process::Command::new("curl")
        .args(["-s", "-m", "5", &format!("http://127.0.0.1:{http}/v1/event/stream?topic=Node&index=1")])
        .kill_on_drop(true)
        .output();
    let output = place.host.clock.timeout(Duration::from_secs(10), output).await.expect("an end");
    String::from_utf8_lossy(&output.expect("curl").stdout).into_owned()
}

#[tokio::test]
async fn events_are_streamed_by_the_agents_of_clients() {
    let Some(binary) = binary() else { return };
    for is_real_client in [true, false] {
        let (server, client, ports) = pair().await;
        let (real, mock) = if is_real_client { (&client, &server) } else { (&server, &client) };
        let _real = RealNomad::start(&binary, real);
        let _mock =
            Agent::start(&mock.host, &[mock.path("s.hcl")], Options::default()).await.expect("a start");
        let at_server = Server { place: &server, ports, binary: &binary };
        at_server.node().await;
        let events = first_events(&client, http_port(&client)).await;
        assert!(events.contains("NodeRegistration"), "real client: {is_real_client}: {events}");
    }
}

/// The port of an agent's HTTP API, from its configuration.
fn http_port(place: &Workspace) -> u16 {
    let text = place.host.disk.read_to_string(place.path("s.hcl")).expect("a configuration");
    let port = text.split("http = ").filter_map(|part| part.split('\n').next()?.parse().ok()).next();
    port.expect("a port")
}

#[tokio::test]
async fn the_log_and_the_members_of_a_client_are_told_whoever_made_its_server() {
    let Some(binary) = binary() else { return };
    for is_real_client in [true, false] {
        let (server, client, ports) = pair().await;
        let (real, mock) = if is_real_client { (&client, &server) } else { (&server, &client) };
        let _real = RealNomad::start(&binary, real);
        let _mock =
            Agent::start(&mock.host, &[mock.path("s.hcl")], Options::default()).await.expect("a start");
        let at_server = Server { place: &server, ports, binary: &binary };
        let node = at_server.node().await;
        let query = format!("node_id={}&log_level=DEBUG&plain=true", node["ID"].as_str().unwrap_or_default());
        let url = format!("http://127.0.0.1:{}/v1/agent/monitor?{query}", ports.http);
        let log =
            tokio::process::Command::new("curl").args(["-s", "-m", "20", &url]).kill_on_drop(true).output();
        let own =
            Server { place: &client, ports: Ports { http: http_port(&client), ..ports }, binary: &binary };
        let asking = async {
            // Something that its agent logs, until the one who listens has heard it.
            for _ in 0..15 {
                own.json("GET", "/v1/client/allocation/nowhere/stats", Value::Null).await;
                client.host.clock.sleep(Duration::from_secs(1)).await;
            }
        };
        let (log, ()) = tokio::join!(log, asking);
        let log = String::from_utf8_lossy(&log.expect("curl").stdout).into_owned();
        assert!(log.contains("/v1/client/allocation/nowhere/stats"), "real client: {is_real_client}: {log}");
        let members = own.json("GET", "/v1/agent/members", Value::Null).await;
        let member = &members["Members"][0];
        assert_eq!(member["Addr"], "127.0.0.1", "real client: {is_real_client}: {members}");
        assert_eq!((&member["Status"], &member["ProtocolCur"]), (&json!("alive"), &json!(2)), "{members}");
        assert!(member["Tags"]["build"] == "1.11.3" && members["ServerDC"] == "dc1", "{members}");
    }
}
