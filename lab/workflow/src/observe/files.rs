//! The certificates in the machines' files.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lab_pki::{Certificate, KeyPair};
use lab_wire::tls::Identity;
use time::OffsetDateTime;

use crate::fleet::{Fleet, Node};
use crate::nomad::NomadApi;
use crate::run::Recorder;
use crate::run::templates::{AGENT_CERTIFICATE, AGENT_KEY, CLI_CERTIFICATE, CLI_KEY};
use crate::timeline::Event;

/// What the files held when they were looked at last, by node and path.
#[derive(Default)]
pub(super) struct Files {
    seen: Mutex<BTreeMap<(String, &'static str), Pair>>,
}

/// A certificate file and a key file.
type Pair = (Vec<u8>, Vec<u8>);

impl Files {
    pub(super) async fn look(&self, fleet: &dyn Fleet, recorder: &Recorder<'_>, nomad: &NomadApi) {
        let mut is_first = true;
        for node in fleet.nodes().iter().filter(|node| node.runs_nomad()) {
            // The command line's certificate is on every node; one is enough for the operator.
            let is_operators = std::mem::take(&mut is_first);
            if let Some((certificate, key)) = self.changed(fleet, node, AGENT_CERTIFICATE, AGENT_KEY).await {
                let now = fleet.operator().clock.now();
                recorder.record(describe(node, AGENT_CERTIFICATE, &certificate, &key, now));
                if is_operators && let Ok(identity) = identity(&certificate, &key) {
                    nomad.borrow_identity(identity);
                }
            }
            if is_operators
                && let Some((certificate, key)) = self.changed(fleet, node, CLI_CERTIFICATE, CLI_KEY).await
                && let Ok(identity) = identity(&certificate, &key)
            {
                nomad.set_identity(identity);
            }
        }
    }

    /// The two files, where both are there and either is another than before.
    async fn changed(
        &self,
        fleet: &dyn Fleet,
        node: &Node,
        certificate: &'static str,
        key: &'static str,
    ) -> Option<Pair> {
        let pair = (fleet.read(&node.name, certificate).await.ok()?, fleet.read(&node.name, key).await.ok()?);
        let mut seen = self.seen.lock().expect("no panic while looking at files");
        let place = (node.name.clone(), certificate);
        if seen.get(&place) == Some(&pair) {
            return None;
        }
        seen.insert(place, pair.clone());
        Some(pair)
    }
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<Identity, String> {
    let (certificate, key) = (String::from_utf8_lossy(certificate), String::from_utf8_lossy(key));
    Identity::from_pem(&certificate, &key).map_err(|error| error.to_string())
}

fn describe(node: &Node, path: &str, certificate: &[u8], key: &[u8], now: OffsetDateTime) -> Event {
    let read = || -> Result<(Certificate, KeyPair), String> {
        let certificate =
            Certificate::from_pem(&String::from_utf8_lossy(certificate)).map_err(|e| e.to_string())?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(key)).map_err(|e| e.to_string())?;
        Ok((certificate, key))
    };
    let node = node.name.clone();
    let path = path.to_owned();
    match read() {
        Ok((certificate, key)) => Event::CertificateFiles {
            node,
            path,
            names: certificate.dns_names().to_vec(),
            paired: lab_pki::key_matches(&certificate, &key),
            age_s: (now - certificate.not_before()).whole_seconds(),
            left_s: (certificate.not_after() - now).whole_seconds(),
            error: None,
        },
        Err(error) => Event::CertificateFiles {
            node,
            path,
            names: Vec::new(),
            paired: false,
            age_s: 0,
            left_s: 0,
            error: Some(error),
        },
    }
}
