//! `pki`

use super::Command;
use crate::vault_cli::options::{Kind, Known, Prints};
use crate::vault_cli::pki;

const ISSUE: [Known; 2] = [("issuer_name", Kind::Text), ("type", Kind::Text)];

pub(super) const COMMANDS: [Command; 5] = [
    Command {
        path: "pki health-check",
        arguments: "MOUNT",
        synopsis: "Check a PKI Secrets Engine mount's health and operational status",
        prints: Prints::Format,
        flags: &[
            ("default-disabled", Kind::Bool),
            ("health-config", Kind::Text),
            ("list", Kind::Bool),
            ("return-indicator", Kind::Text),
        ],
        run: pki::health_check,
    },
    Command {
        path: "pki issue",
        arguments: "PARENT CHILD_MOUNT K=V...",
        synopsis: "Given a parent certificate, and a list of generation parameters, creates an issuer on a specified mount",
        prints: Prints::Format,
        flags: &ISSUE,
        run: pki::issue,
    },
    Command {
        path: "pki list-intermediates",
        arguments: "PARENT [CHILD] [CHILD] [CHILD] ...",
        synopsis: "Determine which of a list of certificates, were issued by a given parent certificate",
        prints: Prints::Format,
        flags: &[
            ("direct_sign", Kind::Bool),
            ("indirect_sign", Kind::Bool),
            ("key_id_match", Kind::Bool),
            ("path_match", Kind::Bool),
            ("subject_match", Kind::Bool),
            ("use_names", Kind::Bool),
        ],
        run: pki::list_intermediates,
    },
    Command {
        path: "pki reissue",
        arguments: "PARENT TEMPLATE CHILD_MOUNT [K=V...]",
        synopsis: "Uses a parent certificate and a template certificate to create a new issuer on a child mount",
        prints: Prints::Format,
        flags: &ISSUE,
        run: pki::reissue,
    },
    Command {
        path: "pki verify-sign",
        arguments: "POSSIBLE-ISSUER POSSIBLE-ISSUED",
        synopsis: "Check whether one certificate validates another specified certificate",
        prints: Prints::Format,
        flags: &[],
        run: pki::verify_sign,
    },
];
