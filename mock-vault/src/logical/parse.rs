//! Durations as Vault reads them.

use std::time::Duration;

use lab_world::format_duration;
use serde_json::Value;

/// Seconds from a number, `"30"`, `"30s"`, `"1h"`, or `"7d"`; fractions of a second are cut. An absent or empty
/// value is zero. A negative duration with a unit is returned as such: callers differ in whether they refuse it.
///
/// Errors: the real server's words, such as `time: invalid duration "soon"`.
///
/// More seconds than a duration of Go's can have become as many as it can have, so that the sum of a moment and a few
/// durations always is a moment.
pub(crate) fn parse_seconds(value: &Value) -> Result<i64, String> {
    seconds(value).map(|seconds| seconds.clamp(-LONGEST, LONGEST))
}

/// What a signed 64-bit number of nanoseconds can hold, in seconds: 292 years.
const LONGEST: i64 = i64::MAX / 1_000_000_000;

fn seconds(value: &Value) -> Result<i64, String> {
    match value {
        Value::Null => Ok(0),
        Value::Number(number) => number.as_i64().map_or_else(|| seconds_of(&number.to_string()), Ok),
        Value::String(text) => seconds_of(text),
        _ => Err("could not parse duration from input".to_owned()),
    }
}

fn seconds_of(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        return days.checked_mul(86_400).ok_or_else(|| format!("time: invalid duration {text:?}"));
    }
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    match lab_world::parse_duration(magnitude) {
        Ok(duration) => Ok(sign * i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)),
        Err(error) if sign == 1 => Err(error.to_string()),
        Err(_) => Err(format!("time: invalid duration {text:?}")),
    }
}

/// A duration in the form of warnings and of some settings: `768h`, `30m`, `1h30m`, `0s`.
pub(crate) fn short_duration(duration: Duration) -> String {
    let long = format_duration(duration);
    let long = long.strip_suffix("m0s").map_or(long.clone(), |head| format!("{head}m"));
    long.strip_suffix("h0m").map_or(long.clone(), |head| format!("{head}h"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_have_many_spellings() {
        for (value, seconds) in [
            (json!(60), 60),
            (json!("60"), 60),
            (json!("60s"), 60),
            (json!("2h"), 7200),
            (json!("7d"), 604_800),
            (json!(""), 0),
            (json!(null), 0),
            (json!("-1h"), -3600),
            (json!("87600h0m0s"), 315_360_000),
        ] {
            assert_eq!(parse_seconds(&value), Ok(seconds), "{value}");
        }
        assert_eq!(parse_seconds(&json!(u64::MAX >> 1)), Ok(9_223_372_036));
        assert_eq!(parse_seconds(&json!("tomorrow")), Err("time: invalid duration \"tomorrow\"".into()));
    }

    #[test]
    fn warnings_drop_the_zeros() {
        for (seconds, text) in [(2_764_800, "768h"), (1800, "30m"), (5400, "1h30m"), (90, "1m30s"), (0, "0s")]
        {
            assert_eq!(short_duration(Duration::from_secs(seconds)), text);
        }
    }
}
