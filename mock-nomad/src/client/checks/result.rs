//! What checks found.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use serde_json::Value as Json;

/// What is known of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Pending,
    Success,
    Failure,
}

/// What one run of a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) status: Status,
    /// The status of the answer to a request; 0 where there was none.
    pub(super) status_code: u16,
    pub(super) output: String,
}

impl Finding {
    /// A check that has not run.
    pub(super) fn pending() -> Self {
        Self { status: Status::Pending, status_code: 0, output: "nomad: waiting to run".to_owned() }
    }

    pub(super) fn success(output: &str) -> Self {
        Self { status: Status::Success, status_code: 0, output: output.to_owned() }
    }

    pub(super) fn failure(output: impl Into<String>) -> Self {
        Self { status: Status::Failure, status_code: 0, output: output.into() }
    }
}

/// The last result of a check, as the API shows it: the fields are in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckResult {
    pub(super) check: String,
    /// The allocation's name.
    pub(super) group: String,
    #[serde(rename = "ID")]
    pub(super) id: String,
    /// `healthiness`, or `readiness` where deployments do not wait for it.
    pub(super) mode: &'static str,
    pub(super) output: String,
    pub(super) service: String,
    pub(super) status: Status,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) status_code: u16,
    /// The task whose service it is of; empty for the group's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) task: String,
    /// Seconds since 1970.
    pub(super) timestamp: i64,
}

/// Takes a reference because serde gives one.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(code: &u16) -> bool {
    *code == 0
}

/// The last results of an allocation's checks, by their ids.
#[derive(Debug, Default)]
pub(in crate::client) struct Results(Mutex<BTreeMap<String, CheckResult>>);

impl Results {
    /// Whether nothing speaks for waiting: each check passes, or fails without mattering. One that has not run matters.
    pub(in crate::client) fn are_passing(&self) -> bool {
        self.all().values().all(|result| match result.status {
            Status::Success => true,
            Status::Failure => result.mode == "readiness",
            Status::Pending => false,
        })
    }

    /// What the API answers: results by ids, and null where there are no checks.
    pub(in crate::client) fn shown(&self) -> Json {
        let all = self.all();
        match all.is_empty() {
            true => Json::Null,
            // Plain values.
            false => serde_json::to_value(&*all).unwrap_or_default(),
        }
    }

    /// Keeps the first result of a check.
    pub(super) fn begin(&self, result: CheckResult) {
        self.all().insert(result.id.clone(), result);
    }

    /// Keeps a further result, unless nobody wants the check any more.
    pub(super) fn replace(&self, result: CheckResult) {
        if let Some(last) = self.all().get_mut(&result.id) {
            *last = result;
        }
    }

    /// Forgets those that are not kept.
    pub(super) fn retain(&self, is_kept: impl Fn(&str) -> bool) {
        self.all().retain(|id, _| is_kept(id));
    }

    /// The status of a check; `None`: there is no such check.
    pub(super) fn status(&self, id: &str) -> Option<Status> {
        self.all().get(id).map(|result| result.status)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, CheckResult>> {
        self.0.lock().expect("no panic while checking")
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    fn result(id: &str, mode: &'static str, status: Status) -> CheckResult {
        let text = String::new;
        let (check, group, output, service, task) = (text(), text(), text(), text(), text());
        let id = id.to_owned();
        CheckResult { check, group, id, mode, output, service, status, status_code: 0, task, timestamp: 7 }
    }

    #[test]
    fn only_failures_without_weight_do_not_count() {
        let results = Results::default();
        assert!(results.are_passing(), "nothing to wait for");
        assert_eq!(results.shown(), Json::Null);
        results.begin(result("a", "healthiness", Status::Success));
        results.begin(result("b", "readiness", Status::Failure));
        assert!(results.are_passing());
        results.replace(result("b", "readiness", Status::Pending));
        assert!(!results.are_passing(), "it has yet to run");
        results.retain(|id| id == "a");
        results.replace(result("b", "readiness", Status::Failure));
        let shown = json!({"Check": "", "Group": "", "ID": "a", "Mode": "healthiness", "Output": "",
            "Service": "", "Status": "success", "Timestamp": 7});
        assert_eq!(results.shown(), json!({"a": shown}));
        results.begin(result("a", "healthiness", Status::Failure));
        assert!(!results.are_passing());
    }
}
