//! TLS001, TLS010, CERT101 and CERT112: Nomad validates what it cannot start with.

use std::io::Read;
use std::process::Stdio;

use crate::programs::{binary, command, ports};
use crate::support::{DAY, Node, Site, authority, intermediate, key};
use lab_pki::KeyKind;

/// A site with its code, and what the real program says when it starts there.
type Case = (&'static str, &'static str, fn(&Site));

const CASES: &[Case] = &[
    ("TLS001", "no such file or directory", |site| {
        Node::new("server").write(site);
        std::fs::remove_file(site.path("certs/agent.crt")).expect("a file");
    }),
    ("TLS001", "failed to find any PEM data in certificate input", |site| {
        Node::new("server").write(site);
        site.write("certs/agent.crt", "garbage");
    }),
    ("CERT101", "private key does not match public key", |site| {
        Node::new("server").write(site);
        site.write_private("certs/agent.key", &key(KeyKind::EcP256).to_pem());
    }),
    ("CERT112", "", |site| {
        Node::new("server").write(site);
        let read = |file: &str| std::fs::read_to_string(site.path(file)).expect("a file");
        site.write("certs/agent.crt", read("certs/agent.key") + &read("certs/agent.crt"));
    }),
    ("CERT112", "private key", |site| {
        let issuer = intermediate("int", DAY * 1000, authority());
        Node::new("server").issued_by(&issuer).write(site);
        let leaf = std::fs::read_to_string(site.path("certs/agent.crt")).expect("a file");
        site.write("certs/agent.crt", issuer.certificate.to_pem() + "\n" + &leaf);
    }),
    ("TLS010", "Unsupported signature algorithm", |site| {
        Node { kind: KeyKind::Ed25519, ..Node::new("server") }.write(site);
    }),
    ("TLS010", "don't support the certificate signature algorithm", |site| {
        Node::new("server").tls("tls_cipher_suites", "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"").write(site);
    }),
    ("TLS010", "unsupported TLS version", |site| {
        Node::new("server").tls("tls_min_version", "\"tls14\"").write(site)
    }),
];

#[test]
fn the_real_program_does_not_start_with_what_it_validates() {
    let Some(binary) = binary("LAB_NOMAD_BIN") else { return };
    for (code, wanted, make) in CASES {
        let site = Site::new();
        make(&site);
        let found = site.codes();
        assert!(found.contains(&(*code).to_owned()), "{code}: {found:?}");
        for file in ["agent.crt", "agent.key", "ca.crt"] {
            let (from, to) = (format!("\"/certs/{file}\""), site.path(&format!("certs/{file}")));
            site.replace("etc/nomad.hcl", &from, &format!("{:?}", to.display().to_string()));
        }
        site.replace("etc/nomad.hcl", "/opt/nomad/data", &site.path("data").display().to_string());
        let ports: [u16; 3] = ports();
        let more = format!(
            "bind_addr = \"127.0.0.1\"\ndisable_update_check = true\nports {{\n  http = {}\n  rpc = {}\n  serf = {}\n}}\n\
             advertise {{\n  http = \"127.0.0.1\"\n  rpc = \"127.0.0.1\"\n  serf = \"127.0.0.1\"\n}}\n",
            ports[0], ports[1], ports[2]
        );
        site.write("etc/ports.hcl", more);
        let validated =
            command(&binary).args(["config", "validate"]).arg(site.path("etc")).output().expect("it runs");
        let text = String::from_utf8_lossy(&validated.stdout).into_owned();
        assert!(validated.status.success() && text.contains("Configuration is valid!"), "{code}: {text}");
        let said = start(&binary, &site);
        assert!(said.contains(wanted), "{code}: {said}");
    }
}

/// Starts an agent that must exit by itself; what it said.
fn start(binary: &std::ffi::OsStr, site: &Site) -> String {
    let mut agent = command("timeout")
        .args(["--signal=KILL", "30"])
        .arg(binary)
        .args(["agent", "-config"])
        .arg(site.path("etc"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = String::new();
    if let Some(mut out) = agent.stdout.take() {
        out.read_to_string(&mut said).expect("text");
    }
    if let Some(mut err) = agent.stderr.take() {
        err.read_to_string(&mut said).expect("text");
    }
    let status = agent.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "it exits by itself: {said}");
    said
}
