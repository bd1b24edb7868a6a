//! Checks that ask by HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use lab_wire::http::{Body, Client, Request, percent_escape};
use lab_wire::tls::{ClientTls, ServerVerify};
use lab_world::Host;

use super::definition::HttpRequest;
use super::result::{Finding, Status};

/// What is said of an answer of 200.
pub(super) const OK: &str = "nomad: http ok";
/// How much of another answer is kept.
const KEPT: usize = 3 * 1024;
/// How often an answer may lead elsewhere.
const REDIRECTS: usize = 10;
const USER_AGENT: &str = "Nomad/1.11.3 (+https://developer.hashicorp.com/nomad/; go1.26.8)";

/// Asks once; answers below 400 are good ones.
pub(super) async fn ask(host: &Host, request: &HttpRequest, address: &str, timeout: Duration) -> Finding {
    let mut asked = url(request, address);
    let answer = host.clock.timeout(timeout, follow(host, request, &mut asked)).await;
    match answer {
        None => failure(request, &asked, "context deadline exceeded"),
        Some(Err(problem)) => failure(request, &asked, &problem),
        Some(Ok(finding)) => finding,
    }
}

/// What is said when a request got no answer.
pub(super) fn failed(request: &HttpRequest, address: &str, problem: &str) -> String {
    failure(request, &url(request, address), problem).output
}

/// What an answer means, of which no more is read than is kept.
async fn judge(status: StatusCode, mut body: Body) -> Finding {
    let status_code = status.as_u16();
    let mut kept = Vec::new();
    let mut problem = None;
    while status_code != 200 && kept.len() < KEPT && problem.is_none() {
        match body.next().await {
            Ok(Some(piece)) => kept.extend(piece),
            Ok(None) => break,
            Err(error) => problem = Some(format!("nomad: {error}")),
        }
    }
    kept.truncate(KEPT);
    let output = match (status_code, problem) {
        (200, _) => OK.to_owned(),
        (_, Some(problem)) => problem,
        (_, None) => String::from_utf8_lossy(&kept).into_owned(),
    };
    let status = if status_code < 400 { Status::Success } else { Status::Failure };
    Finding { status, status_code, output }
}

fn failure(request: &HttpRequest, url: &str, problem: &str) -> Finding {
    let mut verb = request.method.to_ascii_lowercase();
    if let Some(first) = verb.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Finding::failure(format!("nomad: {verb} \"{url}\": {problem}"))
}

/// The URL that is asked; a path of two slashes leads to another host.
fn url(request: &HttpRequest, address: &str) -> String {
    let path = request.path.split('#').next().unwrap_or_default();
    let path = percent_escape(path, |byte| b"-_.~!$&'()*+,;=:@/?%".contains(&byte));
    match path.strip_prefix('/') {
        Some(elsewhere) if elsewhere.starts_with('/') => format!("{}:{path}", request.protocol),
        Some(path) => format!("{}://{address}/{path}", request.protocol),
        None => format!("{}://{address}/{path}", request.protocol),
    }
}

/// Asks, and goes where the answers lead.
async fn follow(host: &Host, wanted: &HttpRequest, asked: &mut String) -> Result<Finding, String> {
    let verify = |uri: &Uri| match wanted.trusts_all {
        true => ServerVerify::None,
        false => ServerVerify::Name(uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned()),
    };
    let mut method: Method =
        wanted.method.parse().map_err(|_| format!("net/http: invalid method {:?}", wanted.method))?;
    let mut body = Bytes::from(wanted.body.clone());
    for _ in 0..=REDIRECTS {
        let uri: Uri = dialled(asked).parse().map_err(|error| format!("{error}"))?;
        let client =
            Client::new(&host.net, &host.clock).tls(ClientTls::new(&host.clock).verify(verify(&uri)));
        let request = with_headers(wanted, method.clone(), uri, body.clone())?;
        let (head, answer) = client.open(request).await.map_err(|error| error.to_string())?;
        let status = head.status.as_u16();
        let place = head.headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
        let Some(place) = place.filter(|_| matches!(status, 301..=303 | 307 | 308)) else {
            return Ok(judge(head.status, answer).await);
        };
        if status <= 303 {
            if method != Method::HEAD {
                method = Method::GET;
            }
            body = Bytes::new();
        }
        *asked = resolved(asked, place);
    }
    Err(format!("stopped after {REDIRECTS} redirects"))
}

fn with_headers(wanted: &HttpRequest, method: Method, uri: Uri, body: Bytes) -> Result<Request, String> {
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    for (name, value) in &wanted.headers {
        let known = HeaderName::try_from(name.as_str());
        let name = known.map_err(|_| format!("net/http: invalid header field name {name:?}"))?;
        let value = HeaderValue::try_from(value.as_str());
        let value = value.map_err(|_| format!("net/http: invalid header field value for {name:?}"))?;
        headers.append(name, value);
    }
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
    Ok(request)
}

/// A URL without a host is of this machine.
fn dialled(url: &str) -> String {
    url.replacen("://:", "://localhost:", 1)
}

/// Where an answer to `asked` leads.
fn resolved(asked: &str, place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    let (protocol, rest) = asked.split_once("://").unwrap_or(("http", asked));
    if place.starts_with("//") {
        return format!("{protocol}:{place}");
    }
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split('?').next().unwrap_or_default();
    match place.strip_prefix('/') {
        Some(place) => format!("{protocol}://{address}/{place}"),
        None => {
            let directory = path.rsplit_once('/').map(|(directory, _)| format!("{directory}/"));
            format!("{protocol}://{address}/{}{place}", directory.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn request(path: &str) -> HttpRequest {
        let text = str::to_owned;
        let (protocol, method, path) = (text("http"), text("PUT"), text(path));
        HttpRequest { protocol, method, path, headers: Vec::new(), body: String::new(), trusts_all: false }
    }

    #[test]
    fn urls_are_written_as_they_are_asked() {
        let url = |path: &str| url(&request(path), "127.0.0.1:80");
        assert_eq!(url("/a b?q#z"), "http://127.0.0.1:80/a%20b?q");
        assert_eq!(url("a"), "http://127.0.0.1:80/a");
        assert_eq!(url("//other/x"), "http://other/x");
        assert_eq!(dialled("http://:80/"), "http://localhost:80/");
        assert_eq!(failed(&request("/"), ":80", "EOF"), "nomad: Put \"http://:80/\": EOF");
    }

    #[test]
    fn answers_lead_elsewhere() {
        let from = "http://a:80/b/c?d";
        for (place, wanted) in [
            ("https://x/y", "https://x/y"),
            ("//x/y", "http://x/y"),
            ("/y", "http://a:80/y"),
            ("y", "http://a:80/b/y"),
        ] {
            assert_eq!(resolved(from, place), wanted);
        }
        assert_eq!(resolved("http://a", "y"), "http://a/y");
    }
}
