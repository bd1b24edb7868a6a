//! Times and durations. Every time is in UTC.

use lab_template::{Object, Signature, Type, Value};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

use super::{Arguments, at, text_at, unknown};
use crate::layout;

/// Go's name of the type of times.
const TIME: &str = "time.Time";

/// What each takes.
pub(super) fn signature(name: &str, tells_time: bool) -> Option<Signature> {
    use Type::{Any, Text};
    Some(match name {
        "ago" | "duration" | "durationRound" | "unixEpoch" => Signature::fixed(&[Any]),
        _ if !tells_time => return None,
        "now" => Signature::fixed(&[]),
        "date" | "dateModify" | "date_modify" => Signature::fixed(&[Text, Any]),
        "dateInZone" | "date_in_zone" => Signature::fixed(&[Text, Any, Text]),
        "htmlDate" => Signature::fixed(&[Any]),
        "htmlDateInZone" => Signature::fixed(&[Any, Text]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>, now: OffsetDateTime) -> Result<Value, String> {
    let first = at(arguments, 0);
    let formatted =
        |place: usize, layout| layout::in_layout(instant(at(arguments, place)).unwrap_or(now), layout);
    Ok(match name {
        "now" => time_value(now),
        "date" | "dateInZone" | "date_in_zone" => formatted(1, text_at(arguments, 0)).into(),
        "htmlDate" | "htmlDateInZone" => formatted(0, "2006-01-02").into(),
        "dateModify" | "date_modify" => {
            let Some(time) = instant(at(arguments, 1)).filter(|_| is_time(at(arguments, 1))) else {
                return not_a_time(at(arguments, 1));
            };
            let change = lab_world::parse_duration(text_at(arguments, 0)).ok();
            time_value(change.map_or(time, |change| time + change))
        }
        "unixEpoch" => match instant(first).filter(|_| is_time(first)) {
            Some(time) => time.unix_timestamp().to_string().into(),
            None => return not_a_time(first),
        },
        "ago" => {
            shown((now - instant(first).unwrap_or(now) + Duration::milliseconds(500)).whole_seconds()).into()
        }
        "duration" => shown(seconds(first)).into(),
        "durationRound" => rounded(first, now).into(),
        _ => return unknown(name),
    })
}

/// A time as a structure, whose methods tell what it is.
fn time_value(time: OffsetDateTime) -> Value {
    let number = |number: i64| Value::Integer(number);
    let fraction = match format!(".{:09}", time.nanosecond()).trim_end_matches('0') {
        "." => String::new(),
        digits => digits.to_owned(),
    };
    let shown = layout::in_layout(time, "2006-01-02 15:04:05") + &fraction + " +0000 UTC";
    Value::Object(Arc::new(Object {
        type_name: TIME,
        fields: vec![],
        methods: vec![
            ("String", shown.into()),
            ("Unix", number(time.unix_timestamp())),
            ("UnixNano", number(i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MAX))),
            ("Year", number(i64::from(time.year()))),
            ("Month", Value::from(time.month().to_string())),
            ("Day", number(i64::from(time.day()))),
            ("Hour", number(i64::from(time.hour()))),
            ("Minute", number(i64::from(time.minute()))),
            ("Second", number(i64::from(time.second()))),
            ("Weekday", Value::from(time.weekday().to_string())),
            ("YearDay", number(i64::from(time.ordinal()))),
        ],
    }))
}

fn is_time(value: &Value) -> bool {
    value.type_name() == TIME
}

fn not_a_time(value: &Value) -> Result<Value, String> {
    Err(format!("wrong type for value; expected time.Time; got {}", value.type_name()))
}

/// The moment that a time, or a number of seconds since 1970, stands for.
fn instant(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::Integer(seconds) => OffsetDateTime::from_unix_timestamp(*seconds).ok(),
        Value::Object(time) if time.type_name == TIME => {
            let nanos = time.methods.iter().find_map(|(name, value)| match value {
                Value::Integer(nanos) if *name == "UnixNano" => Some(*nanos),
                _ => None,
            })?;
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos)).ok()
        }
        _ => None,
    }
}

/// Seconds as a text or a whole number.
fn seconds(value: &Value) -> i64 {
    match value {
        Value::Text(text) => text.parse().unwrap_or(0),
        Value::Integer(seconds) => *seconds,
        _ => 0,
    }
}

fn shown(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    sign.to_owned() + &lab_world::format_duration(std::time::Duration::from_secs(seconds.unsigned_abs()))
}

/// The largest unit of a duration, or of the time since a moment: `2h` of `2h10m5s`.
fn rounded(value: &Value, now: OffsetDateTime) -> String {
    const UNITS: [(&str, u64); 6] =
        [("y", 31_536_000), ("mo", 2_592_000), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let nanos = match value {
        Value::Text(text) => {
            let positive = text.strip_prefix('-').unwrap_or(text);
            lab_world::parse_duration(positive).map_or(0, |duration| duration.as_nanos())
        }
        Value::Integer(nanos) => u128::from(nanos.unsigned_abs()),
        value if is_time(value) => {
            instant(value).map_or(0, |time| (now - time).whole_nanoseconds().unsigned_abs())
        }
        _ => 0,
    };
    UNITS
        .iter()
        .map(|(name, seconds)| (name, u128::from(*seconds) * 1_000_000_000))
        .find(|(_, unit)| nanos > *unit)
        .map_or_else(|| "0s".to_owned(), |(name, unit)| format!("{}{name}", nanos / unit))
}
