//! What a file is: told from what it says, since names differ from site to site.

use std::sync::Arc;

use lab_hcl::{Attribute, Block, Body, Diagnostic, Item, Kind, Span, Value, hcl1, hcl2};

use crate::file::TextFile;
use crate::finding::Place;

/// A file that was taken apart.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: Arc<TextFile>,
    pub(crate) body: Body,
    pub(crate) form: Form,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Configuration of a Nomad agent.
    Agent,
    /// Configuration of consul-template.
    ConsulTemplate,
    /// Configuration of a Vault Agent that renders templates.
    VaultAgent,
    /// A Nomad job.
    Job,
    /// Something that configures Vault: a role, a method, issuers, in JSON, HCL or Terraform.
    Vault,
    /// A policy of Vault.
    Policy,
    /// Something else.
    Other,
}

impl Document {
    /// Takes a `.hcl`, `.json`, `.nomad` or `.tf` file apart.
    ///
    /// Errors: it is HCL of neither kind.
    pub(crate) fn parse(file: Arc<TextFile>) -> Result<Self, Diagnostic> {
        let text = file.text().strip_prefix('\u{feff}').unwrap_or(file.text());
        if is_job(&file)
            && let Ok(body) = hcl2::parse(text)
        {
            return Ok(Self { file, body, form: Form::Job });
        }
        let body = match hcl1::parse(text) {
            Ok(body) => body,
            Err(problem) => match hcl2::parse(text) {
                Ok(body) => body,
                Err(other) => return Err(if is_terraform(&file) { other } else { problem }),
            },
        };
        let form = form_of(&body, &file);
        Ok(Self { file, body, form })
    }

    /// A place in it.
    pub(crate) fn place(&self, span: Span, label: impl Into<String>) -> Place {
        Place { source: Arc::clone(&self.file.source), span, label: label.into() }
    }
}

/// The bodies of the blocks called `name` in a body, however they are written: `name { }`, `name = { }`, JSON.
pub(crate) fn bodies<'a>(body: &'a Body, name: &str) -> Vec<(&'a Body, Span)> {
    body.items
        .iter()
        .filter(|item| item.name().eq_ignore_ascii_case(name))
        .filter_map(|item| match item {
            Item::Block(block) => Some((innermost(block), block.kind_span)),
            Item::Attribute(Attribute {
                value: Value { kind: Kind::Object(body), .. }, name_span, ..
            }) => Some((body, *name_span)),
            Item::Attribute(_) => None,
        })
        .collect()
}

/// The attributes of this name, however their case is, in order.
pub(crate) fn attributes<'a>(body: &'a Body, name: &'a str) -> impl Iterator<Item = &'a Attribute> {
    body.attributes().filter(move |attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The value of the last attribute of this name.
pub(crate) fn value<'a>(body: &'a Body, name: &'a str) -> Option<&'a Value> {
    attributes(body, name).last().map(|attribute| &attribute.value)
}

/// A text, a number or a boolean as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Number(number) => Some(number.text().to_owned()),
        Kind::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The text of the last attribute of this name.
pub(crate) fn text_of(body: &Body, name: &str) -> Option<String> {
    value(body, name).and_then(text)
}

/// The truth of the last attribute of this name, as Go's decoders read it.
pub(crate) fn flag_of(body: &Body, name: &str) -> Option<bool> {
    match text_of(body, name)?.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A list of texts, also one written as `a,b`.
pub(crate) fn texts_of(body: &Body, name: &str) -> Option<Vec<String>> {
    let split = |text: &str| {
        text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    match &value(body, name)?.kind {
        Kind::List(values) => Some(values.iter().filter_map(text).collect()),
        Kind::String(text) => Some(split(text)),
        _ => None,
    }
}

/// Blocks of one kind anywhere below a body, outermost first.
pub(crate) fn blocks_within<'a>(body: &'a Body, kind: &str) -> Vec<&'a Block> {
    let mut found = Vec::new();
    for block in body.blocks() {
        if block.kind == kind {
            found.push(block);
        }
        found.extend(blocks_within(&block.body, kind));
    }
    found
}

fn innermost(block: &Block) -> &Body {
    &block.body
}

fn is_job(file: &TextFile) -> bool {
    let name = file.name();
    name.ends_with(".nomad")
        || file.text().lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("job \"") || line.starts_with("job '")
        })
}

fn is_terraform(file: &TextFile) -> bool {
    file.name().ends_with(".tf")
}

const OF_AGENTS: [&str; 26] = [
    "server",
    "client",
    "tls",
    "ports",
    "advertise",
    "addresses",
    "data_dir",
    "datacenter",
    "region",
    "bind_addr",
    "acl",
    "consul",
    "telemetry",
    "plugin",
    "plugin_dir",
    "limits",
    "ui",
    "autopilot",
    "leave_on_interrupt",
    "leave_on_terminate",
    "disable_update_check",
    "enable_debug",
    "audit",
    "sentinel",
    "keyring",
    "http_api_response_headers",
];

/// What tells Nomad's `vault` block from consul-template's.
const OF_NOMADS_VAULT: [&str; 9] = [
    "enabled",
    "default_identity",
    "jwt_auth_backend_path",
    "create_from_role",
    "task_token_ttl",
    "allow_unauthenticated",
    "tls_skip_verify",
    "ca_file",
    "cert_file",
];

const OF_VAULT: [&str; 20] = [
    "allowed_domains",
    "allow_subdomains",
    "allow_any_name",
    "allow_bare_domains",
    "allow_glob_domains",
    "bound_audiences",
    "bound_claims",
    "user_claim",
    "role_type",
    "jwks_url",
    "oidc_discovery_url",
    "jwt_validation_pubkeys",
    "jwt_supported_algs",
    "default_role",
    "ca_chain",
    "issuer_id",
    "default_follows_latest_issuer",
    "leaf_not_after_behavior",
    "claim_mappings",
    "jwks_ca_pem",
];

fn form_of(body: &Body, file: &TextFile) -> Form {
    let has = |name: &str| body.items.iter().any(|item| item.name().eq_ignore_ascii_case(name));
    let within = |outer: &str, names: &[&str]| {
        bodies(body, outer).iter().any(|(body, _)| {
            body.items.iter().any(|item| names.iter().any(|name| item.name().eq_ignore_ascii_case(name)))
        })
    };
    if has("job") || has("Job") {
        return Form::Job;
    }
    if has("scenario") {
        return Form::Other;
    }
    if has("auto_auth") || has("template_config") {
        return Form::VaultAgent;
    }
    if has("resource") || has("role") || OF_VAULT.iter().any(|name| has(name) || within("data", &[name])) {
        return Form::Vault;
    }
    if has("template") || has("deduplicate") || has("syslog") && !has("server") && !has("client") {
        return Form::ConsulTemplate;
    }
    if OF_AGENTS.iter().any(|name| has(name)) {
        return Form::Agent;
    }
    if has("path") {
        return Form::Policy;
    }
    if !bodies(body, "vault").is_empty() {
        let is_nomads = within("vault", &OF_NOMADS_VAULT);
        return if is_nomads { Form::Agent } else { Form::ConsulTemplate };
    }
    let in_name = |part: &str| file.path.to_string_lossy().contains(part);
    match body.items.is_empty() {
        true => Form::Other,
        false if in_name("consul-template") => Form::ConsulTemplate,
        false if in_name("nomad") && ["name", "log_level", "log_file"].iter().any(|name| has(name)) => {
            Form::Agent
        }
        false => Form::Other,
    }
}
