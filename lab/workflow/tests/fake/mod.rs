//! A fleet of one server and one client whose programs do just enough: they answer the questions that a run asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use lab_wire::http::{Options, Peer, Request, Response, handler, serve_connection};
use lab_wire::rpc::{Codec, RPC_NOMAD};
use lab_workflow::{Fault, Fleet, FleetError, Node, Program, ProgramStatus, Role};
use lab_world::{Host, Line, Net, Simulation, Tasks};
use tokio::io::AsyncReadExt;

/// What the fake cluster answers; tests change it while a run goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// The client's status.
    pub(crate) client: String,
    /// Whether the server takes plaintext RPC.
    pub(crate) takes_plaintext: bool,
    /// Goes up with every change.
    index: u64,
    jobs: Vec<String>,
}

pub(crate) struct FakeFleet {
    operator: Host,
    nodes: Vec<Node>,
    hosts: BTreeMap<String, Host>,
    running: Mutex<BTreeMap<(String, Program), Tasks>>,
    pub(crate) answers: Arc<Mutex<Answers>>,
}

impl FakeFleet {
    pub(crate) fn new(world: &Simulation) -> Self {
        let operator = world.host("operator");
        let mut hosts = BTreeMap::new();
        let mut nodes = Vec::new();
        for (name, role) in [("server-1", Role::Server), ("client-1", Role::Client)] {
            let host = world.host(name);
            let address = host.net.address();
            let is_server = role == Role::Server;
            nodes.push(Node {
                name: name.to_owned(),
                role,
                region: "global".to_owned(),
                address,
                http: is_server.then(|| (address, 4646).into()),
                rpc: is_server.then(|| (address, 4647).into()),
                serf: None,
                vault: None,
            });
            hosts.insert(name.to_owned(), host);
        }
        let answers =
            Answers { client: "ready".to_owned(), takes_plaintext: true, index: 1, jobs: Vec::new() };
        Self { operator, nodes, hosts, running: Mutex::default(), answers: Arc::new(Mutex::new(answers)) }
    }

    fn set_client(&self, status: &str) {
        let mut answers = self.answers.lock().expect("no panic");
        answers.index += 1;
        status.clone_into(&mut answers.client);
    }

    async fn serve(&self, host: &Host) -> Tasks {
        let tasks = Tasks::new();
        let address = host.net.address();
        let mut http = host.net.listen((address, 4646).into()).await.expect("a free port");
        let mut rpc = host.net.listen((address, 4647).into()).await.expect("a free port");
        let (answers, clock, inner) = (self.answers.clone(), host.clock.clone(), tasks.clone());
        let handling = clock.clone();
        let handler = handler(move |request: Request, _: Peer| {
            let (answers, clock) = (answers.clone(), handling.clone());
            async move {
                // A blocking query: it waits as long as its index is the newest one.
                for _ in 0..parameter(&request, "wait").unwrap_or(0) {
                    if answers.lock().expect("no panic").index > parameter(&request, "index").unwrap_or(0) {
                        break;
                    }
                    clock.sleep(Duration::from_secs(1)).await;
                }
                answer(&request, &mut answers.lock().expect("no panic"))
            }
        });
        tasks.spawn(async move {
            while let Ok(stream) = http.accept().await {
                let (handler, clock, peer) = (handler.clone(), clock.clone(), Peer::plain(stream.peer()));
                inner.spawn(async move {
                    let _ = serve_connection(stream, peer, handler, &clock, Options::default()).await;
                });
            }
        });
        let (answers, inner) = (self.answers.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Ok(mut stream) = rpc.accept().await {
                let answers = answers.clone();
                inner.spawn(async move {
                    let is_taken = answers.lock().expect("no panic").takes_plaintext;
                    if !matches!(stream.read_u8().await, Ok(RPC_NOMAD)) || !is_taken {
                        return;
                    }
                    let mut codec = Codec::new(stream);
                    while let Ok(request) = codec.read_request().await {
                        let _ = codec.write_response(&request, &Ok(rmpv::Value::Map(Vec::new()))).await;
                    }
                });
            }
        });
        tasks
    }
}

/// A number in a request's query, with or without a unit.
fn parameter(request: &Request, name: &str) -> Option<u64> {
    let query = request.uri().query()?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    value.trim_end_matches('s').parse().ok()
}

/// The HTTP API as far as a run asks for it.
fn answer(request: &Request, answers: &mut Answers) -> Response {
    let body = match request.uri().path() {
        "/v1/status/leader" => format!("\"{}:4647\"", request.uri().host().unwrap_or("10.0.0.2")),
        "/v1/nodes" => format!("[{{\"Name\":\"client-1\",\"Status\":{:?}}}]", answers.client),
        "/v1/jobs" => {
            let body: serde_json::Value = serde_json::from_slice(request.body()).expect("JSON");
            answers.index += 1;
            answers.jobs.push(body["Job"]["ID"].as_str().expect("a job has an id").to_owned());
            "{}".to_owned()
        }
        "/v1/allocations" => {
            let stubs: Vec<String> = answers.jobs.iter().map(|job| {
                format!(
                    "{{\"ID\":\"{job}-0\",\"JobID\":{job:?},\"Name\":\"{job}.{job}[0]\",\"NodeName\":\"client-1\",\
                     \"DesiredStatus\":\"run\",\"ClientStatus\":\"running\"}}"
                )
            }).collect();
            format!("[{}]", stubs.join(","))
        }
        "/v1/agent/self" => "{\"config\":{}}".to_owned(),
        path => panic!("nobody asks for {path}"),
    };
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert("X-Nomad-Index", answers.index.into());
    response
}

impl Fleet for FakeFleet {
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn operator(&self) -> &Host {
        &self.operator
    }

    fn net(&self, node: &str) -> Result<Net, FleetError> {
        Ok(self.hosts[node].net.clone())
    }

    fn read<'a>(&'a self, node: &'a str, path: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FleetError>> {
        let failed = |error: lab_world::DiskError| FleetError::File {
            node: node.to_owned(),
            cause: error.to_string(),
        };
        Box::pin(async move { self.hosts[node].disk.read(path).map_err(failed) })
    }

    fn write<'a>(
        &'a self,
        node: &'a str,
        path: &'a str,
        bytes: &'a [u8],
        _: u32,
    ) -> BoxFuture<'a, Result<(), FleetError>> {
        let failed = |error: lab_world::DiskError| FleetError::File {
            node: node.to_owned(),
            cause: error.to_string(),
        };
        Box::pin(async move { self.hosts[node].disk.write(path, bytes).map_err(failed) })
    }

    fn start<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let tasks = if node == "server-1" { self.serve(&self.hosts[node]).await } else { Tasks::new() };
            self.running.lock().expect("no panic").insert((node.to_owned(), program), tasks);
            Ok(())
        })
    }

    fn stop<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.running.lock().expect("no panic").remove(&(node.to_owned(), program));
            Ok(())
        })
    }

    fn kill<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        self.stop(node, program)
    }

    /// As a real reload that changes nothing.
    fn reload<'a>(&'a self, _: &'a str, _: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async { Ok(()) })
    }

    fn status(&self, node: &str, program: Program) -> ProgramStatus {
        match self.running.lock().expect("no panic").contains_key(&(node.to_owned(), program)) {
            true => ProgramStatus::Running,
            false => ProgramStatus::Stopped,
        }
    }

    fn log(&self, _: &str, _: Program, mark: usize) -> (Vec<Line>, usize) {
        (Vec::new(), mark)
    }

    /// Every fault of this fleet is that the client goes down.
    fn inject<'a>(&'a self, _: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        self.set_client("down");
        Box::pin(async { Ok(()) })
    }

    fn heal<'a>(&'a self, _: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        self.set_client("ready");
        Box::pin(async { Ok(()) })
    }
}
