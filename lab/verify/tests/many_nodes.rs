//! A thousand nodes with eight files each are judged while one waits.
//!
//! `LAB_SITE=DIRECTORY` writes all of them there and leaves them, for `lab verify` to be measured with.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use lab_verify::{Cluster, Input, judge};
use lab_world::Clock;
use support::{Site, now};

/// Without optimisation a part of them shows the same soon enough.
const NODES: usize = if cfg!(debug_assertions) { 200 } else { 1000 };
/// What the optimised program may take; without optimisation it may take longer.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

const TEMPLATES: [(&str, &str); 2] = [
    (
        "agent.tpl",
        "{{ with pkiCert \"pki_int/issue/nomad-ROLE\" \"common_name=ROLE.global.nomad\" \"ttl=24h\" }}\n{{ .Cert }}\n{{ range .CAChain }}{{ . }}{{ end }}\n\
         {{ if .Key }}{{ .Key | writeToFile \"/certs/agent.key\" \"nomad\" \"nomad\" \"0600\" }}{{ end }}\n{{ end }}\n",
    ),
    ("ca.tpl", "{{ with secret \"pki_int/cert/ca_chain\" }}{{ .Data.certificate }}{{ end }}\n"),
];

fn write(site: &Site, name: &str, role: &str) {
    let node = site.node(name, role);
    node.write(site);
    let path = |file: &str| node.file(file);
    site.replace(&path("etc/nomad.hcl"), "data_dir", "bind_addr = \"0.0.0.0\"\ndata_dir");
    let block = |name: &str, destination: &str| {
        format!(
            "template {{\n  source = \"/templates/{name}\"\n  destination = \"{destination}\"\n  perms = 0600\n  command = \"systemctl reload nomad\"\n}}\n"
        )
    };
    site.write(
        &path("consul-template/consul-template.hcl"),
        "vault {\n  address = \"https://vault:8200\"\n  vault_agent_token_file = \"/run/token\"\n}\n"
            .to_owned()
            + &block("agent.tpl", "/certs/agent.crt")
            + &block("ca.tpl", "/certs/ca.crt"),
    );
    for (template, text) in TEMPLATES {
        site.write(&path(&format!("templates/{template}")), text.replace("ROLE", role));
    }
    site.write(&path("etc/telemetry.json"), r#"{"telemetry": [{"publish_node_metrics": true}]}"#);
}

fn files_below(directory: PathBuf) -> usize {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let count = |path: PathBuf| if path.is_dir() { files_below(path) } else { 1 };
    entries.map(|entry| count(entry.expect("an entry").path())).sum()
}

#[test]
fn many_nodes_are_judged_soon() {
    let kept = std::env::var_os("LAB_SITE").map(PathBuf::from);
    let site = kept.clone().map_or_else(Site::new, |root| Site { root });
    let nodes = if kept.is_some() { 1000 } else { NODES };
    for number in 1..=nodes {
        let role = if number <= 5 { "server" } else { "client" };
        write(&site, &format!("{role}-{number:04}"), role);
    }
    assert_eq!(files_below(site.root.clone()), nodes * 8);
    let clock = Clock::system();
    let began = clock.now();
    let cluster = Cluster::read(&[Input::Path(site.root.clone())], now());
    let judgement = judge(&cluster, &[]);
    let took = clock.now() - began;
    println!("{nodes} nodes: {took}");
    assert_eq!(cluster.files, nodes * 8, "all are read");
    assert_eq!(cluster.problems, []);
    assert_eq!(cluster.node_names().len(), nodes);
    assert!(judgement.findings.is_empty(), "{:?}", judgement.findings.first());
    assert!(took < LIMIT, "{took}");
    if kept.is_some() {
        std::mem::forget(site);
    }
}
