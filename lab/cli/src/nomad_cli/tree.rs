//! Which commands there are, and which one is meant.

use lab_hcl::suggest;

use super::command::Command;
use super::{
    acl, agent, allocation, config, deployment, enterprise, evaluation, fmt, job, login, namespace, node,
    operator, scaling, server, service, setup, status, system, tls, variable, volumes,
};

/// Commands that only hold others.
pub(super) struct Group {
    /// The words that call it.
    pub(super) name: &'static str,
    /// What the list of commands says of it.
    pub(super) synopsis: &'static str,
}

/// What arguments mean.
pub(super) enum Meant {
    /// A command, with the arguments behind its name.
    Command(&'static Command, Vec<String>),
    /// A group, and no command in it.
    Group(&'static Group),
    /// Nothing that there is.
    Nothing,
}

const fn group(name: &'static str, synopsis: &'static str) -> Group {
    Group { name, synopsis }
}

static GROUPS: [Group; 42] = [
    group("acl", "Interact with ACL policies and tokens"),
    group("acl auth-method", "Interact with ACL auth methods"),
    group("acl binding-rule", "Interact with ACL binding rules"),
    group("acl policy", "Interact with ACL policies"),
    group("acl role", "Interact with ACL roles"),
    group("acl token", "Interact with ACL tokens"),
    group("alloc", "Interact with allocations"),
    group("config", "Interact with configurations"),
    group("deployment", "Interact with deployments"),
    group("eval", "Interact with evaluations"),
    group("job", "Interact with jobs"),
    group("job periodic", "Interact with periodic jobs"),
    group("job tag", "Manage job version tags"),
    group("license", "Interact with Nomad Enterprise License"),
    group("namespace", "Interact with namespaces"),
    group("node", "Interact with nodes"),
    group("node identity", "Force renewal of a nodes identity"),
    group("node intro", "Tooling for managing node introduction tokens"),
    group("node meta", "Interact with node metadata"),
    group("node pool", "Interact with node pools"),
    group("operator", "Provides cluster-level tools for Nomad operators"),
    group("operator autopilot", "Provides tools for modifying Autopilot configuration"),
    group("operator gossip", "Provides access to the Gossip protocol"),
    group("operator gossip keyring", "Manages gossip layer encryption keys"),
    group("operator raft", "Provides access to the Raft subsystem"),
    group("operator root", "Provides access to root encryption keys"),
    group("operator root keyring", "Manages root encryption keys"),
    group("operator scheduler", "Provides access to the scheduler configuration"),
    group("operator snapshot", "Saves and inspects snapshots of Nomad server state"),
    group("plugin", "Inspect plugins"),
    group("quota", "Interact with quotas"),
    group("recommendation", "Interact with the Nomad recommendation endpoint"),
    group("scaling", "Interact with the Nomad scaling endpoint"),
    group("scaling policy", "Interact with Nomad scaling policies"),
    group("sentinel", "Interact with Sentinel policies"),
    group("server", "Interact with servers"),
    group("service", "Interact with registered services"),
    group("setup", "Interact with setup helpers"),
    group("system", "Interact with the system API"),
    group("tls", "Generate Self Signed TLS Certificates for Nomad"),
    group("var", "Interact with variables"),
    group("volume", "Interact with volumes"),
];

static HELPERS: [Group; 3] = [
    group("system reconcile", "Perform system reconciliation tasks"),
    group("tls ca", "Helpers for managing certificate authorities"),
    group("tls cert", "Helpers for managing certificates"),
];

static COMMANDS: &[&Command] = &[
    &acl::auth_method::CREATE,
    &acl::auth_method::DELETE,
    &acl::auth_method::INFO,
    &acl::auth_method::LIST,
    &acl::auth_method::UPDATE,
    &acl::binding_rule::CREATE,
    &acl::binding_rule::DELETE,
    &acl::binding_rule::INFO,
    &acl::binding_rule::LIST,
    &acl::binding_rule::UPDATE,
    &acl::bootstrap::COMMAND,
    &acl::policy::APPLY,
    &acl::policy::DELETE,
    &acl::policy::INFO,
    &acl::policy::LIST,
    &acl::policy::SELF,
    &acl::role::CREATE,
    &acl::role::DELETE,
    &acl::role::INFO,
    &acl::role::LIST,
    &acl::role::UPDATE,
    &acl::token::CREATE,
    &acl::token::DELETE,
    &acl::token::INFO,
    &acl::token::LIST,
    &acl::token::SELF,
    &acl::token::UPDATE,
    &agent::INFO,
    &agent::MONITOR,
    &allocation::act::RESTART,
    &allocation::act::SIGNAL,
    &allocation::act::STOP,
    &allocation::checks::COMMAND,
    &allocation::exec::COMMAND,
    &allocation::files::COMMAND,
    &allocation::logs::COMMAND,
    &allocation::pause::COMMAND,
    &allocation::status::COMMAND,
    &config::VALIDATE,
    &deployment::act::FAIL,
    &deployment::act::PAUSE,
    &deployment::act::PROMOTE,
    &deployment::act::RESUME,
    &deployment::act::UNBLOCK,
    &deployment::list::COMMAND,
    &deployment::status::COMMAND,
    &enterprise::LICENSE_GET,
    &enterprise::QUOTA_DELETE,
    &enterprise::QUOTA_INSPECT,
    &enterprise::QUOTA_LIST,
    &enterprise::QUOTA_STATUS,
    &enterprise::RECOMMENDATION_APPLY,
    &enterprise::RECOMMENDATION_DISMISS,
    &enterprise::RECOMMENDATION_INFO,
    &enterprise::RECOMMENDATION_LIST,
    &enterprise::SENTINEL_DELETE,
    &enterprise::SENTINEL_LIST,
    &enterprise::SENTINEL_READ,
    &evaluation::delete::COMMAND,
    &evaluation::list::COMMAND,
    &evaluation::status::COMMAND,
    &fmt::COMMAND,
    &job::dispatch::COMMAND,
    &job::history::COMMAND,
    &job::init::COMMAND,
    &job::inspect::COMMAND,
    &job::lists::ALLOCATIONS,
    &job::lists::DEPLOYMENTS,
    &job::lists::SCALING,
    &job::plan::COMMAND,
    &job::restart::COMMAND,
    &job::run::COMMAND,
    &job::scale::COMMAND,
    &job::small::EVAL,
    &job::small::PERIODIC_FORCE,
    &job::small::PROMOTE,
    &job::small::REVERT,
    &job::small::TAG_APPLY,
    &job::small::TAG_UNSET,
    &job::status::COMMAND,
    &job::stop::START,
    &job::stop::STOP,
    &job::validate::COMMAND,
    &login::COMMAND,
    &namespace::APPLY,
    &namespace::DELETE,
    &namespace::INSPECT,
    &namespace::LIST,
    &namespace::STATUS,
    &node::config::COMMAND,
    &node::drain::COMMAND,
    &node::eligibility::COMMAND,
    &node::identity::GET,
    &node::identity::RENEW,
    &node::intro::CREATE,
    &node::meta::APPLY,
    &node::meta::READ,
    &node::pool::DELETE,
    &node::pool::INFO,
    &node::pool::JOBS,
    &node::pool::LIST,
    &node::pool::NODES,
    &node::pool_file::APPLY,
    &node::pool_file::INIT,
    &node::status::COMMAND,
    &operator::api::COMMAND,
    &operator::autopilot::GET,
    &operator::autopilot::HEALTH,
    &operator::autopilot::SET,
    &operator::keyring::GENERATE,
    &operator::keyring::INSTALL,
    &operator::keyring::LIST,
    &operator::keyring::REMOVE,
    &operator::keyring::USE,
    &operator::metrics::COMMAND,
    &operator::raft::LIST,
    &operator::raft::REMOVE,
    &operator::raft::TRANSFER,
    &operator::root_keyring::LIST,
    &operator::root_keyring::REMOVE,
    &operator::root_keyring::ROTATE,
    &operator::scheduler::GET,
    &operator::scheduler::SET,
    &operator::snapshot::RESTORE,
    &operator::snapshot::SAVE,
    &scaling::INFO,
    &scaling::LIST,
    &server::FORCE_LEAVE,
    &server::JOIN,
    &server::MEMBERS,
    &service::DELETE,
    &service::INFO,
    &service::LIST,
    &setup::COMMAND,
    &status::COMMAND,
    &status::UI,
    &system::GC,
    &system::RECONCILE,
    &tls::authority::COMMAND,
    &tls::certificate::COMMAND,
    &tls::info::AUTHORITY,
    &tls::info::CERTIFICATE,
    &variable::INIT,
    &variable::LOCK,
    &variable::PURGE,
    &variable::get::COMMAND,
    &variable::list::COMMAND,
    &variable::put::COMMAND,
    &volumes::PLUGIN_STATUS,
    &volumes::VOLUME_STATUS,
];

/// Other words for a command. Those that the list of commands does not show come behind.
static ALIASES: [(&str, &str); 21] = [
    ("exec", "alloc exec"),
    ("run", "job run"),
    ("start", "job start"),
    ("stop", "job stop"),
    ("alloc-status", "alloc status"),
    ("client-config", "node config"),
    ("eval-status", "eval status"),
    ("fs", "alloc fs"),
    ("init", "job init"),
    ("inspect", "job inspect"),
    ("logs", "alloc logs"),
    ("node-drain", "node drain"),
    ("node-status", "node status"),
    ("plan", "job plan"),
    ("server-force-leave", "server force-leave"),
    ("server-join", "server join"),
    ("server-members", "server members"),
    ("validate", "job validate"),
    ("keygen", "operator gossip keyring generate"),
    ("operator keygen", "operator gossip keyring generate"),
    ("keyring", "operator gossip keyring list"),
];

/// How many of them the list of commands shows.
const SHOWN: usize = 4;

/// Commands of the real program that the lab leaves out, and what to do instead.
const LEFT_OUT: &[(&str, &str)] = &[
    ("operator debug", "it needs nothing gathered: the lab's agents print all they know"),
    ("operator snapshot agent", "it is for Nomad Enterprise"),
    ("operator snapshot inspect", "the real program reads its own snapshots, without a server"),
    ("operator snapshot redact", "the lab's snapshots hold no keys of anybody's"),
    ("operator raft info", "`nomad operator raft list-peers` asks the servers"),
    ("operator raft logs", "the lab's log has a form of its own"),
    ("operator raft state", "the lab's log has a form of its own"),
    ("operator snapshot state", "the real program reads its own snapshots, without a server"),
    ("operator client-state", "`nomad node status` shows it"),
    ("operator utilization", "there is no licence to report for"),
    ("job action", "run it with `nomad alloc exec`"),
    ("action", "run it with `nomad alloc exec`"),
    ("monitor export", "an agent's log is on its standard error"),
    ("setup consul", "the lab has no Consul"),
    ("volume claim", "the lab has no volumes"),
    ("volume create", "the lab has no volumes"),
    ("volume delete", "the lab has no volumes"),
    ("volume deregister", "the lab has no volumes"),
    ("volume detach", "the lab has no volumes"),
    ("volume init", "the lab has no volumes"),
    ("volume register", "the lab has no volumes"),
    ("volume snapshot", "the lab has no volumes"),
    ("quota apply", "it is for Nomad Enterprise"),
    ("quota init", "it is for Nomad Enterprise"),
    ("sentinel apply", "it is for Nomad Enterprise"),
];

fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().chain(&HELPERS)
}

fn named(name: &str) -> Option<&'static Command> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, meant)| *meant);
    COMMANDS.iter().copied().find(|command| command.name == name)
}

/// What arguments mean: as many of the first words as name a command, or else a group.
pub(super) fn meant(arguments: &[String]) -> Meant {
    let words = arguments.iter().take_while(|word| !word.starts_with('-')).count().min(4);
    for count in (1..=words).rev() {
        let name = arguments[..count].join(" ");
        if let Some(command) = named(&name) {
            return Meant::Command(command, arguments[count..].to_vec());
        }
        if let Some(group) = groups().find(|group| group.name == name) {
            return Meant::Group(group);
        }
    }
    Meant::Nothing
}

/// What is below a group, or below the program where `name` is empty: the next word, and what is said of it.
pub(super) fn below(name: &str) -> Vec<(String, &'static str)> {
    let rest = |full: &'static str| {
        let rest = if name.is_empty() { full } else { full.strip_prefix(name)?.strip_prefix(' ')? };
        (!rest.contains(' ')).then(|| rest.to_owned())
    };
    let mut entries: Vec<(String, &'static str)> = groups()
        .map(|group| (group.name, group.synopsis))
        .chain(COMMANDS.iter().map(|command| (command.name, command.synopsis)))
        .filter_map(|(full, synopsis)| Some((rest(full)?, synopsis)))
        .collect();
    if name.is_empty() {
        let aliases = ALIASES[..SHOWN]
            .iter()
            .filter_map(|(alias, meant)| Some(((*alias).to_owned(), named(meant)?.synopsis)));
        entries.extend(aliases);
        entries.push(("agent".to_owned(), "Runs a Nomad agent"));
        entries.push(("version".to_owned(), "Prints the Nomad version"));
    }
    entries.sort();
    entries
}

/// What is said, beside the help, of words that name nothing here.
pub(super) fn refusal(arguments: &[String]) -> Option<String> {
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).take(3).collect();
    words.first()?;
    let line = words.join(" ");
    if let Some((name, instead)) =
        LEFT_OUT.iter().find(|(name, _)| line == *name || line.starts_with(&format!("{name} ")))
    {
        return Some(format!("The lab's nomad does not have `nomad {name}`: {instead}"));
    }
    // As many words as name a group, and the one behind them.
    let is_group = |count: &usize| groups().any(|group| group.name == words[..*count].join(" "));
    let depth = (1..words.len()).rev().find(is_group).unwrap_or(0);
    let (before, unknown) =
        (words[..depth].iter().map(|word| format!("{word} ")).collect::<String>(), words[depth]);
    let known = below(before.trim_end());
    let hint = suggest(unknown, known.iter().map(|(name, _)| name.as_str()));
    let hint = hint.map(|meant| format!("; did you mean `nomad {before}{meant}`?")).unwrap_or_default();
    Some(format!("The lab's nomad does not know `nomad {before}{unknown}`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_longest_name_counts() {
        let name = |line: &str| match meant(&words(line)) {
            Meant::Command(command, rest) => format!("{} <{}>", command.name, rest.join(" ")),
            Meant::Group(group) => format!("group {}", group.name),
            Meant::Nothing => "nothing".to_owned(),
        };
        assert_eq!(name("node status -self a"), "node status <-self a>");
        assert_eq!(name("run job.hcl"), "job run <job.hcl>");
        assert_eq!(name("status job"), "status <job>");
        assert_eq!(name("tls ca create"), "tls ca create <>");
        assert_eq!(name("operator gossip keyring"), "group operator gossip keyring");
        assert_eq!(name("node stattus"), "group node");
        assert_eq!(name("nodde"), "nothing");
    }

    #[test]
    fn every_alias_and_every_group_leads_somewhere() {
        for (alias, meant) in ALIASES {
            assert!(named(alias).is_some(), "{alias} -> {meant}");
        }
        for group in groups() {
            assert!(!below(group.name).is_empty(), "{}", group.name);
        }
    }

    #[test]
    fn what_is_not_here_is_told() {
        assert_eq!(
            refusal(&words("nodde status")).as_deref(),
            Some("The lab's nomad does not know `nomad nodde`; did you mean `nomad node`?")
        );
        assert_eq!(
            refusal(&words("operator raft list")).as_deref(),
            Some("The lab's nomad does not know `nomad operator raft list`")
        );
        assert_eq!(
            refusal(&words("quota apply")).as_deref(),
            Some("The lab's nomad does not have `nomad quota apply`: it is for Nomad Enterprise")
        );
    }
}
