//! TLS004, TLS006, TLS008, TLS009 and WID402: what a running agent does, and what Vault makes of its keys.

use std::ffi::OsString;
use std::time::Duration;

use lab_world::Clock;

use crate::programs::{Running, Vault, binary, command, found, pause, ports, said, until, until_it_runs};
use crate::support::{Node, Site};

/// A real server agent with the certificates of a node.
pub(crate) struct Agent {
    pub(crate) site: Site,
    pub(crate) rpc: u16,
    pub(crate) http: u16,
    pub(crate) serf: u16,
    /// How it is asked: `https` with the node's own certificate, or `http`.
    scheme: &'static str,
    binary: OsString,
    pub(crate) _running: Running,
}

impl Agent {
    /// Starts it on ports of its own; `None` where there is no real Nomad.
    pub(crate) fn start(node: &Node) -> Option<Self> {
        Self::start_in(Site::new(), node, &[])
    }

    /// The same in a site that may have more configuration, with replacements in the node's own.
    pub(crate) fn start_in(site: Site, node: &Node, replacements: &[(&str, &str)]) -> Option<Self> {
        let binary = binary("LAB_NOMAD_BIN")?;
        node.write(&site);
        for file in ["agent.crt", "agent.key", "ca.crt"] {
            let (from, to) = (format!("\"/certs/{file}\""), site.path(&format!("certs/{file}")));
            let text = std::fs::read_to_string(site.path("etc/nomad.hcl")).expect("a file");
            site.write("etc/nomad.hcl", text.replace(&from, &format!("{:?}", to.display().to_string())));
        }
        site.replace("etc/nomad.hcl", "/opt/nomad/data", &site.path("data").display().to_string());
        site.replace("etc/nomad.hcl", "bootstrap_expect = 3", "bootstrap_expect = 1");
        for (from, to) in replacements {
            site.replace("etc/nomad.hcl", from, to);
        }
        let [http, rpc, serf] = ports();
        let local = format!(
            "bind_addr = \"127.0.0.1\"\ndisable_update_check = true\nports {{\n  http = {http}\n  rpc = {rpc}\n  serf = {serf}\n}}\n\
             advertise {{\n  http = \"127.0.0.1\"\n  rpc = \"127.0.0.1\"\n  serf = \"127.0.0.1\"\n}}\n\
             consul {{\n  client_auto_join = false\n  server_auto_join = false\n  auto_advertise = false\n}}\n"
        );
        site.write("etc/ports.hcl", local);
        let is_plain = node.tls.iter().any(|(name, value)| name == "http" && value == "false");
        let mut program = command(&binary);
        program.args(["agent", "-config"]).arg(site.path("etc")).env("HOME", &site.root);
        let running = Running::start(&mut program, &site.path("nomad.log"));
        let scheme = if is_plain { "http" } else { "https" };
        let agent = Self { site, rpc, http, serf, scheme, binary, _running: running };
        let log = agent.site.path("nomad.log");
        until_it_runs(&log, || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            log.contains("cluster leadership acquired").then_some(())
        });
        Some(agent)
    }

    /// `nomad operator api /v1/status/leader` of it.
    pub(crate) fn status(&self, more: &[&str]) -> (bool, String) {
        self.api("/v1/status/leader", more)
    }

    /// What a command of the command line says, whose last argument is `last`.
    pub(crate) fn run(&self, words: &[&str], last: &str) -> (bool, String) {
        let mut program = command(&self.binary);
        program.args(words).arg(format!("-address={}://127.0.0.1:{}", self.scheme, self.http)).arg(last);
        said(&program.env("HOME", &self.site.root).output().expect("it runs"))
    }

    /// What the command line says of a path of its API.
    pub(crate) fn api(&self, path: &str, more: &[&str]) -> (bool, String) {
        let mut program = command(&self.binary);
        program.args(["operator", "api", &format!("-address={}://127.0.0.1:{}", self.scheme, self.http)]);
        if self.scheme == "https" {
            for (flag, file) in
                [("ca-cert", "ca.crt"), ("client-cert", "agent.crt"), ("client-key", "agent.key")]
            {
                program.arg(format!("-{flag}={}", self.site.path(&format!("certs/{file}")).display()));
            }
        }
        said(&program.args(more).arg(path).env("HOME", &self.site.root).output().expect("it runs"))
    }
}

/// A node whose certificate is good now.
pub(crate) fn current(node: Node) -> Node {
    Node { begins: Clock::system().now() - time::Duration::hours(1), ..node }
}

#[test]
fn false_after_true_has_no_effect() {
    let site = Site::new();
    site.write(
        "etc/zz-override.hcl",
        "tls {\n  verify_server_hostname = false\n  verify_https_client = false\n}\n",
    );
    let Some(agent) = Agent::start_in(site, &current(Node::new("server")), &[]) else { return };
    assert!(found(&agent.site, "etc").contains(&"TLS004".to_owned()));
    let (_, own) = agent.api("/v1/agent/self", &[]);
    let own: serde_json::Value = serde_json::from_str(&own).expect("JSON");
    let tls = &own["config"]["TLSConfig"];
    assert_eq!(
        (&tls["VerifyServerHostname"], &tls["VerifyHTTPSClient"]),
        (&true.into(), &true.into()),
        "{tls}"
    );
}

#[test]
fn servers_that_speak_tls_gossip_in_the_clear() {
    const KEY: &str = "  encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n";
    let node = current(Node::new("server"));
    for (replacement, is_found, members) in [((KEY, ""), true, 2), (("encrypt", "encrypt"), false, 1)] {
        let Some(strict) = Agent::start_in(Site::new(), &node, &[replacement]) else { return };
        assert_eq!(found(&strict.site, "etc").contains(&"TLS009".to_owned()), is_found);
        // A stranger without any certificate joins the gossip of a server that wants one everywhere else.
        let stranger = node.clone().tls("rpc", "false").tls("http", "false");
        let joins = format!(
            "  server_join {{\n    retry_join = [\"127.0.0.1:{}\"]\n    retry_interval = \"1s\"\n  }}\n",
            strict.serf
        );
        let name = ("data_dir", "name = \"stranger\"\ndata_dir");
        let _stranger =
            Agent::start_in(Site::new(), &stranger, &[(KEY, &joins), name]).expect("it started before");
        let count = || {
            let (_, said) = strict.api("/v1/agent/members", &[]);
            let answer: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
            answer["Members"].as_array().map_or(0, Vec::len)
        };
        if members == 2 {
            until("the stranger in the gossip", || (count() == 2).then_some(()));
        } else {
            pause(Duration::from_secs(4));
            assert_eq!(count(), 1, "with a key it is kept out");
        }
    }
}

#[test]
fn vault_can_fetch_the_keys_only_from_a_port_that_lets_it() {
    let Some(vault) = Vault::start() else { return };
    vault.must(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let config = |agent: &Agent, scheme: &str, authority: bool| {
        let url = format!("jwks_url={scheme}://127.0.0.1:{}/.well-known/jwks.json", agent.http);
        let pem = format!("jwks_ca_pem=@{}", agent.site.path("certs/ca.crt").display());
        let mut arguments = vec!["write", "auth/jwt-nomad/config", &url];
        if authority {
            arguments.push(&pem);
        }
        vault.run(&arguments)
    };
    let strict = current(Node::new("server"));
    let Some(agent) = Agent::start(&strict) else { return };
    // Vault keeps the reason to itself.
    const REFUSAL: &str = "error checking jwks URL";
    let (went_well, said) = config(&agent, "https", true);
    assert!(!went_well && said.contains(REFUSAL), "TLS006, WID402: {said}");
    drop(agent);
    let lenient = strict.tls("verify_https_client", "false");
    let agent = Agent::start(&lenient).expect("it started before");
    let (went_well, said) = config(&agent, "https", true);
    assert!(went_well, "mended: {said}");
    let (went_well, said) = config(&agent, "https", false);
    assert!(!went_well && said.contains(REFUSAL), "WID402: {said}");
    let (went_well, said) = config(&agent, "http", false);
    assert!(!went_well && said.contains(REFUSAL), "TLS008: {said}");
}
