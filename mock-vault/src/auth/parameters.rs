//! The parameters of the tokens that a role grants.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::format_duration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::logical::{Auth, Call, Data, Field, Fields, MountView, Refusal};
use crate::mounts::Renewal;
use crate::policy::listed;
use crate::storage::seconds;

/// The parameters by their present names.
pub(crate) const FIELDS: &[Field] = &[
    Field::comma_list("token_bound_cidrs"),
    Field::seconds("token_explicit_max_ttl"),
    Field::seconds("token_max_ttl"),
    Field::flag("token_no_default_policy"),
    Field::seconds("token_period"),
    Field::comma_list("token_policies"),
    Field::text("token_type").or_text("default-service"),
    Field::seconds("token_ttl"),
    Field::number("token_num_uses"),
];

/// The names that some of them had.
pub(crate) const OLD_FIELDS: &[Field] = &[
    Field::comma_list("policies"),
    Field::seconds("ttl"),
    Field::seconds("max_ttl"),
    Field::seconds("period"),
    Field::number("num_uses"),
    Field::comma_list("bound_cidrs"),
];

/// What is granted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenParameters {
    pub(crate) bound_cidrs: Vec<String>,
    #[serde(with = "seconds")]
    pub(crate) explicit_max_ttl: Duration,
    #[serde(with = "seconds")]
    pub(crate) max_ttl: Duration,
    pub(crate) no_default_policy: bool,
    #[serde(with = "seconds")]
    pub(crate) period: Duration,
    pub(crate) policies: Vec<String>,
    /// `default`, `service` or `batch`.
    pub(crate) kind: String,
    #[serde(with = "seconds")]
    pub(crate) ttl: Duration,
    pub(crate) num_uses: i64,
    /// The old names that were used, which are shown too.
    old: BTreeMap<String, bool>,
}

impl TokenParameters {
    /// Puts what was sent over what there is. Errors: what is wrong with it.
    pub(crate) fn update(&mut self, fields: &Fields) -> Result<(), Refusal> {
        self.update_as(fields, fields.has("token_type").then(|| fields.text("token_type")))
    }

    /// The same with another kind of token than the one that was sent, where one was.
    pub(crate) fn update_as(&mut self, fields: &Fields, kind: Option<&str>) -> Result<(), Refusal> {
        let refuse = |text: &str| Err(Refusal::invalid(text));
        for (name, old, list) in [
            ("token_policies", "policies", &mut self.policies),
            ("token_bound_cidrs", "bound_cidrs", &mut self.bound_cidrs),
        ] {
            if let Some(name) = given(fields, name, old, &mut self.old) {
                *list = fields.list(name);
            }
        }
        self.bound_cidrs.retain(|block| !block.is_empty());
        check_addresses(&self.bound_cidrs).map_err(Refusal::Invalid)?;
        for (name, old, ttl) in [
            ("token_ttl", "ttl", &mut self.ttl),
            ("token_max_ttl", "max_ttl", &mut self.max_ttl),
            ("token_period", "period", &mut self.period),
            ("token_explicit_max_ttl", "", &mut self.explicit_max_ttl),
        ] {
            if let Some(name) = given(fields, name, old, &mut self.old) {
                *ttl = fields.duration(name);
            }
        }
        if let Some(name) = given(fields, "token_num_uses", "num_uses", &mut self.old) {
            self.num_uses = fields.number(name);
        }
        if fields.has("token_no_default_policy") {
            self.no_default_policy = fields.flag("token_no_default_policy");
        }
        if let Some(kind) = kind {
            self.kind = match kind {
                "" | "default" => "default".into(),
                kind @ ("service" | "batch") => kind.into(),
                other => return Err(Refusal::Invalid(format!("invalid 'token_type' value {other:?}"))),
            };
        }
        if self.kind.is_empty() {
            self.kind = "default".into();
        }
        if self.num_uses < 0 {
            return refuse("'token_num_uses' cannot be negative");
        }
        if self.kind == "batch" && !self.period.is_zero() {
            return refuse(
                "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens",
            );
        }
        if self.kind == "batch" && self.num_uses != 0 {
            return refuse(
                "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count",
            );
        }
        if !self.max_ttl.is_zero() && self.ttl > self.max_ttl {
            return refuse(if self.old.get("ttl").is_some_and(|old| *old) {
                "ttl should not be greater than max ttl"
            } else {
                "'token_ttl' cannot be greater than 'token_max_ttl'"
            });
        }
        Ok(())
    }

    /// Holds the lifetimes against the mount's; gives a warning where they will be cut.
    ///
    /// Errors: a period that is too long.
    pub(crate) fn against(&self, mount: &MountView) -> Result<Option<String>, Refusal> {
        if self.period > mount.max_ttl {
            return Err(Refusal::Invalid(format!(
                "'period' of '{:?}' is greater than the backend's maximum lease TTL of '{:?}'",
                format_duration(self.period),
                format_duration(mount.max_ttl)
            )));
        }
        Ok((self.max_ttl > mount.max_ttl).then(|| {
            "token max ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value \
             will be truncated"
                .to_owned()
        }))
    }

    /// Whether a parameter was last set under this old name.
    pub(crate) fn used(&self, old: &str) -> bool {
        self.old.get(old).is_some_and(|used| *used)
    }

    /// Forgets that an old name was used.
    pub(crate) fn forget(&mut self, old: &str) {
        self.old.remove(old);
    }

    /// As they are read, the old names included where they were used.
    pub(crate) fn describe(&self, into: &mut Data) {
        let seconds = |ttl: Duration| Value::from(ttl.as_secs());
        let values = [
            ("bound_cidrs", "token_bound_cidrs", json!(self.bound_cidrs)),
            ("", "token_explicit_max_ttl", seconds(self.explicit_max_ttl)),
            ("max_ttl", "token_max_ttl", seconds(self.max_ttl)),
            ("", "token_no_default_policy", json!(self.no_default_policy)),
            ("period", "token_period", seconds(self.period)),
            ("policies", "token_policies", json!(self.policies)),
            ("", "token_type", json!(self.kind)),
            ("ttl", "token_ttl", seconds(self.ttl)),
            ("num_uses", "token_num_uses", json!(self.num_uses)),
        ];
        for (old, name, value) in values {
            if self.used(old) {
                into.insert(old.to_owned(), value.clone());
            }
            into.insert(name.to_owned(), value);
        }
    }

    /// What a login grants by them.
    pub(crate) fn grant(&self, default_batch: bool) -> Auth {
        let batch = self.kind == "batch" || (self.kind == "default" && default_batch);
        Auth {
            policies: listed(&self.policies),
            ttl: self.ttl,
            max_ttl: self.max_ttl,
            explicit_max_ttl: self.explicit_max_ttl,
            period: self.period,
            renewable: !batch,
            batch,
            num_uses: self.num_uses,
            no_default_policy: self.no_default_policy,
            bound_cidrs: self.bound_cidrs.clone(),
            ..Auth::default()
        }
    }

    /// What a renewal goes by: the lifetimes as they are now.
    pub(crate) fn renewal(&self) -> Renewal {
        Renewal { ttl: Some(self.ttl), max_ttl: Some(self.max_ttl), period: Some(self.period) }
    }

    /// Refuses a login from elsewhere.
    pub(crate) fn check_address(&self, call: &Call<'_>) -> Result<(), Refusal> {
        if self.bound_cidrs.is_empty() || crate::dispatch::within(&self.bound_cidrs, call.request.remote.ip())
        {
            return Ok(());
        }
        Err(Refusal::Denied)
    }
}

/// The name under which a parameter was sent; remembers whether it was the old one.
fn given<'n>(
    fields: &Fields,
    name: &'n str,
    old: &'n str,
    used: &mut BTreeMap<String, bool>,
) -> Option<&'n str> {
    if fields.has(name) {
        // Under both names the new one counts, and both are shown.
        used.insert(old.to_owned(), !old.is_empty() && fields.has(old));
        return Some(name);
    }
    if !old.is_empty() && fields.has(old) {
        used.insert(old.to_owned(), true);
        return Some(old);
    }
    None
}

/// Refuses what is no block of addresses. Errors: the first such, in Go's words.
pub(crate) fn check_addresses(blocks: &[String]) -> Result<(), String> {
    match blocks.iter().find(|block| !is_block(block)) {
        None => Ok(()),
        Some(bad) => Err(format!(
            "error parsing address {bad:?}: Unable to convert {bad:?} to an IPv4 or IPv6 address, or a UNIX Socket"
        )),
    }
}

fn is_block(block: &str) -> bool {
    let (address, length) = block.split_once('/').unwrap_or((block, "0"));
    address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok()
}
