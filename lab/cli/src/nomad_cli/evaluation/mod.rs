//! `nomad eval`.

pub(super) mod delete;
pub(super) mod list;
pub(super) mod status;

use serde_json::Value as Json;

use super::json::Look;

/// Whether an evaluation failed to place something, as lists say it.
pub(super) fn placement_failures(evaluation: &Json) -> String {
    match evaluation.text("Status") {
        "blocked" => "N/A - In Progress".to_owned(),
        _ => (!evaluation.entries("FailedTGAllocs").is_empty()).to_string(),
    }
}
