//! The URLs that go into certificates.

use lab_pki::CertificateBuilder;

use crate::pki::engine::Pki;
use crate::pki::model::{IssuerEntry, Urls};

/// Where a mount without any URLs says so.
pub(super) const MISSING: &str = "This mount hasn't configured any authority information access (AIA) fields; this may make it \
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
    builder.ocsp_servers = urls.ocsp_servers;
}

/// The first URL that is none, with the name of its parameter.
pub(super) fn invalid(urls: &Urls) -> Option<(&'static str, String)> {
    let lists = [
        ("issuing_certificates", &urls.issuing_certificates),
        ("crl_distribution_points", &urls.crl_distribution_points),
        ("delta_crl_distribution_points", &urls.delta_crl_distribution_points),
        ("ocsp_servers", &urls.ocsp_servers),
    ];
    let good = |url: &str| is_url(url) || (urls.enable_templating && url.contains("{{"));
    lists.iter().find_map(|(name, list)| list.iter().find(|url| !good(url)).map(|url| (*name, url.clone())))
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    !scheme.is_empty() && !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace)
}
