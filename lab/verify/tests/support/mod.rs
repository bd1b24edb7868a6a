//! Sites made for tests: directories with configurations and certificates that are good until a test spoils them.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod identity;

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeyPair, KeySource,
    KeyUsage, Name,
};
use lab_verify::{Cluster, Input, Judgement, judge};
use lab_world::{DEFAULT_EPOCH, Entropy};
use time::OffsetDateTime;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// When the tests judge: a day after most certificates began.
pub(crate) fn now() -> OffsetDateTime {
    DEFAULT_EPOCH + DAY
}

/// A directory of its own, gone when the test is over.
pub(crate) struct Site {
    pub(crate) root: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        let root = std::env::temp_dir().join(format!("lab-verify-{}", Entropy::system().uuid()));
        fs::create_dir_all(&root).expect("a directory");
        Self { root }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
        fs::write(path, text).expect("a write");
    }

    pub(crate) fn write_private(&self, path: &str, text: &str) {
        self.write(path, text);
        self.set_mode(path, 0o600);
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// Replaces a piece of a file, which must be in it.
    pub(crate) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a file");
        assert!(text.contains(old), "{old} is not in {path}:\n{text}");
        self.write(path, text.replace(old, new));
    }

    pub(crate) fn read(&self) -> Cluster {
        Cluster::read(&[Input::Path(self.root.clone())], now())
    }

    pub(crate) fn judge(&self) -> Judgement {
        judge_at(&[Input::Path(self.root.clone())], now())
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        codes(&self.judge())
    }

    /// `root/nodes/NAME/...` for a server or a client of region global that is as it should be.
    pub(crate) fn node(&self, name: &str, role: &str) -> Node {
        Node::new(role).named(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub(crate) fn judge_at(inputs: &[Input], at: OffsetDateTime) -> Judgement {
    let cluster = Cluster::read(inputs, at);
    assert_eq!(cluster.problems, [], "everything can be read");
    judge(&cluster, &[])
}

/// The codes of the findings, each once, sorted.
pub(crate) fn codes(judgement: &Judgement) -> Vec<String> {
    let mut codes: Vec<String> = judgement.findings.iter().map(|finding| finding.rule.code.clone()).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The authority that good nodes trust.
pub(crate) fn authority() -> &'static Issuer {
    static AUTHORITY: OnceLock<Issuer> = OnceLock::new();
    AUTHORITY.get_or_init(|| root("nomad root", DAY * 3650))
}

pub(crate) fn key(kind: KeyKind) -> KeyPair {
    KeySource::generated().key(kind).expect("a key")
}

pub(crate) fn root(name: &str, life: Duration) -> Issuer {
    let key = key(KeyKind::EcP256);
    let certificate = authority_certificate(name, life).self_sign(&key).expect("a certificate");
    Issuer { certificate, key }
}

pub(crate) fn intermediate(name: &str, life: Duration, issuer: &Issuer) -> Issuer {
    let key = key(KeyKind::EcP256);
    let certificate =
        authority_certificate(name, life).sign(key.public_key_der(), issuer).expect("a certificate");
    Issuer { certificate, key }
}

fn authority_certificate(name: &str, life: Duration) -> CertificateBuilder {
    let mut builder = CertificateBuilder::new(Name::common(name), DEFAULT_EPOCH, DEFAULT_EPOCH + life);
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
    builder
}

/// A node to be: what is not changed is as it should be.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) directory: String,
    pub(crate) role: String,
    pub(crate) region: String,
    pub(crate) names: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) common_name: String,
    pub(crate) usages: Vec<ExtendedKeyUsage>,
    pub(crate) begins: OffsetDateTime,
    pub(crate) life: Duration,
    pub(crate) kind: KeyKind,
    pub(crate) issuer: Issuer,
    /// What stands behind the certificate in `cert_file`.
    pub(crate) chain: Vec<Certificate>,
    /// What `ca_file` holds.
    pub(crate) trusts: Vec<Certificate>,
    /// More for the `tls` block; `name = value` replaces the usual one.
    pub(crate) tls: Vec<(String, String)>,
    /// More at the top of the file.
    pub(crate) more: String,
}

impl Node {
    pub(crate) fn new(role: &str) -> Self {
        let name = format!("{role}.global.nomad");
        Self {
            directory: String::new(),
            role: role.to_owned(),
            region: "global".to_owned(),
            names: vec![name.clone(), "localhost".to_owned()],
            addresses: vec!["127.0.0.1".parse().expect("an address")],
            common_name: name,
            usages: vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
            begins: DEFAULT_EPOCH,
            life: DAY * 365,
            kind: KeyKind::EcP256,
            issuer: authority().clone(),
            chain: Vec::new(),
            trusts: vec![authority().certificate.clone()],
            tls: Vec::new(),
            more: String::new(),
        }
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.directory = format!("nodes/{name}/");
        self
    }

    pub(crate) fn region(mut self, region: &str) -> Self {
        self.region = region.to_owned();
        let name = format!("{}.{region}.nomad", self.role);
        self.certified_for(&name)
    }

    /// Its certificate's role and region.
    pub(crate) fn certified_for(mut self, name: &str) -> Self {
        self.names = vec![name.to_owned(), "localhost".to_owned()];
        self.common_name = name.to_owned();
        self
    }

    pub(crate) fn issued_by(mut self, issuer: &Issuer) -> Self {
        self.issuer = issuer.clone();
        self
    }

    pub(crate) fn trusting(mut self, roots: &[&Issuer]) -> Self {
        self.trusts = roots.iter().map(|root| root.certificate.clone()).collect();
        self
    }

    pub(crate) fn tls(mut self, name: &str, value: &str) -> Self {
        self.tls.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn more(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }

    pub(crate) fn certificate(&self) -> (Certificate, KeyPair) {
        let key = key(self.kind);
        let subject = Name::common(self.common_name.clone());
        let mut builder = CertificateBuilder::new(subject, self.begins, self.begins + self.life);
        builder.dns_names = self.names.clone();
        builder.ip_addresses = self.addresses.clone();
        builder.extended_key_usage = self.usages.clone();
        builder.key_usage = KeyUsage::DIGITAL_SIGNATURE;
        builder.serial = Entropy::system().uuid().into_bytes();
        builder.serial.truncate(16);
        let certificate = builder.sign(key.public_key_der(), &self.issuer).expect("a certificate");
        (certificate, key)
    }

    /// The configuration, with the certificates below `certs/`.
    pub(crate) fn configuration(&self) -> String {
        let usual = [
            ("http", "true"),
            ("rpc", "true"),
            ("ca_file", "\"/certs/ca.crt\""),
            ("cert_file", "\"/certs/agent.crt\""),
            ("key_file", "\"/certs/agent.key\""),
            ("verify_server_hostname", "true"),
            ("verify_https_client", "true"),
        ];
        let replaced = |name: &str| self.tls.iter().any(|(other, _)| other == name);
        let mut lines: Vec<String> = usual
            .iter()
            .filter(|(name, _)| !replaced(name))
            .map(|(name, value)| format!("  {name} = {value}\n"))
            .collect();
        let more = self.tls.iter().filter(|(_, value)| !value.is_empty());
        lines.extend(more.map(|(name, value)| format!("  {name} = {value}\n")));
        let block = match self.role.as_str() {
            "server" => {
                "server {\n  enabled = true\n  bootstrap_expect = 3\n  encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n}\n"
            }
            _ => "client {\n  enabled = true\n}\n",
        };
        format!(
            "data_dir = \"/opt/nomad/data\"\nregion = {:?}\n{block}tls {{\n{}}}\n{}",
            self.region,
            lines.concat(),
            self.more
        )
    }

    pub(crate) fn write(&self, site: &Site) {
        let (certificate, key) = self.certificate();
        let pem = |certificates: &[Certificate]| -> String {
            certificates.iter().map(|certificate| certificate.to_pem() + "\n").collect()
        };
        let mut chain = vec![certificate];
        chain.extend(self.chain.iter().cloned());
        site.write(&self.file("certs/agent.crt"), pem(&chain));
        site.write_private(&self.file("certs/agent.key"), &key.to_pem());
        site.write(&self.file("certs/ca.crt"), pem(&self.trusts));
        site.write(&self.file("etc/nomad.hcl"), self.configuration());
    }

    pub(crate) fn file(&self, path: &str) -> String {
        format!("{}{path}", self.directory)
    }
}
