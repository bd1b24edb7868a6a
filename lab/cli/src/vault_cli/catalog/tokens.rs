//! `token`, `policy` and `lease`.

use super::Command;
use crate::vault_cli::options::{Kind, Known, Prints};
use crate::vault_cli::{lease, policy, token};

const ACCESSOR: Known = ("accessor", Kind::Bool);
const INCREMENT: [Known; 2] = [("increment", Kind::Duration), ("i", Kind::Duration)];

pub(super) const COMMANDS: [Command; 13] = [
    Command {
        path: "token create",
        arguments: "",
        synopsis: "Create a new token",
        prints: Prints::Field,
        flags: &token::CREATE_FLAGS,
        run: token::create,
    },
    Command {
        path: "token lookup",
        arguments: "[TOKEN | ACCESSOR]",
        synopsis: "Display information about a token",
        prints: Prints::Format,
        flags: &[ACCESSOR],
        run: token::lookup,
    },
    Command {
        path: "token renew",
        arguments: "[TOKEN]",
        synopsis: "Renew a token lease",
        prints: Prints::Format,
        flags: &[ACCESSOR, INCREMENT[0], INCREMENT[1], ("fail-if-not-fulfilled", Kind::Bool)],
        run: token::renew,
    },
    Command {
        path: "token revoke",
        arguments: "[TOKEN | ACCESSOR]",
        synopsis: "Revoke a token and its children",
        prints: Prints::Nothing,
        flags: &[ACCESSOR, ("self", Kind::Bool), ("mode", Kind::Text)],
        run: token::revoke,
    },
    Command {
        path: "token capabilities",
        arguments: "[TOKEN | ACCESSOR] PATH",
        synopsis: "Print capabilities of a token on a path",
        prints: Prints::Format,
        flags: &[ACCESSOR],
        run: token::capabilities,
    },
    Command {
        path: "policy list",
        arguments: "",
        synopsis: "Lists the installed policies",
        prints: Prints::Format,
        flags: &[],
        run: policy::list,
    },
    Command {
        path: "policy read",
        arguments: "NAME",
        synopsis: "Prints the contents of a policy",
        prints: Prints::Format,
        flags: &[],
        run: policy::read,
    },
    Command {
        path: "policy write",
        arguments: "NAME PATH",
        synopsis: "Uploads a named policy from a file",
        prints: Prints::Nothing,
        flags: &[],
        run: policy::write,
    },
    Command {
        path: "policy delete",
        arguments: "NAME",
        synopsis: "Deletes a policy by name",
        prints: Prints::Nothing,
        flags: &[],
        run: policy::delete,
    },
    Command {
        path: "policy fmt",
        arguments: "PATH",
        synopsis: "Formats a policy on disk",
        prints: Prints::Nothing,
        flags: &[],
        run: policy::format,
    },
    Command {
        path: "lease lookup",
        arguments: "ID",
        synopsis: "Lookup the lease of a secret",
        prints: Prints::Format,
        flags: &[],
        run: lease::lookup,
    },
    Command {
        path: "lease renew",
        arguments: "ID",
        synopsis: "Renews the lease of a secret",
        prints: Prints::Format,
        flags: &INCREMENT,
        run: lease::renew,
    },
    Command {
        path: "lease revoke",
        arguments: "ID",
        synopsis: "Revokes leases and secrets",
        prints: Prints::Nothing,
        flags: &[("force", Kind::Bool), ("f", Kind::Bool), ("prefix", Kind::Bool), ("sync", Kind::Bool)],
        run: lease::revoke,
    },
];
