//! Functions on dates.

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use lab_world::{format_rfc3339, parse_duration};

use super::{Failure, Function, Outcome, fail, plain, text};
use crate::eval::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    plain("formatdate", &["format", "time"], format_date),
    plain("timeadd", &["timestamp", "duration"], time_add),
];

fn moment(given: &[Value], at: usize) -> Result<OffsetDateTime, Failure> {
    let source = text(given, at)?;
    OffsetDateTime::parse(&source, &Rfc3339)
        .map_err(|_| Failure::Argument(at, "not a valid RFC3339 timestamp".to_owned()))
}

fn time_add(given: &[Value]) -> Outcome {
    let source = text(given, 1)?;
    let (negative, length) = source.strip_prefix('-').map_or((false, source.as_str()), |rest| (true, rest));
    let duration =
        parse_duration(length).map_err(|_| fail(format!("time: invalid duration \"{source}\"")))?;
    let start = moment(given, 0)?;
    let moved = if negative { start.checked_sub(into(duration)) } else { start.checked_add(into(duration)) };
    moved.map(|moved| Value::String(format_rfc3339(moved))).ok_or_else(|| fail("the result is out of range"))
}

fn into(duration: std::time::Duration) -> ::time::Duration {
    ::time::Duration::try_from(duration).unwrap_or(::time::Duration::MAX)
}

/// Runs of the same letter stand for parts of the date; text in single quotes for itself.
fn format_date(given: &[Value]) -> Outcome {
    let (pattern, moment) = (text(given, 0)?, moment(given, 1)?);
    let mut out = String::new();
    let mut rest = pattern.as_str();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (quoted, after) = rest[1..]
                .split_once('\'')
                .ok_or_else(|| Failure::Argument(0, "unterminated literal '".to_owned()))?;
            out.push_str(if quoted.is_empty() { "'" } else { quoted });
            rest = after;
            continue;
        }
        if !first.is_ascii_alphabetic() {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let length = rest.chars().take_while(|c| *c == first).count();
        out.push_str(&date_part(&rest[..length], moment)?);
        rest = &rest[length..];
    }
    Ok(Value::String(out))
}

fn date_part(verb: &str, moment: OffsetDateTime) -> Result<String, Failure> {
    let twelve = match moment.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if moment.hour() < 12 { "am" } else { "pm" };
    let offset = moment.offset();
    let sign = if offset.is_negative() { '-' } else { '+' };
    let (hours, minutes) = (offset.whole_hours().abs(), offset.minutes_past_hour().abs());
    Ok(match verb {
        "YYYY" => format!("{:04}", moment.year()),
        "YY" => format!("{:02}", moment.year() % 100),
        "MMMM" => moment.month().to_string(),
        "MMM" => moment.month().to_string()[..3].to_owned(),
        "MM" => format!("{:02}", u8::from(moment.month())),
        "M" => u8::from(moment.month()).to_string(),
        "DD" => format!("{:02}", moment.day()),
        "D" => moment.day().to_string(),
        "EEEE" => moment.weekday().to_string(),
        "EEE" => moment.weekday().to_string()[..3].to_owned(),
        "hh" => format!("{:02}", moment.hour()),
        "h" => moment.hour().to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => half.to_uppercase(),
        "aa" => half.to_owned(),
        "mm" => format!("{:02}", moment.minute()),
        "m" => moment.minute().to_string(),
        "ss" => format!("{:02}", moment.second()),
        "s" => moment.second().to_string(),
        "Z" if offset.is_utc() => "Z".to_owned(),
        "ZZZ" if offset.is_utc() => "UTC".to_owned(),
        "ZZZZ" | "ZZZ" => format!("{sign}{hours:02}{minutes:02}"),
        "Z" | "ZZZZZ" => format!("{sign}{hours:02}:{minutes:02}"),
        other => {
            let first = &other[..1];
            return Err(Failure::Argument(
                0,
                format!(
                    "invalid date format verb \"{other}\": there is no verb of this length with the letter {first}"
                ),
            ));
        }
    })
}
