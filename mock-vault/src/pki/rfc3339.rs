//! Moments as Go's `time.Parse` reads them by its layout `time.RFC3339`.

use lab_pki::quote;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// Reads a moment.
///
/// Errors: Go's text for the first thing in it that does not fit.
pub(super) fn parse(text: &str) -> Result<OffsetDateTime, String> {
    let mut reader = Reader { text, rest: text };
    let year = reader.number("2006", 4, 4, 0..=9999)?;
    reader.literal("-")?;
    let month = reader.number_within("01", 2, 1..=12, "month")?;
    reader.literal("-")?;
    let day = reader.number("02", 2, 2, 0..=99)?;
    reader.literal("T")?;
    let hour = reader.hour()?;
    reader.literal(":")?;
    let minute = reader.number_within("04", 2, 0..=59, "minute")?;
    reader.literal(":")?;
    let second = reader.number_within("05", 2, 0..=59, "second")?;
    let nanosecond = reader.fraction();
    let offset = reader.zone()?;
    if !reader.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(reader.rest)));
    }
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let month = Month::try_from(small(month)).map_err(|_| reader.out_of_range("month"))?;
    let date =
        i32::try_from(year).ok().and_then(|year| Date::from_calendar_date(year, month, small(day)).ok());
    let date = date.ok_or_else(|| reader.out_of_range("day"))?;
    let time = Time::from_hms_nano(small(hour), small(minute), small(second), nanosecond);
    let time = time.map_err(|_| reader.out_of_range("hour"))?;
    Ok(OffsetDateTime::new_in_offset(date, time, offset))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", quote(self.text))
    }

    fn unfit(&self, wanted: &str) -> String {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(self.text),
            quote(LAYOUT),
            quote(self.rest),
            quote(wanted)
        )
    }

    fn literal(&mut self, wanted: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(wanted).ok_or_else(|| self.unfit(wanted))?;
        Ok(())
    }

    /// A number of so many digits.
    fn number(
        &mut self,
        layout: &str,
        least: usize,
        most: usize,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, String> {
        let digits = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits < least {
            return Err(self.unfit(layout));
        }
        let (number, rest) = self.rest.split_at(digits);
        let number = number.parse().ok().filter(|number| range.contains(number));
        let number = number.ok_or_else(|| self.unfit(layout))?;
        self.rest = rest;
        Ok(number)
    }

    fn number_within(
        &mut self,
        layout: &str,
        digits: usize,
        range: std::ops::RangeInclusive<u32>,
        what: &str,
    ) -> Result<u32, String> {
        let number = self.number(layout, digits, digits, 0..=9999)?;
        range.contains(&number).then_some(number).ok_or_else(|| self.out_of_range(what))
    }

    /// The one number that may have a single digit.
    fn hour(&mut self) -> Result<u32, String> {
        let hour = self.number("15", 1, 2, 0..=99)?;
        (hour < 24).then_some(hour).ok_or_else(|| self.out_of_range("hour"))
    }

    /// Nanoseconds, where there is a fraction.
    fn fraction(&mut self) -> u32 {
        let Some(behind) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return 0;
        }
        self.rest = &behind[digits..];
        format!("{:0<9}", &behind[..digits.min(9)]).parse().unwrap_or(0)
    }

    fn zone(&mut self) -> Result<UtcOffset, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(UtcOffset::UTC);
        }
        let bytes = self.rest.as_bytes();
        let sign = match bytes.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.unfit("Z07:00")),
        };
        let number = |at: usize| {
            let digits =
                self.rest.get(at..at + 2).filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<i8>().ok())
        };
        let (Some(hours), Some(b':'), Some(minutes)) = (number(1), bytes.get(3), number(4)) else {
            return Err(self.unfit("Z07:00"));
        };
        let offset = UtcOffset::from_hms(sign * hours, sign * minutes, 0);
        let offset = offset.map_err(|_| self.out_of_range("time zone offset hour"))?;
        self.rest = &self.rest[6..];
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn moments_are_read() {
        assert_eq!(parse("2027-03-04T05:06:07Z"), Ok(datetime!(2027-03-04 5:06:07 UTC)));
        assert_eq!(parse("2027-03-04T05:06:07.5+02:00"), Ok(datetime!(2027-03-04 5:06:07.5 +2)));
        assert_eq!(parse("2027-03-04T5:06:07Z"), Ok(datetime!(2027-03-04 5:06:07 UTC)));
    }

    #[test]
    fn what_does_not_fit_is_told_in_go_words() {
        for (text, told) in [
            ("x", "cannot parse \"x\" as \"2006\""),
            ("2027-01-01", "cannot parse \"\" as \"T\""),
            ("20270101000000Z", "cannot parse \"0101000000Z\" as \"-\""),
            ("99999-12-31T23:59:59Z", "cannot parse \"9-12-31T23:59:59Z\" as \"-\""),
            ("2027-01-01t00:00:00z", "cannot parse \"t00:00:00z\" as \"T\""),
            ("2027-01-01T00:00:00z", "cannot parse \"z\" as \"Z07:00\""),
        ] {
            let as_layout = format!("parsing time {text:?} as {LAYOUT:?}: {told}");
            assert_eq!(parse(text), Err(as_layout));
        }
        assert_eq!(
            parse("2027-13-01T00:00:00Z"),
            Err("parsing time \"2027-13-01T00:00:00Z\": month out of range".into())
        );
        assert_eq!(
            parse("2027-02-30T00:00:00Z"),
            Err("parsing time \"2027-02-30T00:00:00Z\": day out of range".into())
        );
        assert_eq!(
            parse("2027-01-01T00:00:00Zx"),
            Err("parsing time \"2027-01-01T00:00:00Zx\": extra text: \"x\"".into())
        );
    }
}
