//! What commands say of themselves.

use super::command::{Command, General, Setting};
use super::tree::{self, Group};
use crate::stand_in::Takes;

/// The flags that lead to an agent.
pub(super) const CLIENT: &[Setting] = &[
    ("address", Takes::Text, "Where the agent is. NOMAD_ADDR, or else http://127.0.0.1:4646."),
    ("region", Takes::Text, "The region that is asked. NOMAD_REGION, or else the agent's own."),
    ("no-color", Takes::Bool, "No colours. NOMAD_CLI_NO_COLOR; goes before -force-color."),
    ("force-color", Takes::Bool, "Colours even where the output is no terminal. NOMAD_CLI_FORCE_COLOR."),
    ("ca-cert", Takes::Text, "A PEM file of authorities to trust. NOMAD_CACERT."),
    ("ca-path", Takes::Text, "A directory of such files; -ca-cert goes before it. NOMAD_CAPATH."),
    (
        "client-cert",
        Takes::Text,
        "The certificate to show, a PEM file; needs -client-key. NOMAD_CLIENT_CERT.",
    ),
    ("client-key", Takes::Text, "Its private key, a PEM file. NOMAD_CLIENT_KEY."),
    (
        "tls-server-name",
        Takes::Text,
        "The name that the agent's certificate must have. NOMAD_TLS_SERVER_NAME.",
    ),
    ("tls-skip-verify", Takes::Bool, "Take any certificate. NOMAD_SKIP_VERIFY."),
    ("token", Takes::Text, "The secret of the ACL token to use. NOMAD_TOKEN."),
];

/// The flag that chooses a namespace.
pub(super) const NAMESPACE: Setting = (
    "namespace",
    Takes::Text,
    "The namespace that is meant; '*' is all of them. NOMAD_NAMESPACE, or else default.",
);

/// Every flag that a command knows.
pub(super) fn settings(command: &Command) -> Vec<Setting> {
    let mut all = command.flags.to_vec();
    if command.general != General::None {
        all.extend(CLIENT);
        // Taken by all that ask an agent, whether it means something there or not.
        all.push(NAMESPACE);
    }
    all
}

/// The help of a command.
pub(super) fn command(command: &Command) -> String {
    let usage = format!("Usage: nomad {} {}", command.name, command.usage);
    let mut text = format!("{}\n\n  {}.\n", usage.trim_end(), command.synopsis);
    if command.general != General::None {
        let mut general = CLIENT.to_vec();
        if command.general == General::Namespaced {
            general.insert(2, NAMESPACE);
        }
        text.push_str(&section("General", &general));
    }
    if !command.flags.is_empty() {
        let title: Vec<String> = command.name.split(' ').map(capitalized).collect();
        text.push_str(&section(&title.join(" "), command.flags));
    }
    text
}

fn section(title: &str, settings: &[Setting]) -> String {
    let mut text = format!("\n{title} Options:\n");
    for (name, takes, about) in settings {
        let value = if *takes == Takes::Bool { "" } else { "=<value>" };
        text.push_str(&format!("\n  -{name}{value}\n    {about}\n"));
    }
    text
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The help of a group: what there is in it.
pub(super) fn group(group: &Group) -> String {
    let mut text = format!(
        "Usage: nomad {} <subcommand> [options] [args]\n\n  {}.\n\nSubcommands:\n",
        group.name, group.synopsis
    );
    text.push_str(&listed(&tree::below(group.name)));
    text
}

/// The help of the program.
pub(super) fn program() -> String {
    const COMMON: [&str; 7] = ["run", "stop", "status", "alloc", "job", "node", "agent"];
    let (mut common, mut others) = (Vec::new(), Vec::new());
    for entry in tree::below("") {
        if COMMON.contains(&entry.0.as_str()) { common.push(entry) } else { others.push(entry) }
    }
    common.sort_by_key(|(name, _)| COMMON.iter().position(|common| common == name));
    format!(
        "Usage: nomad [-version] [-help] [-autocomplete-(un)install] <command> [args]\n\nCommon commands:\n{}\nOther commands:\n{}",
        listed(&common),
        listed(&others)
    )
}

fn listed(entries: &[(String, &str)]) -> String {
    let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    entries.iter().map(|(name, synopsis)| format!("    {name:<width$}    {synopsis}\n")).collect()
}
