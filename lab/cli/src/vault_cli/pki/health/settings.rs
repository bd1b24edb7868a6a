//! What the checks hold a mount against, and a file that says otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::CHECKS;
use crate::vault_cli::options;
use crate::vault_cli::pki::texts;
use crate::vault_cli::print::go_text;

/// What the checks hold a mount against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// The checks that are made.
    pub(super) enabled: BTreeSet<&'static str>,
    pub(super) root_expiry: Limits<Duration>,
    pub(super) intermediate_expiry: Limits<Duration>,
    /// How many hundredths of a list's time may be over.
    pub(super) crl_percent: i64,
    pub(super) delta_crl_percent: i64,
    pub(super) certs_to_fetch: usize,
    pub(super) tidy_interval: Limits<Duration>,
    pub(super) tidy_pause: Limits<Duration>,
    pub(super) last_run: Limits<Duration>,
    pub(super) certificates: Limits<i64>,
}

/// From where on something matters how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits<T> {
    pub(super) critical: T,
    pub(super) warning: T,
    /// For the validity of issuers only.
    pub(super) informational: T,
}

/// The settings of a check where nothing is said.
pub(super) fn defaults(check: &str) -> Map<String, Value> {
    let defaults = match check {
        "audit_visibility" => json!({"ignored_parameters": []}),
        "ca_validity_period" => json!({
            "intermediate_expiry_critical": "30d",
            "intermediate_expiry_informational": "180d",
            "intermediate_expiry_warning": "60d",
            "root_expiry_critical": "180d",
            "root_expiry_informational": "730d",
            "root_expiry_warning": "365d",
        }),
        "crl_validity_period" => {
            json!({"crl_expiry_pct_critical": "95", "delta_crl_expiry_pct_critical": "95"})
        }
        "enable_auto_tidy" => json!({
            "interval_duration_critical": "7d",
            "interval_duration_warning": "2d",
            "pause_duration_critical": "1s",
            "pause_duration_warning": "200ms",
        }),
        "hardware_backed_root" => json!({"enabled": false}),
        "role_no_store_false" => json!({"allowed_roles": []}),
        "root_issued_leaves" => json!({"certs_to_fetch": 100}),
        "tidy_last_run" => json!({"last_run_critical": "7d", "last_run_warning": "2d"}),
        "too_many_certs" => json!({"count_critical": 250_000, "count_warning": 50_000}),
        _ => json!({}),
    };
    match defaults {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Settings {
    /// The defaults, with what a file says in their place; `all` is whether checks are made that it does not name.
    pub(super) fn read(file: &Map<String, Value>, all: bool) -> Result<Self, String> {
        let mut settings = Self::default();
        for check in CHECKS {
            let mut merged = defaults(check.name);
            merged.entry("enabled").or_insert(all.into());
            match file.get(check.name) {
                None => {}
                Some(Value::Object(given)) => {
                    for (name, value) in given {
                        let place = merged.get_mut(name).ok_or_else(|| {
                            format!("unknown configuration option for {}: {name}", check.name)
                        })?;
                        place.clone_from(value);
                    }
                }
                // The real program ends with a stack trace.
                Some(_) => return Err(format!("settings of {} are no object", check.name)),
            }
            let merged = Merged { check: check.name, values: &merged };
            settings
                .take(&merged)
                .map_err(|told| format!("error saving merged config for {}: {told}", check.name))?;
        }
        Ok(settings)
    }

    fn take(&mut self, merged: &Merged<'_>) -> Result<(), String> {
        match merged.check {
            "audit_visibility" => merged.check_texts("ignored_parameters")?,
            "ca_validity_period" => {
                let expiry = |of: &str| -> Result<Limits<Duration>, String> {
                    let length = |level: &str| {
                        let name = format!("{of}_expiry_{level}");
                        let value = go_text(merged.value(&name));
                        let told = |told| format!("failed to parse parameter ({name}={value}): {told}");
                        merged.length(&name).map_err(told)
                    };
                    Ok(Limits {
                        critical: length("critical")?,
                        warning: length("warning")?,
                        informational: length("informational")?,
                    })
                };
                (self.root_expiry, self.intermediate_expiry) = (expiry("root")?, expiry("intermediate")?);
            }
            "crl_validity_period" => {
                self.crl_percent = merged.percent("crl_expiry_pct_critical")?;
                self.delta_crl_percent = merged.percent("delta_crl_expiry_pct_critical")?;
            }
            "enable_auto_tidy" => {
                self.tidy_interval = merged.lengths("interval_duration")?;
                self.tidy_pause = merged.lengths("pause_duration")?;
            }
            "root_issued_leaves" => {
                self.certs_to_fetch = merged.count("certs_to_fetch", 100_000)?.try_into().unwrap_or_default();
            }
            "tidy_last_run" => self.last_run = merged.lengths("last_run")?,
            "too_many_certs" => {
                let (critical, warning) =
                    (merged.count("count_critical", MOST)?, merged.count("count_warning", MOST)?);
                self.certificates = Limits { critical, warning, informational: 0 };
            }
            _ => {}
        }
        if merged.is_enabled()? {
            self.enabled.insert(merged.check);
        }
        Ok(())
    }
}

/// The most certificates that can be set as a limit.
const MOST: i64 = 15_000_000;

/// The settings of one check: the defaults, and what is said otherwise.
struct Merged<'a> {
    check: &'static str,
    values: &'a Map<String, Value>,
}

impl Merged<'_> {
    fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    fn length(&self, name: &str) -> Result<Duration, String> {
        match self.value(name) {
            Value::Null => Ok(Duration::ZERO),
            Value::String(text) if text.is_empty() => Ok(Duration::ZERO),
            Value::String(text) => options::length(text),
            Value::Number(number) => options::length(&number.to_string()),
            _ => Err("could not parse duration from input".to_owned()),
        }
    }

    fn lengths(&self, name: &str) -> Result<Limits<Duration>, String> {
        let length = |level: &str| {
            let name = format!("{name}_{level}");
            let value = go_text(self.value(&name));
            let told = |told| format!("failed to parse parameter {}.{name}={value}: {told}", self.check);
            self.length(&name).map_err(told)
        };
        let (critical, warning) = (length("critical")?, length("warning")?);
        Ok(Limits { critical, warning, informational: Duration::ZERO })
    }

    fn percent(&self, name: &str) -> Result<i64, String> {
        let value = self.value(name);
        number(value, 99)
            .map_err(|told| format!("error parsing {}.{name}={}: {told}", self.check, go_text(value)))
    }

    fn count(&self, name: &str, most: i64) -> Result<i64, String> {
        number(self.value(name), most).map_err(|told| format!("error parsing {}.{name}: {told}", self.check))
    }

    fn check_texts(&self, name: &str) -> Result<(), String> {
        let told = |told| format!("error parsing {}.{name}: {told}", self.check);
        texts(self.value(name)).map(|_| ()).map_err(told)
    }

    fn is_enabled(&self) -> Result<bool, String> {
        let text = match self.value("enabled") {
            Value::Bool(enabled) => return Ok(*enabled),
            Value::Null => return Ok(false),
            Value::String(text) if text.is_empty() => return Ok(false),
            Value::String(text) => text.clone(),
            other => go_text(other),
        };
        match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(format!(
                "error parsing {}.enabled: cannot parse '' as bool: strconv.ParseBool: parsing {text:?}: invalid syntax",
                self.check
            )),
        }
    }
}

fn number(value: &Value, most: i64) -> Result<i64, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => "0".to_owned(),
        Value::String(text) => text.clone(),
        _ => return Err("could not parse value from input".to_owned()),
    };
    let number: i64 =
        text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?;
    match number {
        1.. if number <= most => Ok(number),
        _ => Err(format!("error parsing int value; out of range [1 to {most}]: {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: Value) -> Result<Settings, String> {
        Settings::read(file.as_object().expect("an object"), true)
    }

    #[test]
    fn a_file_says_otherwise() {
        let settings = read(json!({
            "ca_validity_period": {"root_expiry_critical": 60, "enabled": "false"},
            "too_many_certs": {"count_warning": "7"},
            "hardware_backed_root": {"enabled": true},
        }))
        .expect("settings");
        assert_eq!(settings.root_expiry.critical, Duration::from_secs(60));
        assert_eq!(settings.root_expiry.warning, Duration::from_secs(365 * 86_400));
        assert_eq!(settings.certificates, Limits { critical: 250_000, warning: 7, informational: 0 });
        assert!(!settings.enabled.contains("ca_validity_period"));
        assert!(settings.enabled.contains("hardware_backed_root"));
        let none = Settings::read(&Map::new(), false).expect("settings");
        assert!(none.enabled.is_empty());
    }

    #[test]
    fn mistakes_are_told_in_the_real_words() {
        for (file, told) in [
            (
                json!({"too_many_certs": {"count_critical": 0}}),
                "error saving merged config for too_many_certs: error parsing too_many_certs.count_critical: \
                 error parsing int value; out of range [1 to 15000000]: 0",
            ),
            (
                json!({"ca_validity_period": {"root_expiry_critical": "zz"}}),
                "error saving merged config for ca_validity_period: failed to parse parameter \
                 (root_expiry_critical=zz): time: invalid duration \"zz\"",
            ),
            (json!({"tidy_last_run": {"zzz": 1}}), "unknown configuration option for tidy_last_run: zzz"),
        ] {
            assert_eq!(read(file).expect_err(told), told);
        }
    }
}
