//! A Nomad that is asked over its HTTP API.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use lab_wire::http::{Client as HttpClient, percent_escape};
use lab_world::Host;
use serde_json::Value as Json;

use crate::Error;
use crate::config::NomadConfig;
use crate::query::{Nomad, NomadAnswer, Question};
use crate::tls::client_tls;

/// How long an agent may wait for something new, and how much longer the answer may take.
const WAIT: Duration = Duration::from_secs(60);
const SLACK: Duration = Duration::from_secs(15);

/// The agent that the configuration names.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    http: HttpClient,
    address: String,
    token: String,
}

impl Agent {
    pub(crate) fn new(host: &Host, config: &NomadConfig) -> Result<Self, Error> {
        let usual = "http://127.0.0.1:4646";
        let address = if config.address.is_empty() { usual } else { config.address.trim_end_matches('/') };
        let tls = client_tls(host, &config.tls, address, "nomad")?;
        let http = HttpClient::new(&host.net, &host.clock).timeout(WAIT + SLACK).tls(tls);
        Ok(Self { http, address: address.to_owned(), token: config.token.clone() })
    }

    async fn get(
        self,
        path: String,
        parameters: Vec<(&'static str, String)>,
    ) -> Result<(Option<Json>, u64), String> {
        let set = parameters.iter().filter(|(name, value)| *name == "stale" || !value.is_empty());
        let query: Vec<String> = set.map(|(name, value)| format!("{name}={}", encoded(value, ""))).collect();
        let url = format!("{}/v1/{path}?{}", self.address, query.join("&"));
        let uri: Uri =
            url.parse().map_err(|error: http::uri::InvalidUri| format!("parse {url:?}: {error}"))?;
        let mut request = http::Request::builder().method(Method::GET).uri(uri.clone());
        if !self.token.is_empty() {
            request = request.header("X-Nomad-Token", &self.token);
        }
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        let response = self.http.send(request).await.map_err(|error| error.in_url(&Method::GET, &uri))?;
        let header = response.headers().get("X-Nomad-Index").and_then(|index| index.to_str().ok());
        // Something that never was there has no index, and is new once.
        let index = header.and_then(|index| index.parse().ok()).unwrap_or(0).max(1);
        let body = String::from_utf8_lossy(response.body());
        match response.status() {
            StatusCode::OK => lab_wire::go_json::unmarshal(&body).map(|found| (Some(found), index)),
            StatusCode::NOT_FOUND => Ok((None, index)),
            status => {
                let code = status.as_u16();
                Err(format!("Unexpected response code: {code} ({})", body.trim_end()))
            }
        }
    }
}

impl Nomad for Agent {
    fn ask(&self, question: &Question, index: u64) -> NomadAnswer {
        let agent = self.clone();
        let index = if index == 0 { String::new() } else { index.to_string() };
        let wait = format!("{}ms", WAIT.as_millis());
        let request = |path: String, first: [(&'static str, String); 3], region: &str| {
            let [choose, namespace, prefix] = first;
            let parameters = vec![
                choose,
                ("index", index),
                namespace,
                prefix,
                ("region", region.to_owned()),
                ("stale", String::new()),
                ("wait", wait),
            ];
            agent.get(path, parameters)
        };
        let none = |name: &'static str| (name, String::new());
        let namespace_or = |namespace: &str| match namespace {
            "" => ("namespace", "default".to_owned()),
            namespace => ("namespace", namespace.to_owned()),
        };
        match question {
            Question::Variable { path, namespace, region } => {
                let first = [none("choose"), namespace_or(namespace), none("prefix")];
                Box::pin(request(format!("var/{}", encoded(path, "/")), first, region))
            }
            Question::Variables { prefix, namespace, region } => {
                let first = [none("choose"), namespace_or(namespace), ("prefix", prefix.clone())];
                let asked = request("vars".to_owned(), first, region);
                Box::pin(async {
                    match asked.await {
                        // Who may see none sees none.
                        Err(error) if error.contains("Permission denied") => Ok((None, 1)),
                        answer => answer,
                    }
                })
            }
            Question::Service { name, region, choose } => {
                let first = [("choose", choose.clone()), none("namespace"), none("prefix")];
                Box::pin(request(format!("service/{name}"), first, region))
            }
            Question::Services { region } => {
                let first = [none("choose"), none("namespace"), none("prefix")];
                Box::pin(request("services".to_owned(), first, region))
            }
        }
    }
}

fn encoded(text: &str, kept: &str) -> String {
    percent_escape(text, |byte| b"-_.~".contains(&byte) || kept.as_bytes().contains(&byte))
}
