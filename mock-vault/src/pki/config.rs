//! `config/issuers`, `config/keys`, `config/urls` and `config/cluster`.

use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::aia;
use crate::pki::engine::Pki;
use crate::pki::model::Urls;

const ISSUERS: &[Field] = &[Field::text("default"), Field::flag("default_follows_latest_issuer")];
const KEYS: &[Field] = &[Field::text("default")];
const CLUSTER: &[Field] = &[Field::text("path"), Field::text("aia_path")];
const URLS: &[Field] = &[
    Field::comma_list("issuing_certificates"),
    Field::comma_list("crl_distribution_points"),
    Field::comma_list("delta_crl_distribution_points"),
    Field::comma_list("ocsp_servers"),
    Field::flag("enable_templating"),
];

/// The endpoints of the mount's settings.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("config/issuers", &[ISSUERS], &[(Read, read_issuers), (Update, set_default)]),
    Endpoint::new("config/keys", &[KEYS], &[(Read, read_keys), (Update, write_keys)]),
    Endpoint::new("config/urls", &[URLS], &[(Read, read_urls), (Update, write_urls)]),
    Endpoint::new("config/cluster", &[CLUSTER], &[(Read, read_cluster), (Update, write_cluster)]),
];

fn read_issuers(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let defaults = pki.defaults.get();
    respond(json!({"default": defaults.issuer, "default_follows_latest_issuer": defaults.follows_latest}))
}

/// Also serves `root/replace`.
pub(super) fn set_default(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let reference = call.fields.text("default");
    if reference.is_empty() || reference == "default" {
        return Err(Refusal::invalid(
            "Invalid issuer specification; must be non-empty and can't be 'default'.",
        ));
    }
    let issuer = pki
        .issuer(reference)
        .map_err(|error| Refusal::Invalid(format!("Error resolving issuer reference: {error}")))?;
    let (id, keyless) = (issuer.id.clone(), issuer.key_id.is_empty());
    let defaults = pki.defaults.get_mut();
    defaults.issuer = id;
    if call.fields.has("default_follows_latest_issuer") {
        defaults.follows_latest = call.fields.flag("default_follows_latest_issuer");
    }
    let mut response = Response::of(
        json!({"default": defaults.issuer, "default_follows_latest_issuer": defaults.follows_latest}),
    );
    if keyless {
        response.warnings.push(
            "This selected default issuer has no key associated with it. Some operations like issuing certificates and \
             signing CRLs will be unavailable with the requested default issuer until a key is imported or the default \
             issuer is changed."
                .into(),
        );
    }
    response.ok()
}

fn read_keys(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(json!({"default": pki.defaults.get().key}))
}

fn write_keys(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let reference = call.fields.text("default");
    if reference.is_empty() || reference == "default" {
        return Err(Refusal::invalid("Invalid key specification; must be non-empty and can't be 'default'."));
    }
    let failed = |refusal| Refusal::Invalid(format!("Error resolving issuer reference: {refusal}"));
    let id = pki.key_named(reference).map_err(failed)?.id.clone();
    pki.defaults.get_mut().key.clone_from(&id);
    respond(json!({"default": id}))
}

fn describe(urls: &Urls) -> Value {
    json!({
        "issuing_certificates": urls.issuing_certificates, "crl_distribution_points": urls.crl_distribution_points,
        "delta_crl_distribution_points": urls.delta_crl_distribution_points, "ocsp_servers": urls.ocsp_servers,
        "enable_templating": urls.enable_templating,
    })
}

fn read_urls(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(describe(pki.urls.get()))
}

fn write_urls(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let mut urls = pki.urls.get().clone();
    for (name, list) in [
        ("issuing_certificates", &mut urls.issuing_certificates),
        ("crl_distribution_points", &mut urls.crl_distribution_points),
        ("delta_crl_distribution_points", &mut urls.delta_crl_distribution_points),
        ("ocsp_servers", &mut urls.ocsp_servers),
    ] {
        if fields.has(name) {
            *list = fields.list(name);
        }
    }
    if fields.has("enable_templating") {
        urls.enable_templating = fields.flag("enable_templating");
    }
    if let Some((name, url)) = aia::invalid(&urls) {
        return Err(Refusal::Invalid(format!(
            "invalid URL found in Authority Information Access (AIA) parameter {name}: {url}"
        )));
    }
    let described = describe(&urls);
    pki.urls.set(urls);
    let mut warnings: Vec<String> =
        aia::unfilled(&pki.urls_of(None)).map(aia::may_fail).into_iter().collect();
    if aia::lacks_base(pki.urls.get()) {
        warnings.push(format!(
            "delta_crl_distribution_points were set: {} but not crl_distribution_points, consider setting \
             crl_distribution_points",
            pki.urls.get().delta_crl_distribution_points.join(",")
        ));
    }
    Response { warnings, ..Response::of(described) }.ok()
}

fn read_cluster(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let cluster = pki.cluster.get();
    respond(json!({"path": cluster.path, "aia_path": cluster.aia_path}))
}

fn write_cluster(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    for (name, set) in [("path", true), ("aia_path", false)] {
        if !fields.has(name) {
            continue;
        }
        let text = fields.text(name).to_owned();
        if !aia::is_url(&text) {
            return Err(Refusal::Failed(format!("invalid, non-URL {name} given to cluster: {text}")));
        }
        let cluster = pki.cluster.get_mut();
        if set {
            cluster.path = text;
        } else {
            cluster.aia_path = text;
        }
    }
    let cluster = pki.cluster.get();
    respond(json!({"path": cluster.path, "aia_path": cluster.aia_path}))
}
