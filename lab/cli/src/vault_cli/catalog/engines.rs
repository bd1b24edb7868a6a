//! `secrets`, `auth` and `audit`.

use super::Command;
use crate::vault_cli::mounts::{self, AUTH_ENABLE, AUTH_TUNE, Family, SECRETS_ENABLE, SECRETS_TUNE};
use crate::vault_cli::options::{Kind, Known, Prints};
use crate::vault_cli::{audit, login};

const DETAILED: [Known; 1] = [("detailed", Kind::Bool)];

pub(super) const COMMANDS: [Command; 14] = [
    Command {
        path: "secrets enable",
        arguments: "TYPE",
        synopsis: "Enable a secrets engine",
        prints: Prints::Nothing,
        flags: SECRETS_ENABLE,
        run: |session| mounts::enable(session, Family::Secrets),
    },
    Command {
        path: "secrets disable",
        arguments: "PATH",
        synopsis: "Disable a secret engine",
        prints: Prints::Nothing,
        flags: &[],
        run: |session| mounts::disable(session, Family::Secrets),
    },
    Command {
        path: "secrets list",
        arguments: "",
        synopsis: "List enabled secrets engines",
        prints: Prints::Format,
        flags: &DETAILED,
        run: |session| mounts::list(session, Family::Secrets),
    },
    Command {
        path: "secrets tune",
        arguments: "PATH",
        synopsis: "Tune a secrets engine configuration",
        prints: Prints::Nothing,
        flags: SECRETS_TUNE,
        run: |session| mounts::tune(session, Family::Secrets),
    },
    Command {
        path: "secrets move",
        arguments: "SOURCE DESTINATION",
        synopsis: "Move a secrets engine to a new path",
        prints: Prints::Nothing,
        flags: &[],
        run: |session| mounts::move_to(session, Family::Secrets),
    },
    Command {
        path: "auth enable",
        arguments: "TYPE",
        synopsis: "Enables a new auth method",
        prints: Prints::Nothing,
        flags: AUTH_ENABLE,
        run: |session| mounts::enable(session, Family::Auth),
    },
    Command {
        path: "auth disable",
        arguments: "PATH",
        synopsis: "Disables an auth method",
        prints: Prints::Nothing,
        flags: &[],
        run: |session| mounts::disable(session, Family::Auth),
    },
    Command {
        path: "auth list",
        arguments: "",
        synopsis: "Lists enabled auth methods",
        prints: Prints::Format,
        flags: &DETAILED,
        run: |session| mounts::list(session, Family::Auth),
    },
    Command {
        path: "auth tune",
        arguments: "PATH",
        synopsis: "Tunes an auth method configuration",
        prints: Prints::Nothing,
        flags: AUTH_TUNE,
        run: |session| mounts::tune(session, Family::Auth),
    },
    Command {
        path: "auth move",
        arguments: "SOURCE DESTINATION",
        synopsis: "Move an auth method to a new path",
        prints: Prints::Nothing,
        flags: &[],
        run: |session| mounts::move_to(session, Family::Auth),
    },
    Command {
        path: "auth help",
        arguments: "TYPE | PATH",
        synopsis: "Prints usage for an auth method",
        prints: Prints::Nothing,
        flags: &[],
        run: login::auth_help,
    },
    Command {
        path: "audit enable",
        arguments: "TYPE [CONFIG K=V...]",
        synopsis: "Enables an audit device",
        prints: Prints::Nothing,
        flags: &[("description", Kind::Text), ("path", Kind::Text), ("local", Kind::Bool)],
        run: audit::enable,
    },
    Command {
        path: "audit disable",
        arguments: "PATH",
        synopsis: "Disables an audit device",
        prints: Prints::Nothing,
        flags: &[],
        run: audit::disable,
    },
    Command {
        path: "audit list",
        arguments: "",
        synopsis: "Lists enabled audit devices",
        prints: Prints::Format,
        flags: &DETAILED,
        run: audit::list,
    },
];
