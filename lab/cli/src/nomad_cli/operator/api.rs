//! `nomad operator api`

use std::io::{IsTerminal, Read};

use bytes::Bytes;
use http::Method;
use lab_wire::http::{Request, query_escape};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "operator api",
    synopsis: "Query Nomad's HTTP API",
    usage: "[options] <path>",
    flags: &[
        ("dryrun", Takes::Bool, "Print the same as a call of curl."),
        ("filter", Takes::Text, "An expression that what is listed must satisfy."),
        ("H", Takes::Text, "A header; may be given several times."),
        ("verbose", Takes::Bool, "Show the headers of both sides."),
        ("X", Takes::Text, "The method. GET, or POST where something comes from standard input."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let path = match session.arguments() {
        [] => return misused("A path or URL is required"),
        [path] => path.as_str(),
        several => {
            return misused(format!(
                "operator api accepts exactly 1 argument, but {} arguments were found",
                several.len()
            ));
        }
    };
    let api = session.api()?;
    let url = match path {
        path if path.starts_with("http://") || path.starts_with("https://") => path.to_owned(),
        path if path.starts_with('/') => format!("{}{path}", api.address()),
        other => format!("http://{other}"),
    };
    let url = match session.text("filter") {
        "" => url,
        filter => {
            format!("{url}{}filter={}", if url.contains('?') { '&' } else { '?' }, query_escape(filter))
        }
    };
    let url = with_target(session, url)?;
    let has_input = !session.is_set("dryrun") && !std::io::stdin().is_terminal();
    let mut body = Vec::new();
    if has_input {
        // A stream that cannot be read has nothing to send.
        let _ = std::io::stdin().read_to_end(&mut body);
    }
    let method = match session.text("X") {
        "" if !body.is_empty() => "POST",
        "" => "GET",
        method => method,
    };
    if session.is_set("dryrun") {
        session.say(curl(session, method, &url));
        return Ok(0);
    }
    let request = request(session, method, &url, body)?;
    if session.is_set("verbose") {
        told(session, '>', &format!("{method} {}", request.uri().path()), request.headers());
    }
    let answer = api.client().send(request).map_err(Fault::of("Error performing request"))?;
    if session.is_set("verbose") {
        told(session, '<', &format!("HTTP/1.1 {}", answer.status()), answer.headers());
    }
    session.write(answer.body());
    Ok(0)
}

/// The URL with the region and the namespace that the flags and the environment say.
fn with_target(session: &Session<'_>, url: String) -> Result<String, Fault> {
    let target = session.api()?.target();
    let mut url = url;
    for (name, value) in [("namespace", &target.namespace), ("region", &target.region)] {
        if !value.is_empty() && !url.contains(&format!("{name}=")) {
            let joint = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{joint}{name}={}", query_escape(value));
        }
    }
    Ok(url)
}

fn request(session: &Session<'_>, method: &str, url: &str, body: Vec<u8>) -> Result<Request, Fault> {
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Fault::Told(format!("Error creating request: net/http: invalid method {method:?}")))?;
    let mut request = http::Request::builder().method(method).uri(url);
    let token = &session.api()?.target().token;
    if !token.is_empty() {
        request = request.header("X-Nomad-Token", token);
    }
    for header in session.flags.texts("H") {
        match header.split_once(':') {
            Some((name, value)) => request = request.header(name.trim(), value.trim()),
            None => return fail(format!("Error parsing header: {header:?}")),
        }
    }
    request
        .body(Bytes::from(body))
        .map_err(|error| Fault::Told(format!("Error creating request: parse {url:?}: {error}")))
}

fn told(session: &Session<'_>, mark: char, first: &str, headers: &http::HeaderMap) {
    session.warn(format!("{mark} {first}"));
    for (name, value) in headers {
        session.warn(format!("{mark} {name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    session.warn(mark.to_string());
}

/// The same as a call of curl, a line an argument.
fn curl(session: &Session<'_>, method: &str, url: &str) -> String {
    let mut parts = vec!["curl".to_owned()];
    if method != "GET" {
        parts.push(format!("-X {method}"));
    }
    if !session.text("token").is_empty() {
        parts.push(format!("-H 'X-Nomad-Token: {}'", session.text("token")));
    } else if session.environment.get("NOMAD_TOKEN").is_some() {
        parts.push("-H \"X-Nomad-Token: ${NOMAD_TOKEN}\"".to_owned());
    }
    for header in session.flags.texts("H") {
        parts.push(format!("-H '{header}'"));
    }
    if let Ok(api) = session.api() {
        let tls = &api.target().tls;
        for (option, value) in [
            ("--cacert", &tls.ca_cert),
            ("--capath", &tls.ca_path),
            ("--cert", &tls.client_cert),
            ("--key", &tls.client_key),
        ] {
            if !value.is_empty() {
                parts.push(format!("{option} {value:?}"));
            }
        }
        if tls.skip_verify {
            parts.push("--insecure".to_owned());
        }
    }
    parts.push(if url.contains(['&', '?', '\'', ' ']) { format!("'{url}'") } else { url.to_owned() });
    parts.join(" \\\n  ")
}
