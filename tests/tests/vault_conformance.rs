//! What the real Vault answered, step by step, held against the lab's.
//!
//! `fixtures/conformance` holds requests and the answers that Vault 1.21.1 gave to them. Here the same requests go to a
//! server in a simulated world, and the answers are compared after ids, tokens, times and keys are made alike.

mod conformance;

use lab_world::{Host, Simulation};
use mock_vault::{Config, Dev, Server};

/// Holds a recording against a server with this configuration.
fn check(name: &str, config: fn(&Host) -> Config) {
    conformance::check(name, async |world: &Simulation| {
        let host = world.host("vault");
        let server = Server::start(&host, config(&host)).await.expect("the server starts");
        // The recordings were made on the server's own machine.
        let address = format!("127.0.0.1:{}", server.address().port());
        (server, address, host)
    });
}

/// A development server whose root token is `root`.
fn development(host: &Host) -> Config {
    Config {
        dev: Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() }),
        ui: true,
        ..Config::for_host(host)
    }
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
fn applications_log_in_with_roles_and_secret_ids() {
    check("vault-approle", development);
}

#[test]
fn a_role_is_changed_setting_by_setting() {
    check("vault-approle-more", development);
}

#[test]
fn what_is_wrong_with_a_role_is_said() {
    check("vault-approle-edges", development);
}

#[test]
fn people_log_in_with_passwords() {
    check("vault-userpass", development);
}

#[test]
fn entities_aliases_and_groups_are_kept() {
    check("vault-identity", development);
}

#[test]
fn versions_are_patched_deleted_and_limited() {
    check("vault-kv-more", development);
}

#[test]
fn leases_are_looked_up_renewed_and_revoked() {
    check("vault-leases", development);
}

#[test]
fn tokens_of_every_kind_are_made() {
    check("vault-tokens-more", development);
}

#[test]
fn answers_are_wrapped_and_the_server_describes_itself() {
    check("vault-wrapping", development);
}

#[test]
fn mounts_audit_devices_and_keys_are_managed() {
    check("vault-manage", development);
}

#[test]
fn a_server_is_operated() {
    check("vault-operate", development);
}

#[test]
fn issuers_and_keys_are_managed() {
    check("vault-pki-issuers", development);
}

#[test]
fn requests_are_signed_in_every_way() {
    check("vault-pki-sign", development);
}

#[test]
fn database_connections_and_roles_are_kept() {
    check("vault-database", development);
}

#[test]
fn who_guesses_passwords_is_locked_out() {
    check("vault-lockout", development);
}

#[test]
fn odd_requests_are_refused_in_the_same_words() {
    check("vault-requests", development);
}

#[test]
fn a_server_is_initialised_unsealed_and_managed() {
    check("vault-sys", Config::for_host);
}

#[test]
fn odd_requests_for_secrets_are_answered_alike() {
    check("vault-odd-secrets", development);
}

#[test]
fn odd_requests_for_tokens_are_answered_alike() {
    check("vault-odd-tokens", development);
}

#[test]
fn odd_roles_of_authorities_are_answered_alike() {
    check("vault-pki-roles", development);
}

#[test]
fn odd_requests_of_authorities_are_answered_alike() {
    check("vault-pki-edges", development);
}

#[test]
fn odd_roles_and_tokens_of_workloads_are_answered_alike() {
    check("vault-jwt-edges", development);
}

#[test]
fn odd_policies_wrappings_and_names_are_answered_alike() {
    check("vault-odd-requests", development);
}

#[test]
fn templates_in_policies_follow_the_entity() {
    check("vault-templates", development);
}

#[test]
fn identity_tokens_are_issued() {
    check("vault-oidc", development);
}

#[test]
fn people_log_in_to_other_programs() {
    check("vault-oidc-login", development);
}

#[test]
fn lists_of_revoked_certificates_are_signed_and_read() {
    check("vault-pki-lists", development);
}

#[test]
fn every_family_answers_what_is_asked_seldom() {
    check("vault-families", development);
}

#[test]
fn keys_are_fetched_for_every_algorithm() {
    check("vault-jwks", development);
}

#[test]
fn every_path_answers_every_method_alike() {
    check("vault-methods", development);
}

#[test]
fn parameters_of_the_wrong_kind_are_answered_alike() {
    check("vault-odd-values", development);
}

#[test]
fn authorities_are_limited_and_configured() {
    check("vault-pki-authorities", development);
}

#[test]
fn odd_requests_for_certificates_are_told_what_is_wrong_first() {
    check("vault-pki-depth", development);
}

#[test]
fn odd_tokens_are_read_or_refused_alike() {
    check("vault-jwt-depth", development);
}

#[test]
fn static_roles_of_databases_are_kept() {
    check("vault-static-roles", development);
}

#[test]
fn roles_name_the_kind_of_their_tokens() {
    check("vault-token-kinds", development);
}

#[test]
fn tokens_are_told_what_they_may_do() {
    check("vault-capabilities", development);
}

#[test]
fn texts_are_hashed_and_lists_are_asked_for_twice() {
    check("vault-tools", development);
}

#[test]
fn lists_of_revocations_are_configured_alike() {
    check("vault-pki-revocation", development);
}

#[test]
fn tidying_is_configured_and_told_alike() {
    check("vault-pki-tidy", development);
}
