//! Users whose passwords are changed every so often.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::database::config::Connection;
use crate::database::schedule::Schedule;
use crate::database::{Database, names};
use crate::logical::Environment;
use crate::storage::moment;

/// After how long a change that failed is tried again.
const RETRY: Duration = Duration::seconds(10);

/// A user that is there already.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StaticRole {
    pub(super) db_name: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) rotation_statements: Vec<String>,
    pub(super) every: Every,
    /// When the password was changed last.
    #[serde(with = "moment")]
    pub(super) rotated: OffsetDateTime,
    /// When it is changed next; never by a schedule that no day fits.
    #[serde(with = "moment::option")]
    next: Option<OffsetDateTime>,
    /// When a change that failed is tried again.
    #[serde(skip)]
    retry: Option<OffsetDateTime>,
}

/// How often a password is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Every {
    /// Seconds after the last change.
    Period(u64),
    /// By a schedule, and at most `window` seconds late; zero is any time.
    Schedule { schedule: String, window: u64 },
}

impl Every {
    fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Period(period) => after.checked_add(seconds(*period)),
            Self::Schedule { schedule, .. } => Schedule::parse(schedule).ok()?.next(after),
        }
    }
}

impl StaticRole {
    /// A user whose password is not known yet, and changed now and then.
    pub(super) fn new(username: &str, now: OffsetDateTime) -> Self {
        Self {
            db_name: String::new(),
            username: username.to_owned(),
            password: String::new(),
            rotation_statements: Vec::new(),
            every: Every::Period(0),
            rotated: now,
            next: None,
            retry: None,
        }
    }

    /// Decides when the password is changed next, counted from `after`.
    pub(super) fn plan(&mut self, after: OffsetDateTime) {
        self.next = self.every.next(after);
        self.retry = None;
    }

    /// How many seconds the password stays.
    pub(super) fn left(&self, now: OffsetDateTime) -> i64 {
        let left = self.next.map_or(Duration::ZERO, |next| next - now);
        (left.as_seconds_f64().round() as i64).max(0)
    }

    /// When there is something to do.
    fn due(&self) -> Option<OffsetDateTime> {
        self.retry.or(self.next)
    }

    /// Whether it is too late for the change that was due.
    fn missed(&self, now: OffsetDateTime) -> bool {
        match &self.every {
            Every::Schedule { window, .. } if *window > 0 => {
                self.next.is_some_and(|next| now > next + seconds(*window))
            }
            _ => false,
        }
    }
}

fn seconds(count: u64) -> Duration {
    Duration::seconds(i64::try_from(count).unwrap_or(i64::MAX))
}

impl Database {
    /// Gives a role's user another password. Errors: why that cannot be done.
    pub(super) fn change_password(&mut self, name: &str, environment: &Environment) -> Result<(), String> {
        let Some(role) = self.static_roles.get(name) else { return Ok(()) };
        let connection = Connection::for_role(&self.connections, &role.db_name, name)
            .map_err(|refusal| refusal.to_string())?;
        let password = names::password(&environment.entropy);
        let plugin = self.plugins.of(&connection.plugin_name);
        plugin.change_password(connection, &role.username, &password, &role.rotation_statements)?;
        if let Some(role) = self.static_roles.get_mut(name) {
            role.password = password;
            role.rotated = environment.now;
            role.plan(environment.now);
        }
        Ok(())
    }

    /// When the next password is changed.
    pub(super) fn next_rotation(&self) -> Option<OffsetDateTime> {
        self.static_roles.values().filter_map(StaticRole::due).min()
    }

    /// Changes the passwords whose time has come.
    pub(super) fn rotate_due(&mut self, environment: &Environment) {
        let now = environment.now;
        let due = |role: &StaticRole| role.due().is_some_and(|due| due <= now);
        let names: Vec<String> =
            self.static_roles.iter().filter(|(_, role)| due(role)).map(|(name, _)| name.clone()).collect();
        for name in names {
            let missed = self.static_roles.get(&name).is_some_and(|role| role.missed(now));
            let changed = !missed && self.change_password(&name, environment).is_ok();
            if let Some(role) = self.static_roles.get_mut(&name).filter(|_| !changed) {
                if missed {
                    role.plan(now);
                } else {
                    role.retry = Some(now + RETRY);
                }
            }
        }
    }
}
