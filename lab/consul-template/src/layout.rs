//! Go's layouts of times, which show how one certain moment would be written: Mon Jan 2 15:04:05 2006.

use time::OffsetDateTime;

/// A time in UTC as a layout says.
pub(crate) fn in_layout(now: OffsetDateTime, layout: &str) -> String {
    let now = now.to_offset(time::UtcOffset::UTC);
    let (month, weekday) = (now.month().to_string(), now.weekday().to_string());
    let hour = (now.hour() + 11) % 12 + 1;
    let parts: [(&str, String); 26] = [
        ("January", month.clone()),
        ("Jan", month[..3].to_owned()),
        ("Monday", weekday.clone()),
        ("Mon", weekday[..3].to_owned()),
        ("MST", "UTC".to_owned()),
        ("2006", format!("{:04}", now.year())),
        ("-07:00", "+00:00".to_owned()),
        ("-0700", "+0000".to_owned()),
        ("Z07:00", "Z".to_owned()),
        ("Z0700", "Z".to_owned()),
        (".000000000", format!(".{:09}", now.nanosecond())),
        (".000000", format!(".{:06}", now.microsecond())),
        (".000", format!(".{:03}", now.millisecond())),
        ("01", format!("{:02}", u8::from(now.month()))),
        ("02", format!("{:02}", now.day())),
        ("03", format!("{hour:02}")),
        ("04", format!("{:02}", now.minute())),
        ("05", format!("{:02}", now.second())),
        ("06", format!("{:02}", now.year() % 100)),
        ("15", format!("{:02}", now.hour())),
        ("PM", if now.hour() < 12 { "AM" } else { "PM" }.to_owned()),
        ("_2", format!("{:2}", now.day())),
        ("1", u8::from(now.month()).to_string()),
        ("2", now.day().to_string()),
        ("3", hour.to_string()),
        ("4", now.minute().to_string()),
    ];
    let mut written = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        match parts.iter().find(|(part, _)| rest.starts_with(part)) {
            Some((part, value)) => {
                written.push_str(value);
                rest = &rest[part.len()..];
            }
            None => {
                written.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn layouts_are_gos() {
        let now = datetime!(2026-01-05 15:04:09.25 UTC);
        for (layout, written) in [
            ("2006-01-02T15:04:05Z07:00", "2026-01-05T15:04:09Z"),
            ("Mon Jan _2 15:04:05 2006", "Mon Jan  5 15:04:09 2026"),
            ("3:04PM", "3:04PM"),
            ("2006-01-02 15:04:05.000", "2026-01-05 15:04:09.250"),
            ("Monday, 02-Jan-06 15:04:05 MST", "Monday, 05-Jan-26 15:04:09 UTC"),
        ] {
            assert_eq!(in_layout(now, layout), written);
        }
    }
}
