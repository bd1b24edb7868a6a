//! The roles of a mount: what they allow more than they should.

use std::rc::Rc;

use super::authorities::ISSUERS;
use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;

/// Whether roles for other names allow `localhost` besides.
pub(super) fn localhost(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let roles = Roles::read(mount)?;
    roles.judge("allowing issuance for localhost domains", Vec::new(), |role| {
        let domains = role.texts("allowed_domains");
        (role.is_true("allow_localhost") && !domains.is_empty()).then(|| {
            let message = format!(
                "Role currently allows localhost issuance with a non-empty allowed_domains ([{}]): this role is \
                 intended for issuing other hostnames and the allow_localhost=true option may be overlooked by \
                 operators. If this role is intended to issue certificates valid for localhost, consider setting \
                 allow_localhost=false and explicitly adding localhost to the list of allowed domains.",
                domains.join(" ")
            );
            (Level::Warning, message)
        })
    })
}

/// Whether roles allow patterns of names and certificates for patterns together.
pub(super) fn glob_wildcards(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let roles = Roles::read(mount)?;
    roles.judge("restricting wildcard certificate issuance in roles", Vec::new(), |role| {
        let domains = role.texts("allowed_domains");
        let allows = role.is_true("allow_wildcard_certificates") && role.is_true("allow_glob_domains");
        (allows && domains.iter().any(|domain| domain.contains('*'))).then(|| {
            let message = format!(
                "Role currently allows wildcard issuance while allowing globs in allowed_domains ([{}]). Because globs \
                 can expand to one or more wildcard character, including wildcards under additional subdomains, these \
                 options are dangerous to enable together. If glob domains are required to be enabled, it is suggested \
                 to either disable wildcard issuance if not desired, or create two separate roles -- one with wildcard \
                 issuance for specified domains and one with glob matching enabled for concrete domain identifiers.",
                domains.join(" ")
            );
            (Level::Warning, message)
        })
    })
}

/// Whether roles keep every certificate.
pub(super) fn stored(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    const BY_HAND: &str = "Role currently stores every issued certificate (no_store=false). Too many issued and/or \
                           revoked certificates can exceed Vault's storage limits and make operations slow. It is \
                           encouraged to enable auto-rebuild of CRLs to prevent every revocation from creating a new \
                           CRL, and to limit the number of certificates issued under roles with no_store=false: use \
                           shorter lifetimes and/or BYOC revocation instead.";
    const BY_ITSELF: &str = "Role currently stores every issued certificate (no_store=false). With auto-rebuild CRL \
                             enabled, less performance impact occur on CRL rebuilding, but note that too many issued \
                             and/or revoked certificates can exceed Vault's storage limits and make operations slow. \
                             It is suggested to limit the number of certificates issued under roles with \
                             no_store=false: use shorter lifetimes to avoid revocation and/or BYOC revocation instead.";
    let roles = Roles::read(mount)?;
    let config = if roles.list_is_there() { Some(mount.read("config/crl")?) } else { None };
    let denied = config.as_deref().filter(|config| **config == Fetched::Denied).map(|_| {
        mount.denied(
            mount.at("config/crl"),
            "unable read authenticated CRL configuration",
            "so permission to read the CRL configuration",
            "This prevents the health check from seeing if the CRL is set to auto_rebuild=true and lowering the \
             severity of check results appropriately.",
        )
    });
    let rebuilds = config.is_some_and(|config| config.is_true("auto_rebuild"));
    let told = if rebuilds { (Level::Informational, BY_ITSELF) } else { (Level::Warning, BY_HAND) };
    roles.judge("certificate storage", denied.into_iter().collect(), |role| {
        (!role.is_true("no_store")).then(|| (told.0, told.1.to_owned()))
    })
}

/// The roles of a mount, as far as they may be read.
struct Roles<'a> {
    mount: &'a Mount<'a>,
    list: Rc<Fetched>,
    roles: Vec<(String, Rc<Fetched>)>,
}

impl<'a> Roles<'a> {
    fn read(mount: &'a Mount<'a>) -> Result<Self, Failure> {
        let list = mount.list("roles")?;
        let read = |name: String| Ok((name.clone(), mount.read(&format!("roles/{name}"))?));
        let roles = list.keys().into_iter().map(read).collect::<Result<_, Failure>>()?;
        Ok(Self { mount, list, roles })
    }

    fn list_is_there(&self) -> bool {
        self.list.data().is_some()
    }

    /// What `judge` says of each role; `practice` is what they all follow where nothing is said of any.
    fn judge(
        &self,
        practice: &str,
        besides: Vec<Finding>,
        judge: impl Fn(&Fetched) -> Option<(Level, String)>,
    ) -> Result<Vec<Finding>, Failure> {
        let place = self.mount.at("roles");
        let is_old = |(_, role): &(String, Rc<Fetched>)| **role == Fetched::Unsupported;
        match *self.list {
            Fetched::Denied => return Ok(vec![self.list_denied(place)]),
            Fetched::Unsupported => return Ok(vec![Finding::old_server(place, ISSUERS)]),
            _ if self.roles.iter().any(is_old) => return Ok(vec![Finding::old_server(place, ISSUERS)]),
            _ => {}
        }
        let of = |name: &str| self.mount.at(&format!("roles/{name}"));
        let mut found = Vec::new();
        for (name, _) in self.roles.iter().filter(|(_, role)| **role == Fetched::Denied) {
            let so = "Without this information, this health check is unable to function.";
            let lacks = "permission the endpoint";
            found.push(self.mount.denied(of(name), "unable for the endpoint", lacks, so));
        }
        found.extend(besides);
        let readable = || self.roles.iter().filter(|(_, role)| role.data().is_some());
        for (name, role) in readable() {
            found.extend(judge(role).map(|(level, message)| Finding::new(level, of(name), message)));
        }
        if found.is_empty() && readable().next().is_some() {
            let message = format!("Roles follow best practices regarding {practice}.");
            found.push(Finding::new(Level::Ok, place, message));
        }
        Ok(found)
    }

    fn list_denied(&self, place: String) -> Finding {
        let who = if self.mount.api.token().is_empty() {
            "No token available and so this health check"
        } else {
            "This token"
        };
        let message = format!(
            "{who} lacks permission either to list the roles. This restricts the ability to fully execute this health \
             check."
        );
        Finding::new(Level::InsufficientPermissions, place, message)
    }
}
