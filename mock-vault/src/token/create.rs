//! `auth/token/create`, `create-orphan` and `create/<role>`.

use std::time::Duration;

use serde_json::Value;

use crate::lease::{Terms, calculate};
use crate::logical::{Call, Caller, Data, Field, Outcome, Refusal, Response, parse_seconds};
use crate::policy::{PolicyStore, sanitize};
use crate::state::State;
use crate::token::entry::TokenEntry;
use crate::token::grant::{NewToken, root_entry};
use crate::token::roles::TokenRole;

/// The parameters of a new token.
pub(super) const FIELDS: &[Field] = &[
    Field::text("role_name"),
    Field::text("id"),
    Field::list("policies"),
    Field::pairs("meta"),
    Field::flag("no_parent"),
    Field::flag("no_default_policy"),
    Field::text("lease"),
    Field::text("ttl"),
    Field::text("explicit_max_ttl"),
    Field::text("display_name").or_text("token"),
    Field::number("num_uses"),
    Field::flag("renewable").or_true(),
    Field::text("period"),
    Field::text("type"),
    Field::text("entity_alias"),
];

/// `create`
pub(super) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    Creation::begin(state, call, None, false)?.finish()
}

/// `create-orphan`
pub(super) fn create_orphan(state: &mut State, call: &Call<'_>) -> Outcome {
    Creation::begin(state, call, None, true)?.finish()
}

/// `create/<role>`
pub(super) fn create_with_role(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("role_name");
    let role = state.tokens.roles.get(name).cloned();
    let role = role.ok_or_else(|| Refusal::Invalid(format!("unknown role {name}")))?;
    Creation::begin(state, call, Some(role), false)?.finish()
}

/// A token in the making: each step checks what the client asked for and settles a part of the entry.
struct Creation<'s, 'c> {
    state: &'s mut State,
    call: &'c Call<'c>,
    parent: &'c Caller,
    role: Option<TokenRole>,
    orphan: bool,
    entry: TokenEntry,
    renewable: bool,
    warnings: Vec<String>,
}

impl<'s, 'c> Creation<'s, 'c> {
    fn begin(
        state: &'s mut State,
        call: &'c Call<'c>,
        role: Option<TokenRole>,
        orphan: bool,
    ) -> Result<Self, Refusal> {
        let parent =
            call.caller.ok_or_else(|| Refusal::invalid("parent token lookup failed: no parent found"))?;
        if parent.token.batch {
            return Err(Refusal::invalid("batch tokens cannot create more tokens"));
        }
        if parent.token.num_uses != 0 {
            return Err(Refusal::invalid("restricted use token cannot generate child tokens"));
        }
        let mut entry = root_entry("auth/token/create", "token", call.now());
        entry.parent = parent.token_id.clone();
        let renewable = call.fields.flag("renewable");
        Ok(Self { state, call, parent, role, orphan, entry, renewable, warnings: Vec::new() })
    }

    fn finish(mut self) -> Outcome {
        self.number_of_uses()?;
        self.kind()?;
        self.names()?;
        self.policies()?;
        self.parentage()?;
        self.entity()?;
        self.lifetime()?;
        for name in &self.entry.policies {
            if !self.state.policies.exists(name) {
                self.warnings.push(format!("Policy {name:?} does not exist"));
            }
        }
        let new = NewToken {
            entry: self.entry,
            renewable: self.renewable,
            max_ttl: Duration::ZERO,
            internal: Data::new(),
        };
        let auth = self.state.grant_token(new, self.call.environment);
        Response { auth: Some(auth), warnings: self.warnings, ..Response::default() }.ok()
    }

    fn number_of_uses(&mut self) -> Result<(), Refusal> {
        let asked = self.call.fields.number("num_uses");
        if asked < 0 {
            return Err(Refusal::invalid("number of uses cannot be negative"));
        }
        let limit = self.role.as_ref().map_or(0, |role| role.num_uses);
        self.entry.num_uses = match (asked, limit) {
            (0, limit) => limit,
            (asked, 0) => asked,
            (asked, limit) => asked.min(limit),
        };
        Ok(())
    }

    fn kind(&mut self) -> Result<(), Refusal> {
        let asked = match self.call.fields.text("type") {
            "" => None,
            "service" => Some(false),
            "batch" => Some(true),
            _ => return Err(Refusal::invalid("invalid 'token_type' value")),
        };
        self.entry.batch = match self.role.as_ref().map(|role| role.token_type.as_str()) {
            Some("service") => false,
            Some("batch") => true,
            Some("default-batch") => asked.unwrap_or(true),
            _ => asked.unwrap_or(false),
        };
        Ok(())
    }

    fn names(&mut self) -> Result<(), Refusal> {
        let fields = &self.call.fields;
        if fields.has("display_name") && !fields.text("display_name").is_empty() {
            let clean = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
            let name: String = format!("token-{}", fields.text("display_name")).chars().map(clean).collect();
            self.entry.display_name = name.trim_end_matches('-').to_owned();
        }
        if let Some(role) = &self.role {
            self.entry.bound_cidrs.clone_from(&role.bound_cidrs);
            let name = fields.text("role_name");
            self.entry.role = name.to_owned();
            self.entry.path = [&format!("auth/token/create/{name}"), role.path_suffix.as_str()]
                .iter()
                .filter(|part| !part.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join("/");
        }
        if fields.has("meta") {
            self.entry.meta = Some(fields.pairs("meta")).filter(|meta| !meta.is_empty());
        }
        match fields.text("id") {
            "" => Ok(()),
            id => self.custom_id(id),
        }
    }

    fn custom_id(&mut self, id: &str) -> Result<(), Refusal> {
        if !self.parent.sudo {
            return Err(Refusal::invalid("root or sudo privileges required to specify token id"));
        }
        for prefix in ["hvs.", "s."] {
            if id.starts_with(prefix) {
                return Err(Refusal::Invalid(format!("custom token ID cannot have the '{prefix}' prefix")));
            }
        }
        if id.contains('.') {
            return Err(Refusal::invalid("custom token ID cannot have a '.' in the value"));
        }
        if self.state.tokens.find(id, self.call.now()).is_some() {
            return Err(Refusal::invalid("cannot create a token with a duplicate ID"));
        }
        self.warnings.push(
            "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC \
             for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups."
                .into(),
        );
        self.entry.id = id.to_owned();
        Ok(())
    }

    fn policies(&mut self) -> Result<(), Refusal> {
        let asked = self.call.fields.list("policies");
        let no_default = self.call.fields.flag("no_default_policy");
        let parents = &self.parent.token.policies;
        self.entry.policies = match &self.role {
            Some(role) => role_policies(role, &asked, parents, !no_default)?,
            None if asked.is_empty() => parents.clone(),
            None if self.parent.sudo => without_default(sanitize(&asked, !no_default), no_default),
            None => {
                let asked = sanitize(&asked, false);
                if !asked.iter().all(|name| parents.contains(name)) {
                    return Err(Refusal::invalid("child policies must be subset of parent"));
                }
                let default = !no_default && parents.iter().any(|name| name == "default");
                without_default(sanitize(&asked, default), no_default)
            }
        };
        if let Some(name) = self.entry.policies.iter().find(|name| PolicyStore::is_internal(name)) {
            return Err(Refusal::Invalid(format!("cannot assign policy {name:?}")));
        }
        if self.entry.is_root() && !self.parent.token.is_root() {
            return Err(Refusal::invalid("root tokens may not be created without parent token being root"));
        }
        Ok(())
    }

    fn parentage(&mut self) -> Result<(), Refusal> {
        let asked = self.call.fields.flag("no_parent");
        if asked && self.role.is_none() && !self.parent.sudo {
            return Err(Refusal::invalid("root or sudo privileges required to create orphan token"));
        }
        if self.orphan || (asked && self.role.is_none()) || self.role.as_ref().is_some_and(|role| role.orphan)
        {
            self.entry.parent.clear();
        } else {
            self.entry.entity_id = self.parent.token.entity_id.clone();
        }
        Ok(())
    }

    fn entity(&mut self) -> Result<(), Refusal> {
        let name = self.call.fields.text("entity_alias");
        if name.is_empty() {
            return Ok(());
        }
        let Some(role) = &self.role else {
            return Err(Refusal::invalid("'entity_alias' is only allowed in combination with token role"));
        };
        let lower = name.to_lowercase();
        let allowed =
            role.allowed_entity_aliases.iter().flatten().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => lower.starts_with(prefix),
                None => *pattern == lower,
            });
        if !allowed {
            return Err(Refusal::invalid("invalid 'entity_alias' value"));
        }
        let alias = crate::logical::Alias { name: name.to_owned(), ..Default::default() };
        self.entry.entity_id = self.state.identity.login(self.call.mount, &alias, self.call.environment)?;
        Ok(())
    }

    fn lifetime(&mut self) -> Result<(), Refusal> {
        let explicit_max = self.seconds("explicit_max_ttl")?;
        let period = self.seconds("period")?;
        let ttl = match self.seconds("ttl")? {
            Duration::ZERO => self.seconds("lease")?,
            ttl => ttl,
        };
        if !period.is_zero() && self.role.is_none() && !self.parent.sudo {
            return Err(Refusal::invalid("root or sudo privileges required to create periodic token"));
        }
        if self.entry.batch {
            let set = [
                ("explicit_max_ttl", !explicit_max.is_zero()),
                ("num_uses", self.entry.num_uses != 0),
                ("period", !period.is_zero()),
            ];
            if let Some((name, _)) = set.iter().find(|(_, set)| *set) {
                return Err(Refusal::Invalid(format!("batch tokens cannot have {name:?} set")));
            }
            if self.entry.is_root() {
                return Err(Refusal::invalid("batch tokens cannot be root tokens"));
            }
        }
        let role = self.role.as_ref();
        let (role_max, role_period) =
            role.map_or((Duration::ZERO, Duration::ZERO), |role| (role.explicit_max_ttl, role.period));
        self.entry.explicit_max_ttl = self.lesser("Explicit max TTL", explicit_max, role_max);
        // A role's period holds for the token, and is not shown as the token's own.
        self.entry.period = period;
        let period = self.lesser("Period", period, role_period);
        self.renewable &= self.role.as_ref().is_none_or(|role| role.renewable);
        let limited = !ttl.is_zero() || !period.is_zero() || !self.entry.explicit_max_ttl.is_zero();
        if self.entry.is_root() && !limited {
            if !self.parent.token.ttl.is_zero() {
                return Err(Refusal::invalid("expiring root tokens cannot create non-expiring root tokens"));
            }
            self.renewable = false;
            return Ok(());
        }
        if self.entry.is_root() && ttl.is_zero() && period.is_zero() {
            // What ends only for that is not held to the mount's limits.
            self.entry.ttl = self.entry.explicit_max_ttl;
            return Ok(());
        }
        let terms = Terms { ttl, period, explicit_max_ttl: self.entry.explicit_max_ttl, ..Terms::default() };
        let (ttl, warnings) = calculate(self.call.mount, &terms, self.call.now(), self.call.now())
            .map_err(|error| Refusal::Failed(error.to_string()))?;
        self.entry.ttl = ttl;
        self.warnings.extend(warnings);
        Ok(())
    }

    fn seconds(&self, name: &str) -> Result<Duration, Refusal> {
        let seconds = parse_seconds(&Value::from(self.call.fields.text(name))).map_err(Refusal::Invalid)?;
        u64::try_from(seconds)
            .map(Duration::from_secs)
            .map_err(|_| Refusal::Invalid(format!("{name} must be positive")))
    }

    fn lesser(&mut self, what: &str, asked: Duration, of_role: Duration) -> Duration {
        match (asked.is_zero(), of_role.is_zero()) {
            (true, _) => of_role,
            (_, true) => asked,
            _ => {
                let lesser = asked.min(of_role);
                self.warnings.push(format!(
                    "{what} specified both during creation call and in role; using the lesser value of {} seconds",
                    lesser.as_secs()
                ));
                lesser
            }
        }
    }
}

fn without_default(mut policies: Vec<String>, no_default: bool) -> Vec<String> {
    if no_default {
        policies.retain(|name| name != "default");
    }
    policies
}

/// The policies of a token made through a role.
fn role_policies(
    role: &TokenRole,
    asked: &[String],
    parents: &[String],
    default: bool,
) -> Result<Vec<String>, Refusal> {
    let glob = |list: &[String], name: &str| {
        list.iter().any(|pattern| {
            pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
        })
    };
    let limited = !role.allowed_policies.is_empty() || !role.allowed_policies_glob.is_empty();
    let policies = if limited {
        let allowed = sanitize(&role.allowed_policies, default);
        let policies = if asked.is_empty() { allowed.clone() } else { sanitize(asked, default) };
        let fits = |name: &String| allowed.contains(name) || glob(&role.allowed_policies_glob, name);
        if !policies.iter().all(fits) {
            return Err(Refusal::Invalid(format!(
                "token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})",
                quoted(&policies),
                quoted(&allowed),
                quoted(&role.allowed_policies_glob)
            )));
        }
        policies
    } else if asked.is_empty() {
        sanitize(parents, default)
    } else {
        sanitize(asked, default)
    };
    let refused = |name: &&String| {
        role.disallowed_policies.contains(name) || glob(&role.disallowed_policies_glob, name)
    };
    match policies.iter().find(refused) {
        Some(name) => Err(Refusal::Invalid(format!("token policy {name:?} is disallowed by this role"))),
        None => Ok(policies),
    }
}

/// A list as Go's `%q` prints it.
fn quoted(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(" "))
}
