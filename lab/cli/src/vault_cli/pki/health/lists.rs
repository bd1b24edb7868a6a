//! Lists of revoked certificates: whether they are about to end.

use lab_pki::RevocationList;

use super::authorities::ISSUERS;
use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;

/// Whether lists and delta lists end soon.
pub(super) fn validity(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let issuers = mount.issuers()?;
    if *issuers == Fetched::Unsupported {
        return Ok(vec![Finding::old_server(mount.at("issuers"), ISSUERS)]);
    }
    if issuers.data().is_none() {
        return Ok(Vec::new());
    }
    let (mut complete, mut deltas) = (Vec::new(), Vec::new());
    for issuer in issuers.keys() {
        // Without an issuer's list nobody asks for its delta list.
        let (_, Some(list)) = mount.revocation_list(&issuer, "crl", "CRL")? else { continue };
        complete.push((issuer.clone(), list));
        if let (_, Some(delta)) = mount.revocation_list(&issuer, "crl/delta", "Delta CRL")? {
            deltas.push((issuer, delta));
        }
    }
    let config = mount.read("config/crl")?;
    let mut found = Vec::new();
    if *config == Fetched::Denied {
        found.push(mount.denied(
            mount.at("config/crl"),
            "unable read authenticated CRL configuration",
            "permission to read the CRL configuration",
            "This prevents the health check from seeing if the CRL is disabled and dropping the severity of this check \
             accordingly.",
        ));
    }
    let sort = |name, end, percent| Sort { name, end, percent, shown: settings.crl_percent };
    let sorts = [
        (complete, sort("CRL", "crl", settings.crl_percent)),
        (deltas, sort("Delta CRL", "crl/delta", settings.delta_crl_percent)),
    ];
    for (lists, sort) in &sorts {
        let judged = lists.iter().map(|(issuer, list)| judge(mount, issuer, list, sort));
        found.extend(judged);
    }
    Ok(found)
}

/// The complete lists, or those of changes.
struct Sort {
    name: &'static str,
    end: &'static str,
    /// How many hundredths of its time may be over.
    percent: i64,
    /// What is told of it: for both sorts that of the complete lists.
    shown: i64,
}

/// That lists are disabled changes nothing: the real program looks for the setting by another name than it has.
fn judge(mount: &Mount<'_>, issuer: &str, list: &RevocationList, sort: &Sort) -> Finding {
    let Sort { name, end, percent, shown } = sort;
    let place = mount.at(&format!("issuer/{issuer}/{end}"));
    let from = list.this_update;
    let to = list.next_update.unwrap_or(from);
    // Hundredths of the time in whole seconds, which is what such lists have.
    let ends = from + time::Duration::milliseconds((to - from).whole_seconds() * percent * 10);
    if mount.now < ends {
        let message = format!("{name}'s validity ({} to {}) is OK.", from.date(), to.date());
        return Finding::new(Level::Ok, place, message);
    }
    let message = format!(
        "{name}'s validity is outside of suggested rotation window: {name}'s next update is expected at {}, but \
         expires within {shown}% of validity window (starting on {} and ending on {}). It is suggested to rotate this \
         {name} and start propagating it to hosts to avoid any issues caused by stale CRLs.",
        to.date(),
        from.date(),
        ends.date()
    );
    Finding::new(Level::Critical, place, message)
}
