//! `config/auto-tidy`: tidying without being asked.

use std::time::Duration;

use lab_world::format_duration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::options::{OPERATIONS, Options};
use crate::logical::{Call, Data, Environment, Field, Fields, Outcome, Refusal, respond};
use crate::pki::engine::Pki;
use crate::storage::{moment, seconds};

/// The parameters beside those of a tidy.
pub(super) const FIELDS: &[Field] = &[
    Field::flag("enabled"),
    Field::seconds("interval_duration").or_number(43_200),
    Field::flag("maintain_stored_certificate_counts"),
    Field::flag("publish_stored_certificate_count_metrics"),
    Field::seconds("min_startup_backoff_duration").or_number(300),
    Field::seconds("max_startup_backoff_duration").or_number(900),
];

/// How often it is looked whether it is time.
const PERIOD: Duration = Duration::from_mins(1);

/// How a mount is tidied by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::pki) struct AutoTidy {
    enabled: bool,
    #[serde(with = "seconds")]
    interval: Duration,
    pub(super) options: Options,
    maintain_counts: bool,
    publish_counts: bool,
    #[serde(with = "seconds")]
    min_backoff: Duration,
    #[serde(with = "seconds")]
    max_backoff: Duration,
    /// When the last tidy ended; a new mount counts from its first request.
    #[serde(with = "moment::option")]
    pub(super) last_finished: Option<OffsetDateTime>,
    /// What the mount is called among the server's backends.
    pub(super) backend: String,
}

impl Default for AutoTidy {
    fn default() -> Self {
        Self {
            enabled: false,
            interval: Duration::from_hours(12),
            options: Options::default(),
            maintain_counts: false,
            publish_counts: false,
            min_backoff: Duration::from_mins(5),
            max_backoff: Duration::from_mins(15),
            last_finished: None,
            backend: String::new(),
        }
    }
}

impl AutoTidy {
    /// When the next tidy begins by itself; `None`: never.
    pub(super) fn due(&self) -> Option<OffsetDateTime> {
        self.last_finished.filter(|_| self.enabled).map(|last| last + self.interval.max(PERIOD))
    }

    /// Whether the mount has not been asked anything yet.
    pub(in crate::pki) fn is_new(&self) -> bool {
        self.backend.is_empty()
    }

    /// Counts from now on.
    pub(in crate::pki) fn begin(&mut self, environment: &Environment) {
        self.backend = environment.entropy.uuid();
        self.last_finished = Some(environment.now);
    }

    pub(super) fn maintains_counts(&self) -> bool {
        self.maintain_counts
    }

    fn describe(&self) -> Data {
        let mut data = self.options.describe();
        for (name, value) in [
            ("enabled", json!(self.enabled)),
            ("interval_duration", json!(self.interval.as_secs())),
            ("maintain_stored_certificate_counts", json!(self.maintain_counts)),
            ("publish_stored_certificate_count_metrics", json!(self.publish_counts)),
            ("min_startup_backoff_duration", json!(self.min_backoff.as_secs())),
            ("max_startup_backoff_duration", json!(self.max_backoff.as_secs())),
        ] {
            data.insert(name.to_owned(), value);
        }
        data
    }

    fn change(&mut self, call: &Call<'_>) -> Result<(), Refusal> {
        let fields = &call.fields;
        if fields.has("enabled") {
            let enabled = fields.flag("enabled");
            if enabled && !self.enabled {
                self.last_finished = Some(call.now());
            }
            self.enabled = enabled;
        }
        self.change_times(fields)?;
        self.options.change(fields)?;
        if self.enabled && !self.options.asks_for_something() {
            return Err(Refusal::Invalid(format!(
                "Auto-tidy enabled but no tidy operations were requested. Enable at least one tidy operation to be run \
                 ({OPERATIONS})."
            )));
        }
        for (name, flag) in [
            ("maintain_stored_certificate_counts", &mut self.maintain_counts),
            ("publish_stored_certificate_count_metrics", &mut self.publish_counts),
        ] {
            if fields.has(name) {
                *flag = fields.flag(name);
            }
        }
        if self.publish_counts && !self.maintain_counts {
            return Err(Refusal::invalid(
                "Can not publish a running storage metrics count to metrics without first maintaining that count.  Enable \
                 `maintain_stored_certificate_counts` to enable `publish_stored_certificate_count_metrics`.",
            ));
        }
        Ok(())
    }

    fn change_times(&mut self, fields: &Fields) -> Result<(), Refusal> {
        for (name, duration) in [
            ("min_startup_backoff_duration", &mut self.min_backoff),
            ("max_startup_backoff_duration", &mut self.max_backoff),
        ] {
            if fields.has(name) {
                *duration = fields.duration(name);
                if duration.is_zero() {
                    return Err(Refusal::Invalid(format!("{name} must be at least 1 second: parsed: 0s")));
                }
            }
        }
        let (least, most) = (self.min_backoff, self.max_backoff);
        if most < least {
            return Err(Refusal::Invalid(format!(
                "max_startup_backoff_duration {} must be greater or equal to min_startup_backoff_duration {}",
                format_duration(most),
                format_duration(least)
            )));
        }
        if fields.has("interval_duration") {
            self.interval = fields.duration("interval_duration");
        }
        Ok(())
    }
}

pub(super) fn read(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(Value::Object(pki.auto_tidy.get().describe()))
}

pub(super) fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let mut changed = pki.auto_tidy.get().clone();
    changed.change(call)?;
    let described = changed.describe();
    pki.auto_tidy.set(changed);
    respond(Value::Object(described))
}
