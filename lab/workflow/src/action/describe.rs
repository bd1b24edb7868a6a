//! Actions in one line each, for people.

use lab_world::format_duration;

use super::{Action, Job, Render, Rollout, TemplateFunction, Trust};

impl Action {
    /// The word that scenario files use for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InitVault { .. } => "init_vault",
            Self::UnsealVault => "unseal_vault",
            Self::SealVault => "seal_vault",
            Self::RootCa { .. } => "root_ca",
            Self::IntermediateCa { .. } => "intermediate_ca",
            Self::WriteRole { .. } => "role",
            Self::WritePolicy { .. } => "policy",
            Self::CreateToken { .. } => "token",
            Self::Render(_) => "render",
            Self::Tls { .. } => "tls",
            Self::GossipKey { .. } => "gossip_key",
            Self::Reload(_) => "reload",
            Self::Restart(_) => "restart",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::Wait { .. } => "wait",
            Self::RunJob(_) => "job",
            Self::StopJob { .. } => "stop_job",
            Self::RotateIntermediate { .. } => "rotate_intermediate",
            Self::Inject(_) => "inject",
            Self::Heal(_) => "heal",
            Self::Probe => "probe",
            Self::TryCertificates => "try_certificates",
        }
    }

    /// What it does, in one line.
    pub fn describe(&self) -> String {
        match self {
            Self::InitVault { shares, threshold } => {
                format!("initialise Vault with {shares} key share{}, {threshold} to unseal", plural(*shares))
            }
            Self::UnsealVault => "unseal Vault".to_owned(),
            Self::SealVault => "seal Vault".to_owned(),
            Self::RootCa { mount, common_name, ttl } => {
                format!("root authority {common_name:?} at {mount}/, valid for {}", short(*ttl))
            }
            Self::IntermediateCa { mount, root, common_name, ttl } => {
                format!(
                    "intermediate authority {common_name:?} at {mount}/, signed by {root}/, valid for {}",
                    short(*ttl)
                )
            }
            Self::WriteRole { mount, name, parameters } => {
                let parameters: Vec<String> =
                    parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("role {name} at {mount}/: {}", parameters.join(" "))
            }
            Self::WritePolicy { name, .. } => format!("policy {name}"),
            Self::CreateToken { name, policies, .. } => {
                format!("token {name:?} with the policies {}", policies.join(", "))
            }
            Self::Render(render) => describe_render(render),
            Self::Tls { on, settings } => {
                let shown: Vec<String> = settings
                    .entries()
                    .into_iter()
                    .filter(|(name, _)| !name.ends_with("_file"))
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                format!("tls block on {on}: {}", shown.join(", "))
            }
            Self::GossipKey { on } => format!("one gossip key for {on}"),
            Self::Reload(rollout) => describe_rollout("reload", rollout),
            Self::Restart(rollout) => describe_rollout("restart", rollout),
            Self::Start(rollout) => describe_rollout("start", rollout),
            Self::Stop(rollout) => describe_rollout("stop", rollout),
            Self::Wait { duration, .. } => format!("wait {}", short(*duration)),
            Self::RunJob(Job { name, system: true, .. }) => format!("job {name:?} on every client"),
            Self::RunJob(Job { name, count, .. }) => format!("job {name:?} with {count} allocations"),
            Self::StopJob { name } => format!("stop job {name:?}"),
            Self::RotateIntermediate { mount, root, ttl } => {
                format!(
                    "a new intermediate authority at {mount}/, signed by {root}/, valid for {}",
                    short(*ttl)
                )
            }
            Self::Inject(fault) => fault.to_string(),
            Self::Heal(fault) => format!("heal: {fault}"),
            Self::Probe => "ask every port everything again".to_owned(),
            Self::TryCertificates => "try every wrong certificate on every port".to_owned(),
        }
    }
}

fn describe_render(render: &Render) -> String {
    let function = match render.function {
        TemplateFunction::Secret => "secret",
        TemplateFunction::PkiCert => "pkiCert",
    };
    let trust = match render.trust {
        Trust::Issuing => "the issuing authority",
        Trust::Root => "the root",
    };
    if render.templates.is_some() {
        return format!("consul-template on {} with its own templates", render.on);
    }
    format!(
        "consul-template on {} renders certificates of role {} for {} with {function}, trusting {trust}",
        render.on,
        render.role,
        short(render.ttl)
    )
}

fn describe_rollout(verb: &str, rollout: &Rollout) -> String {
    let Rollout { on, order, batch, pause } = rollout;
    let batch = if *batch > 1 { format!(", {batch} at a time") } else { String::new() };
    format!("{verb} {on}, {order}{batch}, {} apart", short(*pause))
}

/// `24h` rather than Go's `24h0m0s`.
pub(crate) fn short(duration: std::time::Duration) -> String {
    let text = format_duration(duration);
    let text = text.strip_suffix("m0s").map_or(text.clone(), |minutes| format!("{minutes}m"));
    text.strip_suffix("h0m").map_or(text.clone(), |hours| format!("{hours}h"))
}

fn plural(number: u8) -> &'static str {
    if number == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Order, Selector, TlsSettings};
    use std::time::Duration;

    #[test]
    fn actions_read_as_an_operator_says_them() {
        let restart = Action::Restart(Rollout::on(Selector::Servers));
        assert_eq!(restart.describe(), "restart the servers, the leader last, 6s apart");
        let batches = Rollout { on: Selector::Clients, order: Order::Given, batch: 5, pause: Duration::ZERO };
        assert_eq!(
            Action::Reload(batches).describe(),
            "reload the clients, in the given order, 5 at a time, 0s apart"
        );
        let settings = TlsSettings {
            rpc: Some(true),
            ca_file: Some("/ca".into()),
            http: Some(false),
            ..TlsSettings::default()
        };
        let tls = Action::Tls { on: Selector::LastClient, settings };
        assert_eq!(tls.describe(), "tls block on the last client: http = false, rpc = true");
        assert_eq!(
            Action::InitVault { shares: 1, threshold: 1 }.describe(),
            "initialise Vault with 1 key share, 1 to unseal"
        );
    }

    #[test]
    fn durations_are_short() {
        let shown = [0, 6, 90, 60, 3600, 86_400, 5400].map(|seconds| short(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0s", "6s", "1m30s", "1m", "1h", "24h", "1h30m"]);
    }
}
