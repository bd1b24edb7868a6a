//! A provider of identities that gives the answers it gave when a recording was made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use lab_wire::http::{Options, Peer, Request, Response, handler, serve_connection};
use lab_world::{Host, Tasks};

/// Where it was reached when the recordings were made, which their tokens say.
const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 18200);

/// Status, content type and body by method, path and code.
type Answers = BTreeMap<String, (u16, String, String)>;

/// Serves the answers in `fixtures/conformance/NAME.json` for as long as the tasks are kept.
pub(crate) async fn start(host: &Host, name: &str) -> Tasks {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance").join(format!("{name}.json"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let answers: Answers = serde_json::from_str(&text).expect("a recording is JSON");
    let mut listener = host.net.listen(ADDRESS.into()).await.expect("a free port");
    let serve = handler(move |request: Request, _| {
        let answer = answer(&answers, &request);
        async move { answer }
    });
    let (tasks, clock) = (Tasks::new(), host.clock.clone());
    let scope = tasks.clone();
    tasks.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            let (peer, serve, clock) = (Peer::plain(stream.peer()), serve.clone(), clock.clone());
            scope.spawn(async move {
                let _ = serve_connection(stream, peer, serve, &clock, Options::default()).await;
            });
        }
    });
    tasks
}

fn answer(answers: &Answers, request: &Request) -> Response {
    let form = String::from_utf8_lossy(request.body());
    let code = form.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or_default();
    let asked = format!("{} {} {code}", request.method(), request.uri().path());
    let (status, kind, body) = answers.get(asked.trim_end()).cloned().unwrap_or((
        500,
        "text/plain".to_owned(),
        format!("{asked} was not recorded"),
    ));
    let response = http::Response::builder().status(status).header("Content-Type", kind);
    response.body(Bytes::from(body)).expect("a recorded answer is one")
}
