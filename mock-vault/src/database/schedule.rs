//! When something is due by a schedule: the five fields of cron, with the rules and in the words of Go's `robfig/cron`.

use time::{Date, Duration, OffsetDateTime, Time};

/// How far ahead a day is looked for, in days: five years.
const HORIZON: i64 = 5 * 366;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A schedule in UTC, exact to the minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    minutes: Numbers,
    hours: Numbers,
    days: Numbers,
    months: Numbers,
    weekdays: Numbers,
}

/// Which numbers a field names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// A bit for each.
    set: u64,
    /// Whether it names all by a star.
    starred: bool,
}

impl Schedule {
    /// Reads a schedule. No time zone but UTC is known.
    ///
    /// Errors: what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let mut spec = text;
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            let (zone, rest) = text.split_once(' ').unwrap_or((text, ""));
            let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
            if !matches!(zone, "" | "UTC") {
                return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
            }
            spec = rest.trim();
        }
        if spec.starts_with('@') {
            return Err(format!("parser does not accept descriptors: {spec}"));
        }
        let fields: Vec<&str> = spec.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            let count = fields.len();
            return Err(format!("expected exactly 5 fields, found {count}: [{}]", fields.join(" ")));
        };
        Ok(Self {
            minutes: numbers(minutes, (0, 59), &[])?,
            hours: numbers(hours, (0, 23), &[])?,
            days: numbers(days, (1, 31), &[])?,
            months: numbers(months, (1, 12), &MONTHS)?,
            weekdays: numbers(weekdays, (0, 6), &WEEKDAYS)?,
        })
    }

    /// The next moment after `after`; `None` where there is none for years.
    pub(super) fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let day = after.date();
        let today = self.times().find(|time| day.with_time(*time).assume_utc() > after);
        if self.has_day(day)
            && let Some(time) = today
        {
            return Some(day.with_time(time).assume_utc());
        }
        let first = self.times().next()?;
        let mut ahead = (1..=HORIZON).filter_map(|days| day.checked_add(Duration::days(days)));
        ahead.find(|day| self.has_day(*day)).map(|day| day.with_time(first).assume_utc())
    }

    /// The times of a day, in order.
    fn times(&self) -> impl Iterator<Item = Time> {
        let minutes = || (0..60_u8).filter(|minute| self.minutes.has(*minute));
        let hours = (0..24_u8).filter(|hour| self.hours.has(*hour));
        hours.flat_map(move |hour| minutes().filter_map(move |minute| Time::from_hms(hour, minute, 0).ok()))
    }

    /// A day of the month or of the week is enough where both are named.
    fn has_day(&self, day: Date) -> bool {
        let by_month = self.days.has(day.day());
        let by_week = self.weekdays.has(day.weekday().number_days_from_sunday());
        let is_named = if self.days.starred || self.weekdays.starred {
            by_month && by_week
        } else {
            by_month || by_week
        };
        is_named && self.months.has(day.month().into())
    }
}

impl Numbers {
    fn has(self, number: u8) -> bool {
        self.set & (1 << number) != 0
    }
}

/// Reads ranges between commas.
fn numbers(field: &str, bounds: (u32, u32), names: &[&str]) -> Result<Numbers, String> {
    let mut whole = Numbers::default();
    for text in field.split(',').filter(|text| !text.is_empty()) {
        let range = range(text, bounds, names)?;
        whole.set |= range.set;
        whole.starred |= range.starred;
    }
    Ok(whole)
}

/// `*`, `5`, `1-5`, and each of them with a step: `*/15`.
fn range(text: &str, (least, most): (u32, u32), names: &[&str]) -> Result<Numbers, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let mut starred = matches!(ends[0], "*" | "?");
    let (start, mut end) = match ends.as_slice() {
        _ if starred => (least, most),
        [one] => (named(one, least, names)?, named(one, least, names)?),
        [start, end] => (named(start, least, names)?, named(end, least, names)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            if ends.len() == 1 {
                end = most;
            }
            integer(step)?
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    starred &= step <= 1;
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let set = (start..=end).step_by(step as usize).fold(0, |set, number| set | 1 << number);
    Ok(Numbers { set, starred })
}

/// A number, or the name of one; `least` is that of the first name.
fn named(text: &str, least: u32, names: &[&str]) -> Result<u32, String> {
    match (least..).zip(names).find(|(_, name)| name.eq_ignore_ascii_case(text)) {
        Some((number, _)) => Ok(number),
        None => integer(text),
    }
}

fn integer(text: &str) -> Result<u32, String> {
    let failed =
        |why: &str| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {why}");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    match text.parse::<i64>() {
        Err(_) => Err(failed("value out of range")),
        Ok(number) if number < 0 => Err(format!("negative number ({number}) not allowed: {text}")),
        // More is out of every range.
        Ok(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn next(schedule: &str, after: OffsetDateTime) -> Option<OffsetDateTime> {
        Schedule::parse(schedule).expect("a schedule").next(after)
    }

    #[test]
    fn the_next_moment_is_the_first_that_fits() {
        let sunday = datetime!(2026-11-22 19:04:48 UTC);
        for (schedule, moment) in [
            ("0 0 * * *", datetime!(2026-11-23 0:00 UTC)),
            ("0 0 * * SAT", datetime!(2026-11-28 0:00 UTC)),
            ("*/15 * * * *", datetime!(2026-11-22 19:15 UTC)),
            ("4-6 19 * * *", datetime!(2026-11-22 19:05 UTC)),
            ("4 19 * * *", datetime!(2026-11-23 19:04 UTC)),
            ("30 4 1 jan *", datetime!(2027-01-01 4:30 UTC)),
            ("0 12 29 2 ?", datetime!(2028-02-29 12:00 UTC)),
            ("0 0 1 * MON", datetime!(2026-11-23 0:00 UTC)),
            ("0 0 */2 * MON", datetime!(2026-11-23 0:00 UTC)),
        ] {
            assert_eq!(next(schedule, sunday), Some(moment), "{schedule}");
        }
        assert_eq!(next("0 0 31 2 *", sunday), None);
        assert_eq!(next(", * * * *", sunday), None);
    }
}
