//! Actions, one block each.

use std::time::Duration;

use indexmap::IndexMap;
use lab_hcl::{Block, Body, Diagnostic, Kind, Reader, Span, Value};

use super::selector::{read_on, word};
use super::{unknown, whole};
use crate::action::{Action, Job, Order, Render, Rollout, Selector, TemplateFunction, TlsSettings, Trust};
use crate::fleet::Fault;

/// The words for actions, in the order of the reference.
pub(super) const KINDS: [&str; 23] = [
    "init_vault",
    "unseal_vault",
    "seal_vault",
    "root_ca",
    "intermediate_ca",
    "role",
    "policy",
    "token",
    "render",
    "tls",
    "gossip_key",
    "reload",
    "restart",
    "start",
    "stop",
    "wait",
    "job",
    "stop_job",
    "rotate_intermediate",
    "inject",
    "heal",
    "probe",
    "try_certificates",
];

/// What the actions of a step take over from those before them.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    /// The machines whose files were written last: those a reload or restart is for.
    on: Option<Selector>,
}

pub(super) fn read_action(block: &Block, defaults: &mut Defaults) -> Result<Action, Diagnostic> {
    let mut reader = Reader::new(&block.body);
    let action = match block.kind.as_str() {
        "init_vault" => Action::InitVault {
            shares: small(reader.count("shares", 1, 255)?, 1),
            threshold: small(reader.count("threshold", 1, 255)?, 1),
        },
        "unseal_vault" => Action::UnsealVault,
        "seal_vault" => Action::SealVault,
        "root_ca" => Action::RootCa {
            mount: text(&mut reader, "mount", "pki")?,
            common_name: text(&mut reader, "common_name", "global.nomad")?,
            ttl: hours(&mut reader, "ttl", 87_600)?,
        },
        "intermediate_ca" => Action::IntermediateCa {
            mount: text(&mut reader, "mount", "pki_int")?,
            root: text(&mut reader, "root", "pki")?,
            common_name: text(&mut reader, "common_name", "global.nomad Intermediate Authority")?,
            ttl: hours(&mut reader, "ttl", 43_800)?,
        },
        "role" => read_role(block, &mut reader)?,
        "policy" => Action::WritePolicy { name: label(block)?, rules: reader.required_string("rules")? },
        "token" => read_token(block, &mut reader)?,
        "render" => Action::Render(read_render(&mut reader)?),
        "tls" => read_tls(&mut reader, defaults)?,
        "gossip_key" => {
            let on = read_on(&mut reader)?.unwrap_or(Selector::Servers);
            defaults.on = Some(on.clone());
            Action::GossipKey { on }
        }
        "reload" => Action::Reload(read_rollout(&mut reader, defaults)?),
        "restart" => Action::Restart(read_rollout(&mut reader, defaults)?),
        "start" => Action::Start(read_rollout(&mut reader, defaults)?),
        "stop" => Action::Stop(read_rollout(&mut reader, defaults)?),
        "wait" => match reader.duration("duration")? {
            Some(duration) => Action::Wait { duration, real: reader.duration("real")? },
            None => return Err(reader.missing("duration")),
        },
        "job" => return read_job(&label(block)?, &block.body).map(Action::RunJob),
        "stop_job" => Action::StopJob { name: label(block)? },
        "rotate_intermediate" => Action::RotateIntermediate {
            mount: text(&mut reader, "mount", "pki_int")?,
            root: text(&mut reader, "root", "pki")?,
            ttl: hours(&mut reader, "ttl", 43_800)?,
        },
        "inject" => Action::Inject(read_fault(block, &mut reader)?),
        "heal" => Action::Heal(read_fault(block, &mut reader)?),
        "probe" => Action::Probe,
        "try_certificates" => Action::TryCertificates,
        other => return Err(unknown("action", other, block.kind_span, &KINDS)),
    };
    reader.finish()?;
    Ok(action)
}

pub(super) fn read_job(name: &str, body: &Body) -> Result<Job, Diagnostic> {
    let mut reader = Reader::new(body);
    let system = match reader.value("type") {
        None => false,
        Some(value) => match word(value) {
            Some("service") => false,
            Some("system") => true,
            _ => {
                return Err(unknown(
                    "type of job",
                    word(value).unwrap_or(""),
                    value.span,
                    &["service", "system"],
                ));
            }
        },
    };
    let count = whole(reader.count("count", 0, 10_000)?, 1);
    reader.finish()?;
    Ok(Job { name: name.to_owned(), system, count })
}

fn read_role(block: &Block, reader: &mut Reader<'_>) -> Result<Action, Diagnostic> {
    let name = label(block)?;
    let mount = text(reader, "mount", "pki_int")?;
    Ok(Action::WriteRole { mount, name, parameters: read_parameters(block, reader, &ROLE_PARAMETERS)? })
}

fn read_token(block: &Block, reader: &mut Reader<'_>) -> Result<Action, Diagnostic> {
    let policies = reader.strings("policies")?.ok_or_else(|| reader.missing("policies"))?;
    let known = ["ttl", "period", "explicit_max_ttl", "renewable", "no_parent", "num_uses", "display_name"];
    Ok(Action::CreateToken {
        name: label(block)?,
        policies,
        parameters: read_parameters(block, reader, &known)?,
    })
}

/// Parameters that are handed to Vault as they are, lists joined by commas as its command line does.
fn read_parameters(
    block: &Block,
    reader: &mut Reader<'_>,
    known: &[&str],
) -> Result<IndexMap<String, String>, Diagnostic> {
    for name in known {
        reader.value(name);
    }
    let mut parameters = IndexMap::new();
    for attribute in block.body.attributes().filter(|attribute| known.contains(&attribute.name.as_str())) {
        let value = match &attribute.value.kind {
            Kind::Bool(truth) => truth.to_string(),
            Kind::Number(number) => number.text().to_owned(),
            Kind::String(text) => text.clone(),
            _ => reader.strings(&attribute.name)?.unwrap_or_default().join(","),
        };
        parameters.insert(attribute.name.clone(), value);
    }
    Ok(parameters)
}

fn read_render(reader: &mut Reader<'_>) -> Result<Render, Diagnostic> {
    let functions = [("secret", TemplateFunction::Secret), ("pkiCert", TemplateFunction::PkiCert)];
    let authorities = [("issuing", Trust::Issuing), ("root", Trust::Root)];
    Ok(Render {
        on: read_on(reader)?.unwrap_or(Selector::All),
        mount: text(reader, "mount", "pki_int")?,
        role: text(reader, "role", "nomad-cluster")?,
        token: text(reader, "token", "consul-template")?,
        ttl: hours(reader, "ttl", 24)?,
        function: choice(reader, "function", &functions)?.unwrap_or(TemplateFunction::Secret),
        trust: choice(reader, "trust", &authorities)?.unwrap_or(Trust::Issuing),
        command: text(reader, "command", "systemctl reload nomad")?,
        templates: reader.string("templates")?,
    })
}

fn read_tls(reader: &mut Reader<'_>, defaults: &mut Defaults) -> Result<Action, Diagnostic> {
    let on = read_on(reader)?.unwrap_or(Selector::All);
    defaults.on = Some(on.clone());
    let settings = TlsSettings {
        http: reader.bool("http")?,
        rpc: reader.bool("rpc")?,
        ca_file: reader.string("ca_file")?,
        cert_file: reader.string("cert_file")?,
        key_file: reader.string("key_file")?,
        rpc_upgrade_mode: reader.bool("rpc_upgrade_mode")?,
        verify_server_hostname: reader.bool("verify_server_hostname")?,
        verify_https_client: reader.bool("verify_https_client")?,
        tls_min_version: reader.string("tls_min_version")?,
        tls_cipher_suites: reader.string("tls_cipher_suites")?,
    };
    Ok(Action::Tls { on, settings })
}

fn read_rollout(reader: &mut Reader<'_>, defaults: &Defaults) -> Result<Rollout, Diagnostic> {
    let on = read_on(reader)?.or_else(|| defaults.on.clone()).unwrap_or(Selector::All);
    let usual = Rollout::on(on);
    Ok(Rollout {
        order: choice(reader, "order", &Order::WORDS)?.unwrap_or(usual.order),
        batch: whole(reader.count("batch", 1, 10_000)?, usual.batch),
        pause: reader.duration("pause")?.unwrap_or(usual.pause),
        on: usual.on,
    })
}

fn read_fault(block: &Block, reader: &mut Reader<'_>) -> Result<Fault, Diagnostic> {
    let known = ["cut", "isolate", "clog", "reset", "power_off", "torn_write"];
    let kind = label(block)?;
    Ok(match kind.as_str() {
        "cut" => Fault::Cut { from: reader.required_string("from")?, to: reader.required_string("to")? },
        "isolate" => Fault::Isolate { node: reader.required_string("node")? },
        "clog" => Fault::Clog {
            from: reader.required_string("from")?,
            to: reader.required_string("to")?,
            delay: reader.duration("delay")?.ok_or_else(|| reader.missing("delay"))?,
        },
        "reset" => {
            Fault::Reset { one: reader.required_string("one")?, other: reader.required_string("other")? }
        }
        "power_off" => Fault::PowerOff { node: reader.required_string("node")? },
        "torn_write" => Fault::TornWrite {
            node: reader.required_string("node")?,
            path: reader.required_string("path")?,
            bytes: whole(reader.count("bytes", 0, 1 << 30)?, 0),
        },
        _ => return Err(unknown("fault", &kind, label_span(block), &known)),
    })
}

fn choice<T: Copy>(
    reader: &mut Reader<'_>,
    name: &str,
    known: &[(&str, T)],
) -> Result<Option<T>, Diagnostic> {
    let Some(value) = reader.value(name) else { return Ok(None) };
    let found = word(value).and_then(|text| known.iter().find(|(word, _)| *word == text));
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    match found {
        Some((_, choice)) => Ok(Some(*choice)),
        None => Err(unknown(name, &shown(value), value.span, &words)),
    }
}

fn shown(value: &Value) -> String {
    word(value).map_or_else(|| value.describe().to_owned(), str::to_owned)
}

fn label(block: &Block) -> Result<String, Diagnostic> {
    let missing = || {
        Diagnostic::new(format!("`{}` needs a name", block.kind), block.kind_span)
            .with_help(format!("write `{} \"name\" {{ ... }}`", block.kind))
    };
    block.label().map(str::to_owned).ok_or_else(missing)
}

fn label_span(block: &Block) -> Span {
    block.labels.first().map_or(block.kind_span, |label| label.span)
}

fn text(reader: &mut Reader<'_>, name: &str, otherwise: &str) -> Result<String, Diagnostic> {
    Ok(reader.string(name)?.unwrap_or_else(|| otherwise.to_owned()))
}

fn hours(reader: &mut Reader<'_>, name: &str, otherwise: u64) -> Result<Duration, Diagnostic> {
    Ok(reader.duration(name)?.unwrap_or(Duration::from_secs(otherwise * 3600)))
}

fn small(number: Option<i64>, otherwise: u8) -> u8 {
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(otherwise)
}

/// The parameters of a PKI role (Vault 1.21).
const ROLE_PARAMETERS: [&str; 43] = [
    "issuer_ref",
    "ttl",
    "max_ttl",
    "allow_localhost",
    "allowed_domains",
    "allowed_domains_template",
    "allow_bare_domains",
    "allow_subdomains",
    "allow_glob_domains",
    "allow_wildcard_certificates",
    "allow_any_name",
    "enforce_hostnames",
    "allow_ip_sans",
    "allowed_uri_sans",
    "allowed_uri_sans_template",
    "allowed_other_sans",
    "allowed_serial_numbers",
    "allowed_user_ids",
    "server_flag",
    "client_flag",
    "code_signing_flag",
    "email_protection_flag",
    "key_type",
    "key_bits",
    "signature_bits",
    "use_pss",
    "key_usage",
    "ext_key_usage",
    "ext_key_usage_oids",
    "use_csr_common_name",
    "use_csr_sans",
    "serial_number_source",
    "ou",
    "organization",
    "country",
    "locality",
    "province",
    "generate_lease",
    "no_store",
    "require_cn",
    "cn_validations",
    "not_before_duration",
    "not_after",
];
