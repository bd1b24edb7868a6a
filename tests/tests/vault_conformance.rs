//! What the real Vault answered, step by step, held against the lab's.
//!
//! `fixtures/conformance` holds requests and the answers that Vault 1.21.1 gave to them. Here the same requests go to a
//! server in a simulated world, and the answers are compared after ids, tokens, times and keys are made alike.

mod conformance;

use lab_world::Host;
use mock_vault::{Config, Dev};

use crate::conformance::check;

/// A development server whose root token is `root`.
fn development(host: &Host) -> Config {
    Config { dev: Some(Dev { root_token: Some("root".to_owned()) }), ui: true, ..Config::for_host(host) }
}

#[test]
fn tokens_are_made_looked_up_renewed_and_revoked() {
    check("vault-token", development);
}

#[test]
fn policies_are_written_and_obeyed() {
    check("vault-policy", development);
}

#[test]
fn secrets_are_kept_in_both_versions() {
    check("vault-kv", development);
}

#[test]
fn certificates_are_issued_signed_and_revoked() {
    check("vault-pki", development);
}

#[test]
fn workloads_log_in_with_their_tokens() {
    check("vault-jwt", development);
}

#[test]
fn a_server_is_initialised_unsealed_and_managed() {
    check("vault-sys", Config::for_host);
}
