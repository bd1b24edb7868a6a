//! When a schedule in cron's notation comes due.

use time::{Date, Duration, Month, OffsetDateTime, Time};

/// The next moment after `now` that a schedule of five fields (or one of the names, `@daily`) means, in UTC; none where
/// it does not parse or means no moment within eight years.
pub(super) fn next(spec: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let schedule = Schedule::parse(spec)?;
    let mut date = now.date();
    let mut earliest = Some(now.time());
    for _ in 0..8 * 366 {
        if schedule.has_day(date) {
            for &hour in &schedule.hours {
                for &minute in &schedule.minutes {
                    for &second in &schedule.seconds {
                        let time = Time::from_hms(hour, minute, second).ok()?;
                        if earliest.is_none_or(|earliest| time > earliest) {
                            return Some(date.with_time(time).assume_utc());
                        }
                    }
                }
            }
        }
        earliest = None;
        date = date.checked_add(Duration::DAY)?;
    }
    None
}

#[derive(Debug)]
struct Schedule {
    seconds: Vec<u8>,
    minutes: Vec<u8>,
    hours: Vec<u8>,
    days: Vec<u8>,
    months: Vec<u8>,
    weekdays: Vec<u8>,
    any_day: bool,
    any_weekday: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    fn parse(spec: &str) -> Option<Self> {
        let spec = match spec.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            spec => spec,
        };
        let mut fields: Vec<&str> = spec.split_whitespace().collect();
        // Six fields end with the year, seven begin with the second.
        let seconds = if fields.len() == 7 { field(fields.remove(0), 0, 59, &[])? } else { vec![0] };
        fields.truncate(fields.len().min(5));
        let [minutes, hours, days, months, weekdays] = fields.try_into().ok()?;
        let mut on = field(weekdays, 0, 7, &WEEKDAYS)?;
        on.iter_mut().for_each(|day| *day %= 7);
        Some(Self {
            seconds,
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: on,
            any_day: matches!(days, "*" | "?"),
            any_weekday: matches!(weekdays, "*" | "?"),
        })
    }

    fn has_day(&self, date: Date) -> bool {
        let month: Month = date.month();
        let by_day = self.days.contains(&date.day());
        let by_weekday = self.weekdays.contains(&date.weekday().number_days_from_sunday());
        let is_meant = match (self.any_day, self.any_weekday) {
            (false, false) => by_day || by_weekday,
            _ => by_day && by_weekday,
        };
        self.months.contains(&u8::from(month)) && is_meant
    }
}

/// The values of one field, in order.
fn field(text: &str, least: u8, most: u8, names: &[&str]) -> Option<Vec<u8>> {
    let number = |word: &str| -> Option<u8> {
        let named = names.iter().position(|name| word.to_ascii_lowercase().starts_with(name));
        let offset = u8::from(least == 1);
        named
            .and_then(|index| u8::try_from(index).ok())
            .map(|index| index + offset)
            .or_else(|| word.parse().ok())
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) =
            part.split_once('/').map_or((part, Some(1)), |(range, step)| (range, step.parse().ok()));
        let step: usize = step.filter(|step| *step > 0)?;
        let (first, last) = match range {
            "*" | "?" => (least, most),
            range => match range.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None if part.contains('/') => (number(range)?, most),
                None => (number(range)?, number(range)?),
            },
        };
        if first < least || last > most {
            return None;
        }
        values.extend((first..=last).step_by(step));
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn schedules_come_due() {
        let now = datetime!(2026-11-22 07:30:15 UTC);
        for (spec, due) in [
            ("0 0 1 1 *", Some(datetime!(2027-01-01 00:00 UTC))),
            ("*/15 * * * *", Some(datetime!(2026-11-22 07:45 UTC))),
            ("30 7 * * *", Some(datetime!(2026-11-23 07:30 UTC))),
            ("0 9 * * mon-fri", Some(datetime!(2026-11-23 09:00 UTC))),
            ("@daily", Some(datetime!(2026-11-23 00:00 UTC))),
            ("*/5 * * * * * *", Some(datetime!(2026-11-22 07:30:20 UTC))),
            ("0 0 30 2 *", None),
            ("nonsense", None),
        ] {
            assert_eq!(next(spec, now), due, "{spec}");
        }
    }
}
