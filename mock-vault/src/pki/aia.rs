//! The URLs that go into certificates.

use lab_pki::CertificateBuilder;

use crate::pki::engine::Pki;
use crate::pki::model::{IssuerEntry, Urls};

/// Where a mount without any URLs says so.
const MISSING: &str = "This mount hasn't configured any authority information access (AIA) fields; this may make it \
    harder for systems to find missing certificates in the chain or to validate revocation status of certificates. Consider \
    updating /config/urls or the newly generated issuer with this information.";

impl Pki {
    /// The URLs for what an issuer signs: its own, or else the mount's; templates are filled.
    pub(super) fn urls_of(&self, issuer: Option<&IssuerEntry>) -> Urls {
        let urls = issuer
            .and_then(|issuer| issuer.urls.as_ref())
            .filter(|urls| !urls.is_empty())
            .unwrap_or(self.urls.get());
        if !urls.enable_templating {
            return urls.clone();
        }
        let cluster = self.cluster.get();
        let id = issuer.map_or("", |issuer| &issuer.id);
        let fill = |list: &[String]| {
            let fill = |url: &String| {
                url.replace("{{issuer_id}}", id)
                    .replace("{{cluster_path}}", &cluster.path)
                    .replace("{{cluster_aia_path}}", &cluster.aia_path)
            };
            list.iter().map(fill).collect()
        };
        Urls {
            issuing_certificates: fill(&urls.issuing_certificates),
            crl_distribution_points: fill(&urls.crl_distribution_points),
            delta_crl_distribution_points: fill(&urls.delta_crl_distribution_points),
            ocsp_servers: fill(&urls.ocsp_servers),
            enable_templating: true,
        }
    }
}

/// Puts URLs into a certificate.
pub(super) fn apply(urls: Urls, builder: &mut CertificateBuilder) {
    builder.issuing_certificate_urls = urls.issuing_certificates;
    builder.crl_distribution_points = urls.crl_distribution_points;
    builder.delta_crl_distribution_points = urls.delta_crl_distribution_points;
    builder.ocsp_servers = urls.ocsp_servers;
}

/// What an import says of the mount's URLs.
pub(super) fn of_import(urls: &Urls) -> Option<String> {
    complaint(urls, "delta crl distribution points were set, but no base crl distribution points were set.")
}

/// What a new root says of the mount's URLs.
pub(super) fn of_root(urls: &Urls) -> Option<String> {
    complaint(
        urls,
        "This mount has configured Delta CRL distribution points are set but no CRL Distribution Points.",
    )
}

/// What a new intermediate says of its issuer's URLs.
pub(super) fn of_intermediate(urls: &Urls) -> Option<String> {
    complaint(
        urls,
        "This mount has configured delta CRL distribution points, but not CRL distribution points.",
    )
}

/// What a request for an intermediate says of the mount's URLs.
pub(super) fn of_request(urls: &Urls) -> Option<String> {
    if urls.is_empty() && !lacks_base(urls) {
        return Some(format!(
            "{MISSING} Since this certificate is an intermediate, it might be useful to regenerate this certificate after \
             fixing this problem for the root mount."
        ));
    }
    complaint(
        urls,
        "This mount has configured delta crl distribution points but no base crl distribution points were set.",
    )
}

fn complaint(urls: &Urls, lacking_base: &str) -> Option<String> {
    if lacks_base(urls) {
        return Some(lacking_base.to_owned());
    }
    urls.is_empty().then(|| MISSING.to_owned())
}

/// Whether there are URLs of additions to lists, and none of lists.
pub(super) fn lacks_base(urls: &Urls) -> bool {
    urls.crl_distribution_points.is_empty() && !urls.delta_crl_distribution_points.is_empty()
}

/// The first filled template that is no URL: the name of its parameter, and itself.
pub(super) fn unfilled(urls: &Urls) -> Option<(&'static str, String)> {
    if !urls.enable_templating {
        return None;
    }
    invalid(&Urls { enable_templating: false, ..urls.clone() })
}

/// The warning about one.
pub(super) fn may_fail((name, url): (&'static str, String)) -> String {
    format!(
        "issuance may fail: error validating templated {name}; invalid URI: {url}\n\nConsider setting the cluster-local \
         address if it is not already set."
    )
}

/// The first URL that is none, with the name of its parameter.
pub(super) fn invalid(urls: &Urls) -> Option<(&'static str, String)> {
    let lists = [
        ("issuing_certificates", &urls.issuing_certificates),
        ("crl_distribution_points", &urls.crl_distribution_points),
        ("delta_crl_distribution_points", &urls.delta_crl_distribution_points),
        ("ocsp_servers", &urls.ocsp_servers),
    ];
    let good = |url: &str| is_url(url) || urls.enable_templating;
    lists.iter().find_map(|(name, list)| list.iter().find(|url| !good(url)).map(|url| (*name, url.clone())))
}

/// What Vault takes for a URL.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    ["http", "https", "ftp", "tcp", "udp", "ws", "wss"].contains(&scheme)
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !text.contains(char::is_whitespace)
}
