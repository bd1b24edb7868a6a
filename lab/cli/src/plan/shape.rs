//! What a plan needs to know of a cluster.

use std::time::Duration;

use lab_verify::{Cluster, Heartbeats, TlsSettings};

use super::arguments::PlanArguments;
use super::issuing::Issuing;

/// A cluster's machines and settings.
pub(super) struct Shape {
    pub(super) region: String,
    pub(super) servers: Vec<String>,
    pub(super) clients: Vec<String>,
    pub(super) heartbeats: Heartbeats,
    /// What the servers' files say about TLS, where there are files with a `tls` block.
    pub(super) server_tls: Option<TlsSettings>,
    pub(super) client_tls: Option<TlsSettings>,
    pub(super) issuing: Issuing,
}

/// Where guide 003 has the files.
const USUAL: [&str; 3] =
    ["/opt/nomad/agent-certs/ca.crt", "/opt/nomad/agent-certs/agent.crt", "/opt/nomad/agent-certs/agent.key"];

impl Shape {
    pub(super) fn of(arguments: &PlanArguments, cluster: Option<&Cluster>) -> Self {
        let views = cluster.map(Cluster::agent_views).unwrap_or_default();
        let named = |wants_server: bool| -> Vec<String> {
            let of_role = views.iter().filter(|view| view.configuration().is_server == wants_server);
            of_role.map(|view| view.node.to_owned()).collect()
        };
        let tls = |wants_server: bool| {
            let mut of_role = views.iter().map(|view| view.configuration());
            let found = of_role.find(|configuration| configuration.is_server == wants_server);
            found.map(|configuration| configuration.tls.clone()).filter(|tls| tls.is_configured)
        };
        let server =
            views.iter().map(|view| view.configuration()).find(|configuration| configuration.is_server);
        let region = server.map_or_else(|| "global".to_owned(), |server| server.region.clone());
        Self {
            issuing: Issuing::of(cluster, &region),
            region,
            servers: filled(named(true), arguments.servers.map(u32::from), "server", 3),
            clients: filled(named(false), arguments.clients, "client", 3),
            heartbeats: server.map_or(DEFAULTS, |server| server.heartbeats),
            server_tls: tls(true),
            client_tls: tls(false),
        }
    }

    /// The three lines that name the files, as the cluster's own configuration has them.
    pub(super) fn files(&self, is_server: bool) -> String {
        let tls = if is_server { &self.server_tls } else { &self.client_tls };
        let own = tls.as_ref().map(|tls| [&tls.ca_file, &tls.cert_file, &tls.key_file]);
        let file = |index: usize| match own {
            Some(own) if !own[index].is_empty() => own[index].clone(),
            _ => USUAL[index].to_owned(),
        };
        format!("  ca_file   = {:?}\n  cert_file = {:?}\n  key_file  = {:?}\n", file(0), file(1), file(2))
    }

    /// Whether the HTTP port is to want a client certificate: as the files say, or as the guides do.
    pub(super) fn verifies_https(&self, is_server: bool) -> bool {
        let tls = if is_server { &self.server_tls } else { &self.client_tls };
        tls.as_ref().is_none_or(|tls| tls.verify_https_client)
    }

    /// Whether names are checked while plaintext is still accepted: only where the files say so themselves.
    pub(super) fn verifies_while_mixed(&self) -> bool {
        self.server_tls.as_ref().is_some_and(|tls| tls.rpc_upgrade_mode && tls.verify_server_hostname)
    }
}

/// Nomad's own settings.
const DEFAULTS: Heartbeats = Heartbeats {
    grace: Duration::from_secs(10),
    min_ttl: Duration::from_secs(10),
    failover_ttl: Duration::from_secs(300),
    max_per_second: 50.0,
};

/// The machines of the files, with as many more as were asked for; as many as usual where nothing says how many.
fn filled(mut names: Vec<String>, wanted: Option<u32>, role: &str, usual: usize) -> Vec<String> {
    names.sort();
    let wanted = match wanted {
        Some(wanted) => wanted as usize,
        None if names.is_empty() && role == "client" => usual,
        None => names.len(),
    };
    for number in names.len() + 1..=wanted {
        names.push(format!("{role}-{number}"));
    }
    names
}
