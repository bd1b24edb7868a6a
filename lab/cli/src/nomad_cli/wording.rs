//! Times, sizes and lists in Nomad's words.

use lab_world::format_rfc3339;
use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::stand_in::table::Columns;

/// Lines with `|` between their cells, in columns.
pub(super) fn table<S: AsRef<str>>(lines: &[S]) -> String {
    Columns::LIST.format(lines)
}

/// Lines of a key, `|` and a value.
pub(super) fn pairs<S: AsRef<str>>(lines: &[S]) -> String {
    Columns::PAIRS.format(lines)
}

/// The first characters of an identifier.
pub(super) fn limit(id: &str, length: usize) -> &str {
    id.get(..length).unwrap_or(id)
}

/// An identifier's prefix that a server can look up: whole bytes only.
pub(super) fn uuid_prefix(prefix: &str) -> &str {
    let digits = prefix.chars().filter(|c| *c != '-').count();
    prefix.get(..prefix.len() - digits % 2).unwrap_or(prefix)
}

/// Nanoseconds since 1970 as a moment.
pub(super) fn moment(nanoseconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A moment that JSON holds, none where it is Go's zero or no moment.
pub(super) fn moment_of(value: &Json) -> Option<OffsetDateTime> {
    let moment = OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()?;
    (moment.year() > 1).then_some(moment)
}

/// `2026-11-22T07:08:44Z`
pub(super) fn time_text(moment: OffsetDateTime) -> String {
    format_rfc3339(moment)
}

/// `2026-11-22 07:08:44.130000001 +0000 UTC`: a moment that JSON holds as Go prints it, with all its digits.
pub(super) fn nano_plain(text: &str) -> String {
    text.replace('T', " ").replace('Z', " +0000 UTC")
}

/// A moment of nanoseconds as text.
pub(super) fn nano_text(nanoseconds: i64) -> String {
    time_text(moment(nanoseconds))
}

/// How long ago something was: the two largest units of it.
pub(super) fn time_since(nanoseconds: i64, now: OffsetDateTime) -> String {
    if nanoseconds == 0 {
        return String::new();
    }
    let rounded = |nanoseconds: i128| (nanoseconds + 500_000_000).div_euclid(1_000_000_000);
    let apart = rounded(now.unix_timestamp_nanos()) - rounded(i128::from(nanoseconds));
    let suffix = if apart >= 0 { "ago" } else { "from now" };
    let mut rest = apart.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, size) in [("s", 60), ("m", 60), ("h", 24), ("d", 30), ("mo", 12), ("y", u128::MAX)] {
        match rest % size {
            0 => {}
            count => parts.insert(0, format!("{count}{unit}")),
        }
        rest /= size;
    }
    match parts.is_empty() {
        true => format!("0s {suffix}"),
        false => format!("{} {suffix}", parts[..parts.len().min(2)].concat()),
    }
}

/// How long ago, or the moment itself for those who want everything.
pub(super) fn age(nanoseconds: i64, verbose: bool, now: OffsetDateTime) -> String {
    if verbose { nano_text(nanoseconds) } else { time_since(nanoseconds, now) }
}

/// A number of bytes: `3.4 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 10 {
        return format!("{count} B");
    }
    let mut exponent = 0;
    let mut scale = 1_u64;
    while exponent + 1 < UNITS.len() && count / scale >= 1024 {
        scale *= 1024;
        exponent += 1;
    }
    let value = (count as f64 / scale as f64 * 10.0 + 0.5).floor() / 10.0;
    match value < 10.0 {
        true => format!("{value:.1} {}", UNITS[exponent]),
        false => format!("{value:.0} {}", UNITS[exponent]),
    }
}

/// Mebibytes as bytes.
pub(super) fn mebibytes(count: i64) -> String {
    bytes(u64::try_from(count).unwrap_or_default().saturating_mul(1024 * 1024))
}

/// A text, or what stands for none.
pub(super) fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
    if text.is_empty() { none } else { text }
}

/// Three significant digits, as `%.3g` prints them.
pub(super) fn three_digits(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let exponent = number.abs().log10().floor() as i32;
    if !(-4..3).contains(&exponent) {
        let text = format!("{number:.2e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits =
            if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
        let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |rest| ("-", rest));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let decimals = usize::try_from(2 - exponent).unwrap_or_default();
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        let now = moment(5_000_000_000_000_000_000);
        let since = |seconds: i64| time_since((now.unix_timestamp() - seconds) * 1_000_000_000, now);
        for (seconds, text) in [
            (0, "0s ago"),
            (14, "14s ago"),
            (60, "1m ago"),
            (63, "1m3s ago"),
            (7_500, "2h5m ago"),
            (86_400 * 3 + 3_600 * 4 + 5, "3d4h ago"),
            (86_400 * 33, "1mo3d ago"),
            (-5, "5s from now"),
        ] {
            assert_eq!(since(seconds), text);
        }
        assert_eq!(time_since(0, now), "");
    }

    #[test]
    fn sizes_are_rounded_as_gos_humanize_does() {
        for (count, text) in [
            (0, "0 B"),
            (9, "9 B"),
            (10, "10 B"),
            (1023, "1023 B"),
            (4096, "4.0 KiB"),
            (3_600_000, "3.4 MiB"),
            (314_572_800, "300 MiB"),
            (25_769_803_776, "24 GiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, text) in [
            (0.0115, "0.0115"),
            (-1.0, "-1"),
            (0.0, "0"),
            (-0.4942, "-0.494"),
            (123.4, "123"),
            (0.5, "0.5"),
            (12345.0, "1.23e+04"),
        ] {
            assert_eq!(three_digits(number), text);
        }
    }

    #[test]
    fn prefixes_are_cut_to_whole_bytes() {
        assert_eq!(uuid_prefix("5f40e"), "5f40");
        assert_eq!(uuid_prefix("5f40ee94-5"), "5f40ee94-");
        assert_eq!(uuid_prefix("5f40ee94"), "5f40ee94");
    }
}
