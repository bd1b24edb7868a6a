//! `issuers` and `issuer/<ref>`.

use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::aia;
use crate::pki::crl::Kind;
use crate::pki::engine::Pki;
use crate::pki::model::{IssuerEntry, NotAfterBehavior, USAGES, Urls};
use crate::pki::root::{check_issuer_name, pem_line};

const FIELDS: &[Field] = &[
    Field::text("issuer_ref"),
    Field::text("issuer_name"),
    Field::text("leaf_not_after_behavior").or_text("err"),
    Field::comma_list("manual_chain"),
    Field::comma_list("usage").or_list(&USAGES),
    Field::text("revocation_signature_algorithm"),
    Field::comma_list("issuing_certificates"),
    Field::comma_list("crl_distribution_points"),
    Field::comma_list("delta_crl_distribution_points"),
    Field::comma_list("ocsp_servers"),
    Field::flag("enable_aia_url_templating"),
];

/// The endpoints of issuers.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("issuers/?", &[], &[(List, list)]),
    Endpoint::new(
        "issuer/{issuer_ref}",
        &[FIELDS],
        &[(Read, read), (Update, write), (Patch, patch), (Delete, delete)],
    ),
];

fn list(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let default = &pki.defaults.get().issuer;
    let info: Data = pki
        .issuers
        .iter()
        .map(|(id, issuer)| {
            let row = json!({
                "is_default": id == default, "issuer_name": issuer.name, "key_id": issuer.key_id,
                "serial_number": issuer.certificate.0.serial(),
            });
            (id.clone(), row)
        })
        .collect();
    let mut response = Response::keys(pki.issuers.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}

/// An issuer as it is read.
pub(super) fn describe(pki: &Pki, issuer: &IssuerEntry) -> Value {
    let urls = issuer.urls.clone().unwrap_or_default();
    // Once one of the lists is set, the others are not there; before, they are empty.
    let list =
        |urls: &[String]| if urls.is_empty() && issuer.urls.is_some() { Value::Null } else { json!(urls) };
    let manual = if issuer.manual_chain.is_empty() { Value::Null } else { json!(issuer.manual_chain) };
    let mut data = json!({
        "issuer_id": issuer.id, "issuer_name": issuer.name, "key_id": issuer.key_id,
        "certificate": pem_line(&issuer.certificate.0), "manual_chain": manual,
        "ca_chain": pki.chain(&issuer.id).iter().map(pem_line).collect::<Vec<_>>(),
        "leaf_not_after_behavior": issuer.behavior.name(), "usage": issuer.usage.join(","),
        "revocation_signature_algorithm": issuer.revocation_signature_algorithm, "revoked": issuer.revoked.is_some(),
        "issuing_certificates": list(&urls.issuing_certificates),
        "crl_distribution_points": list(&urls.crl_distribution_points),
        "delta_crl_distribution_points": list(&urls.delta_crl_distribution_points),
        "ocsp_servers": list(&urls.ocsp_servers),
        "enable_aia_url_templating": urls.enable_templating,
    });
    if let Some(revoked) = issuer.revoked {
        data["revocation_time"] = revoked.unix_timestamp().into();
        data["revocation_time_rfc3339"] = lab_world::format_rfc3339_nano(revoked).into();
    }
    data
}

fn read(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let issuer = pki.issuer_named(call.fields.text("issuer_ref"))?;
    let warnings = downgraded(issuer).into_iter().collect();
    Response { warnings, ..Response::of(describe(pki, issuer)) }.ok()
}

/// What is not sent goes back to its preset.
fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    change(pki, call, |_| true)
}

/// What is not sent stays.
fn patch(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    change(pki, call, |name| call.fields.has(name))
}

fn change(pki: &mut Pki, call: &Call<'_>, takes: impl Fn(&str) -> bool) -> Outcome {
    let fields = &call.fields;
    let mut issuer = pki.issuer_named(fields.text("issuer_ref"))?.clone();
    // Who may not sign lists any more keeps the last one.
    pki.crl_of(&issuer.id, Kind::Complete, call.environment);
    if takes("issuer_name") {
        if fields.has("issuer_name") && fields.text("issuer_name").is_empty() {
            return Err(Refusal::invalid("expected non-empty issuer name"));
        }
        check_issuer_name(pki, fields.text("issuer_name"), &issuer.id)?;
        issuer.name = fields.text("issuer_name").to_owned();
    }
    if takes("leaf_not_after_behavior") {
        issuer.behavior = NotAfterBehavior::named(fields.text("leaf_not_after_behavior")).ok_or_else(|| {
            Refusal::invalid(
                "Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, `truncate`, and `permit`.",
            )
        })?;
    }
    if takes("usage") {
        issuer.usage = usage(&fields.list("usage"))?;
    }
    if takes("manual_chain") {
        issuer.manual_chain = manual_chain(pki, &fields.list("manual_chain"), &issuer)?;
    }
    if takes("revocation_signature_algorithm") {
        issuer.revocation_signature_algorithm =
            algorithm(fields.text("revocation_signature_algorithm"), &issuer)?;
    }
    urls(call, &mut issuer, takes)?;
    let id = issuer.id.clone();
    pki.issuers.insert(id.clone(), issuer);
    pki.rebuild_chains();
    let issuer = pki.issuer_named(&id)?;
    let mut warnings: Vec<String> =
        aia::unfilled(&pki.urls_of(Some(issuer))).map(aia::may_fail).into_iter().collect();
    if let Some(urls) = issuer.urls.as_ref().filter(|urls| aia::lacks_base(urls)) {
        warnings.push(format!(
            "delta crl distribution points were set: {} but no base crl distribution point was set, consider setting base \
             crl distribution point.",
            urls.delta_crl_distribution_points.join(",")
        ));
    }
    warnings.extend(downgraded(issuer));
    Response { warnings, ..Response::of(describe(pki, issuer)) }.ok()
}

/// What is said of an issuer whose answers about single certificates are signed otherwise than its lists.
fn downgraded(issuer: &IssuerEntry) -> Option<String> {
    issuer.revocation_signature_algorithm.ends_with("PSS").then(|| {
        "Issuer uses a PSS Revocation Signature Algorithm. This algorithm will be downgraded to PKCS#1v1.5 signature scheme \
         on OCSP responses, due to limitations in the OCSP library."
            .to_owned()
    })
}

/// How an issuer's lists are signed. Errors: there is no such algorithm, or the issuer's key is of another kind.
fn algorithm(name: &str, issuer: &IssuerEntry) -> Result<String, Refusal> {
    if name.is_empty() {
        return Ok(String::new());
    }
    let Some(known) = ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
        let names = ALGORITHMS.map(str::to_lowercase).join(", ") + ", pureed25519";
        return Err(Refusal::Invalid(format!(
            "Unknown signature algorithm value: 0 - valid values are {names}"
        )));
    };
    let kind = issuer.certificate.0.public_key().algorithm().to_uppercase();
    let fits = match *known {
        name if name.contains("RSA") => kind.starts_with("RSA"),
        name if name.starts_with("ECDSA") => kind.starts_with("EC"),
        _ => kind.starts_with("ED25519"),
    };
    let wanted = known.replace("With", "-");
    if !fits {
        let kind = if kind.starts_with("EC") { "ECDSA".to_owned() } else { kind };
        return Err(Refusal::Failed(format!(
            "unable to use issuer of type {kind} to sign with {wanted} key type"
        )));
    }
    Ok((*known).to_owned())
}

const ALGORITHMS: [&str; 10] = [
    "SHA512WithRSAPSS",
    "SHA384WithRSA",
    "ECDSAWithSHA384",
    "ECDSAWithSHA512",
    "SHA256WithRSAPSS",
    "Ed25519",
    "SHA256WithRSA",
    "SHA512WithRSA",
    "ECDSAWithSHA256",
    "SHA384WithRSAPSS",
];

fn usage(names: &[String]) -> Result<Vec<String>, Refusal> {
    if names.iter().any(|name| !USAGES.contains(&name.as_str())) {
        return Err(Refusal::Invalid(format!(
            "Unable to parse specified usages: [{}] - valid values are {}",
            names.join(" "),
            USAGES.join(",")
        )));
    }
    let mut names: Vec<String> = names.to_vec();
    names.push("read-only".into());
    names.sort();
    names.dedup();
    Ok(names)
}

fn manual_chain(pki: &Pki, references: &[String], own: &IssuerEntry) -> Result<Vec<String>, Refusal> {
    let mut chain = Vec::new();
    for (at, reference) in references.iter().enumerate() {
        let issuer = if *reference == "self" { own } else { pki.issuer_named(reference)? };
        if at == 0 && issuer.id != own.id {
            return Err(Refusal::Invalid(format!(
                "Unexpected issuer in chain: expected first entry {reference} to be this issuer"
            )));
        }
        chain.push(issuer.id.clone());
    }
    Ok(chain)
}

fn urls(call: &Call<'_>, issuer: &mut IssuerEntry, takes: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let fields = &call.fields;
    let mut urls: Urls = issuer.urls.clone().unwrap_or_default();
    for (name, list) in [
        ("issuing_certificates", &mut urls.issuing_certificates),
        ("crl_distribution_points", &mut urls.crl_distribution_points),
        ("delta_crl_distribution_points", &mut urls.delta_crl_distribution_points),
        ("ocsp_servers", &mut urls.ocsp_servers),
    ] {
        if takes(name) {
            *list = fields.list(name);
        }
    }
    if takes("enable_aia_url_templating") {
        urls.enable_templating = fields.flag("enable_aia_url_templating");
    }
    if let Some((name, url)) = aia::invalid(&urls) {
        return Err(Refusal::Invalid(format!(
            "invalid URL found in Authority Information Access (AIA) parameter {name}: {url}"
        )));
    }
    // Without a single URL there is nothing to keep.
    let any = !urls.is_empty() || !urls.delta_crl_distribution_points.is_empty();
    issuer.urls = any.then_some(urls);
    Ok(())
}

fn delete(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let reference = call.fields.text("issuer_ref");
    let Ok(issuer) = pki.issuer(reference) else { return Response::default().ok() };
    let (id, name) = (issuer.id.clone(), issuer.name.clone());
    pki.issuers.remove(&id);
    pki.crls.remove(&id);
    pki.rebuild_chains();
    let mut warnings = Vec::new();
    let is_default = pki.defaults.get().issuer == id;
    if is_default {
        pki.defaults.get_mut().issuer.clear();
        warnings.push(format!(
            "Deleted issuer {id} (via issuer_ref {reference}); this was configured as the default issuer. Operations without \
             an explicit issuer will not work until a new default is configured."
        ));
    }
    let names = [id.as_str(), name.as_str(), if is_default { "default" } else { "" }];
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        match pki.roles.values().filter(|role| role.issuer_ref == name).count() {
            0 => {}
            users => warnings.push(format!("{users} roles reference {name}")),
        }
    }
    warnings.extend(pki.crl_warnings());
    Response { warnings, ..Response::default() }.ok()
}
