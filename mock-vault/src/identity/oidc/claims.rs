//! What scopes say of somebody.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::identity::oidc::fault::Fault;
use crate::identity::oidc::model::Oidc;
use crate::identity::oidc::template;
use crate::logical::Data;
use crate::policy::Subject;
use crate::state::State;

/// The claims of some scopes, those of which are gone left out.
///
/// Errors: two scopes make the same claim.
pub(super) fn of_scopes(
    state: &State,
    scopes: &[String],
    entity: &str,
    now: OffsetDateTime,
) -> Result<Data, Fault> {
    let subject = state.identity.subject(entity).unwrap_or_default();
    let mut all = Data::new();
    let mut makers: BTreeMap<String, &str> = BTreeMap::new();
    for scope in scopes {
        for (claim, value) in made(&state.identity.oidc, scope, &subject, now) {
            if let Some(before) = makers.insert(claim.clone(), scope) {
                let told = format!(
                    "found scopes with conflicting top-level claim: claim {claim:?} in scopes {scope:?}, {before:?}"
                );
                return Err(Fault::new("invalid_request", told));
            }
            all.insert(claim, value);
        }
    }
    Ok(all)
}

/// What a provider is warned of whose scopes make the same claims.
pub(super) fn conflicts(oidc: &Oidc, scopes: &[String], now: OffsetDateTime) -> Vec<String> {
    let mut makers: BTreeMap<String, &str> = BTreeMap::new();
    let mut warnings = Vec::new();
    for scope in scopes {
        for (claim, _) in made(oidc, scope, &Subject::default(), now) {
            if let Some(before) = makers.insert(claim.clone(), scope) {
                warnings.push(format!(
                    "Found scope templates with conflicting top-level keys: conflict {claim:?} in scopes {scope:?}, {before:?}. \
                     This may result in an error if the scopes are requested in an OIDC Authentication Request."
                ));
            }
        }
    }
    warnings
}

fn made(oidc: &Oidc, scope: &str, subject: &Subject, now: OffsetDateTime) -> Data {
    let template = oidc.scopes.get(scope).map_or("", |scope| scope.template.as_str());
    // Templates were checked when they were written.
    template::claims(template, subject, now).unwrap_or_default()
}
