//! What rules look at, and what they all want to know of it.

use std::time::Duration;

use lab_pki::{Certificate, key_matches};
use time::OffsetDateTime;

use crate::agent::Agent;
use crate::cluster::{Cluster, Node};
use crate::finding::{Finding, Place};
use crate::templating::{Product, Templating};

/// An agent among others.
pub(super) struct Subject<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) node: &'a Node,
    pub(super) agent: &'a Agent,
}

impl<'a> Subject<'a> {
    pub(super) fn finding(&self, code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(code, message).on(&self.node.name)
    }

    /// Its own certificate: the key's, wherever it stands in the file, or the first.
    pub(super) fn leaf(&self) -> Option<&'a Certificate> {
        let material = &self.agent.material;
        let chain = material.certificates.content()?;
        let own = |key| chain.iter().find(|certificate| key_matches(certificate, key));
        material.key.content().and_then(own).or_else(|| chain.first())
    }

    /// Where its certificate is named, with the certificate's names under it.
    pub(super) fn leaf_place(&self) -> Option<Place> {
        self.agent.place(&["tls", "cert_file"], self.leaf().map(names).unwrap_or_default())
    }

    pub(super) fn uses_tls(&self) -> bool {
        let tls = &self.agent.configuration.tls;
        tls.rpc || tls.http
    }

    /// Whether a template of this node, or of no node in particular, writes this file.
    pub(super) fn is_rendered(&self, path: &str) -> bool {
        if path.is_empty() {
            return false;
        }
        let others = self.cluster.nodes.iter().filter(|node| node.agent.is_none());
        let templatings = self.node.templatings.iter().chain(others.flat_map(|node| &node.templatings));
        templatings
            .into_iter()
            .any(|templating| templating.renderings.iter().any(|rendering| rendering.writes(path)))
    }
}

/// A process that renders templates.
pub(super) struct Rendered<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) node: &'a Node,
    pub(super) templating: &'a Templating,
    pub(super) products: Vec<Product>,
}

impl Rendered<'_> {
    pub(super) fn finding(&self, code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(code, message).on(&self.node.name)
    }

    /// Whether an agent reads its certificate, key or authorities from here.
    pub(super) fn is_read_by_an_agent(&self, destination: &str) -> bool {
        let own = self.node.agent.iter();
        let others = self.cluster.agents().map(|(_, agent)| agent).filter(|_| self.node.agent.is_none());
        own.chain(others).any(|agent| {
            let tls = &agent.configuration.tls;
            [&tls.ca_file, &tls.cert_file, &tls.key_file].into_iter().any(|file| file == destination)
        })
    }
}

/// `SAN: server.global.nomad, localhost, 127.0.0.1`, cut where it gets long.
pub(super) fn names(certificate: &Certificate) -> String {
    let mut all: Vec<String> = certificate.dns_names().to_vec();
    all.extend(certificate.ip_addresses().iter().map(ToString::to_string));
    if all.is_empty() {
        return match certificate.common_name() {
            "" => "no names".to_owned(),
            name => format!("CN: {}, no SAN", clip(name)),
        };
    }
    format!("SAN: {}", clip(&all.join(", ")))
}

/// A text that fits under a line.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
    }
}

/// All names that Nomad's own checks look at.
pub(super) fn all_names(certificate: &Certificate) -> impl Iterator<Item = &str> {
    certificate
        .dns_names()
        .iter()
        .map(String::as_str)
        .chain(Some(certificate.common_name()).filter(|name| !name.is_empty()))
}

/// `9 h`, `12 days`
pub(super) fn shown(span: time::Duration) -> String {
    let seconds = span.whole_seconds().unsigned_abs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The same of a duration that is not negative.
pub(super) fn shown_duration(span: Duration) -> String {
    shown(time::Duration::try_from(span).unwrap_or(time::Duration::MAX))
}

/// `2026-11-22`
pub(super) fn day(moment: OffsetDateTime) -> String {
    lab_world::format_rfc3339(moment).chars().take(10).collect()
}
