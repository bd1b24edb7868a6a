//! When a `cron` expression is due.

use std::collections::BTreeSet;

use time::{Date, Duration, OffsetDateTime, Time};

/// A cron expression: five fields (minute, hour, day of the month, month, day of the week), six with years after them,
/// or seven with seconds before them; or a name such as `@daily`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    seconds: BTreeSet<u32>,
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: BTreeSet<u32>,
    months: BTreeSet<u32>,
    weekdays: BTreeSet<u32>,
    years: BTreeSet<u32>,
    /// `L`: the last day of the month.
    last_day: bool,
    /// Whether days of the month, and of the week, are restricted: then either will do.
    any_day: bool,
    any_weekday: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const NAMED: [(&str, &str); 7] = [
    ("@annually", "0 0 0 1 1 * *"),
    ("@yearly", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * 0 *"),
    ("@daily", "0 0 0 * * * *"),
    ("@midnight", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];
/// How many days are looked at before an expression is held to be never due.
const FAR: usize = 366 * 12;

impl Cron {
    /// Reads an expression; an error in the words of the real program.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let named = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, long)| *long);
        let fields: Vec<&str> = named.unwrap_or(text).split_whitespace().collect();
        if fields.len() < 5 {
            return Err("missing field(s)".to_owned());
        }
        let (seconds, rest) = match fields.len() {
            5 | 6 => ("0", &fields[..]),
            _ => (fields[0], &fields[1..]),
        };
        let day = rest[2].replace(['l', 'L'], "");
        let last_day = day.len() < rest[2].len();
        Ok(Self {
            seconds: field(seconds, 0, 59, &[], "second")?,
            minutes: field(rest[0], 0, 59, &[], "minute")?,
            hours: field(rest[1], 0, 23, &[], "hour")?,
            days: if last_day && day.is_empty() {
                BTreeSet::new()
            } else {
                field(&day, 1, 31, &[], "day-of-month")?
            },
            months: field(rest[3], 1, 12, &MONTHS, "month")?,
            weekdays: field(rest[4], 0, 7, &WEEKDAYS, "day-of-week")?
                .into_iter()
                .map(|day| day % 7)
                .collect(),
            years: field(rest.get(5).unwrap_or(&"*"), 1970, 2099, &[], "year")?,
            last_day,
            any_day: matches!(rest[2], "*" | "?"),
            any_weekday: matches!(rest[4], "*" | "?"),
        })
    }

    /// The first time after `after` that it is due.
    pub(crate) fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let start = after.replace_nanosecond(0).ok()? + Duration::SECOND;
        let mut day = start.date();
        for number in 0..FAR {
            if self.is_due_on(day)
                && let Some(time) = self.first_time(if number == 0 { start.time() } else { Time::MIDNIGHT })
            {
                return Some(day.with_time(time).assume_offset(after.offset()));
            }
            day = day.next_day()?;
        }
        None
    }

    fn is_due_on(&self, day: Date) -> bool {
        let month = u32::from(u8::from(day.month()));
        let year = u32::try_from(day.year()).unwrap_or(0);
        if !self.months.contains(&month) || !self.years.contains(&year) {
            return false;
        }
        let of_month = self.days.contains(&u32::from(day.day()))
            || (self.last_day && day.day() == day.month().length(day.year()));
        let of_week = self.weekdays.contains(&u32::from(day.weekday().number_days_from_sunday()));
        match (self.any_day, self.any_weekday) {
            (true, true) => true,
            (true, false) => of_week,
            (false, true) => of_month,
            (false, false) => of_month || of_week,
        }
    }

    fn first_time(&self, from: Time) -> Option<Time> {
        let (hour, minute, second) =
            (u32::from(from.hour()), u32::from(from.minute()), u32::from(from.second()));
        for found_hour in self.hours.range(hour..) {
            let minute = if *found_hour == hour { minute } else { 0 };
            for found_minute in self.minutes.range(minute..) {
                let second = if (*found_hour, *found_minute) == (hour, minute) { second } else { 0 };
                if let Some(found) = self.seconds.range(second..).next() {
                    let part = |number: &u32| u8::try_from(*number).unwrap_or(0);
                    return Time::from_hms(part(found_hour), part(found_minute), part(found)).ok();
                }
            }
        }
        None
    }
}

/// Whether a text is an expression; if not, why.
pub(crate) fn check_cron(text: &str) -> Result<(), String> {
    Cron::parse(text).map(|_| ())
}

/// Whether a text looks like the name of a time zone. Times are those of UTC in any zone.
pub(crate) fn is_known_zone(name: &str) -> bool {
    const REGIONS: [&str; 14] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Etc",
        "Europe",
        "Indian",
        "Pacific",
        "US",
    ];
    let (region, city) = name.split_once('/').unwrap_or((name, ""));
    (REGIONS.contains(&region) && !city.is_empty())
        || matches!(name, "GMT" | "EST" | "MST" | "HST" | "CET" | "MET" | "EET" | "WET")
}

/// `*`, `5`, `1-5`, `*/15`, `1,2`, names.
fn field(text: &str, least: u32, most: u32, names: &[&str], what: &str) -> Result<BTreeSet<u32>, String> {
    let fault = || format!("syntax error in {what} field: '{text}'");
    let offset = if names.len() == 12 { 1 } else { 0 };
    let number = |text: &str| -> Option<u32> {
        let lower = text.to_lowercase();
        let named = names.iter().position(|name| lower.get(..3).is_some_and(|start| start == *name));
        named.map(|at| u32::try_from(at).unwrap_or(0) + offset).or_else(|| text.parse().ok())
    };
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(fault)?)
            }
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (least, most),
            Some((from, to)) => (number(from).ok_or_else(fault)?, number(to).ok_or_else(fault)?),
            None => {
                let single = number(range).ok_or_else(fault)?;
                (single, if part.contains('/') { most } else { single })
            }
        };
        if from < least || to > most || from > to {
            return Err(fault());
        }
        found.extend((from..=to).step_by(step as usize));
    }
    Ok(found)
}

#[cfg(test)]
mod unit {
    use super::*;
    use time::macros::datetime;

    fn next(expression: &str) -> String {
        let after = datetime!(2026-11-22 07:30:20 UTC);
        let next = Cron::parse(expression).expect(expression).next(after);
        next.map(lab_world::format_rfc3339).unwrap_or_default()
    }

    #[test]
    fn expressions_are_due_when_they_say() {
        for (expression, wanted) in [
            ("* * * * *", "2026-11-22T07:31:00Z"),
            ("*/15 * * * *", "2026-11-22T07:45:00Z"),
            ("0 0 * * *", "2026-11-23T00:00:00Z"),
            ("@daily", "2026-11-23T00:00:00Z"),
            ("@hourly", "2026-11-22T08:00:00Z"),
            ("0 12 * * mon-fri", "2026-11-23T12:00:00Z"),
            ("0 0 L * *", "2026-11-30T00:00:00Z"),
            ("0 0 29 feb *", "2028-02-29T00:00:00Z"),
            ("*/10 * * * * * *", "2026-11-22T07:30:30Z"),
            ("0 0 1 1 * 2030", "2030-01-01T00:00:00Z"),
            ("0 0 1 1 * 2020", ""),
            ("0 0 13 * 5", "2026-11-27T00:00:00Z"),
        ] {
            assert_eq!(next(expression), wanted, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        assert_eq!(Cron::parse("nonsense"), Err("missing field(s)".to_owned()));
        assert_eq!(Cron::parse("61 * * * *"), Err("syntax error in minute field: '61'".to_owned()));
        assert_eq!(Cron::parse("* * * * x"), Err("syntax error in day-of-week field: 'x'".to_owned()));
        assert!(Cron::parse("*/0 * * * *").is_err());
    }
}
