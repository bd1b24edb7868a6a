//! `pki verify-sign`: how one certificate hangs together with another.

use std::collections::BTreeMap;

use lab_pki::{Usage, VerifyOptions};

use super::issuer::Issuer;
use super::{client, show_data, with_late_flag};
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;
use crate::vault_cli::tree::Tree;

/// What is compared, by name, and whether it fits.
pub(super) type Matches = BTreeMap<&'static str, bool>;

pub(in crate::vault_cli) fn verify_sign(session: &Session<'_>) -> Outcome {
    let [issuer, issued] = two(session.arguments())?.map(sanitize);
    let api = client(session)?;
    let parent = Issuer::read(&api, &issuer)
        .map_err(|failure| failure.told(&format!("Failed to read issuer: {issuer}")).into_usage())?;
    let matches = matches(&api, &parent, &issued)
        .map_err(|failure| failure.told("Failed to run verification").into_usage())?;
    if session.is_table() {
        session.say(&format!("issuer:{issuer}"));
        session.say(&format!("issued:{issued}\n"));
        show_table(session, "field♨value", &matches);
    } else {
        // Of a form that there is not nothing is said here.
        show_data(session, &tree(&matches));
    }
    Ok(0)
}

/// Reads a certificate, and compares it with the one that may have issued it.
pub(super) fn matches(api: &Api, parent: &Issuer, path: &str) -> Result<Matches, Failure> {
    let child = Issuer::read(api, path)
        .map_err(|failure| failure.told(&format!("error: unable to fetch issuer {path}")))?;
    let (issuer, issued) = (&parent.certificate, &child.certificate);
    let options = VerifyOptions {
        roots: std::slice::from_ref(issuer),
        intermediates: &[],
        at: api.machine_time(),
        usage: Usage::Server,
        name: None,
    };
    let is_trusted = match lab_pki::verify(&options, issued).map_err(|told| told.to_string()) {
        Ok(_) => true,
        Err(told) if told.contains("certificate signed by unknown authority") => false,
        Err(told) => return Err(Failure::Refused(told)),
    };
    Ok(Matches::from([
        ("subject_match", issuer.raw_subject() == issued.raw_issuer()),
        ("path_match", child.chain.contains(issuer)),
        ("trust_match", is_trusted),
        ("key_id_match", issued.authority_key_id() == issuer.subject_key_id()),
        ("signature_match", issued.check_signature_from(issuer).is_ok()),
    ]))
}

/// Prints what fits and what does not.
pub(super) fn show_table<K: std::fmt::Display>(
    session: &Session<'_>,
    heading: &str,
    matches: &BTreeMap<K, bool>,
) {
    let mut rows = vec![heading.to_owned()];
    rows.extend(matches.iter().map(|(name, fits)| format!("{name}♨{fits}")));
    session.show_rows(&rows);
    session.say("\n");
}

/// The same as data.
pub(super) fn tree<K: std::fmt::Display>(matches: &BTreeMap<K, bool>) -> Tree {
    Tree::Fields(matches.iter().map(|(name, fits)| (name.to_string(), (*fits).into())).collect())
}

fn two(arguments: &[String]) -> Result<[&str; 2], Failure> {
    let told = match arguments {
        [issuer, issued] => return Ok([issuer, issued]),
        [] => "Not enough arguments (expected potential issuer and issued, got nothing)".to_owned(),
        [_] => "Not enough arguments (expected both potential issuer and issued, got only one)".to_owned(),
        more => with_late_flag(
            format!(
                "Too many arguments (expected only potential issuer and issued, got {} arguments)",
                more.len()
            ),
            more,
        ),
    };
    Err(Failure::Usage(told))
}
