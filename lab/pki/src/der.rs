//! A reader for DER that accepts and refuses exactly what Go's `cryptobyte` does.
//!
//! Whether a certificate parses at all decides what a program says about it, so the reader's strictness is part of the
//! behaviour: tags of one byte, minimal lengths of at most four bytes, minimal integers.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::Oid;

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const T61_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// The context-specific tag `[number]` over a primitive value.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// The context-specific tag `[number]` over a constructed value.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element: its tag, its content, and both with the length between them.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// What is left to read. Every method answers `None` where the next bytes are not what it is for.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_next(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, after) = self.rest.split_first()?;
        let (&first, after) = after.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, after) = match first {
            0..=0x7f => (usize::from(first), after),
            0x81..=0x84 => long_length(usize::from(first & 0x7f), after)?,
            _ => return None,
        };
        let content = after.get(..length)?;
        let header = self.rest.len() - after.len();
        let (whole, rest) = self.rest.split_at(header + length);
        self.rest = rest;
        Some(Element { tag, content, whole })
    }

    /// The next element if it has this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.is_next(tag) { self.any() } else { None }
    }

    /// A reader over the content of the next element if it has this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Option<Self> {
        self.element(tag).map(|element| Self::new(element.content))
    }

    /// The same, where the element may be missing: `Some(None)`.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<Self>> {
        if self.is_next(tag) { self.read(tag).map(Some) } else { Some(None) }
    }

    /// The big-endian two's complement bytes of an INTEGER.
    pub(crate) fn integer(&mut self) -> Option<&'a [u8]> {
        minimal_integer(self.element(tag::INTEGER)?.content)
    }

    /// An INTEGER of at most 63 bits that is not negative.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        unsigned(self.integer()?)
    }

    pub(crate) fn boolean(&mut self) -> Option<bool> {
        match self.element(tag::BOOLEAN)?.content {
            [0x00] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// The number of unused bits at the end, and the bytes.
    pub(crate) fn bit_string(&mut self) -> Option<(u8, &'a [u8])> {
        let (&unused, bytes) = self.element(tag::BIT_STRING)?.content.split_first()?;
        let mask = (1_u16 << unused.min(8)) - 1;
        let is_padded_with_zeros = match bytes.last() {
            Some(&last) => u16::from(last) & mask == 0,
            None => unused == 0,
        };
        (unused <= 7 && is_padded_with_zeros).then_some((unused, bytes))
    }

    pub(crate) fn oid(&mut self) -> Option<Oid> {
        Oid::from_der_content(self.element(tag::OBJECT_IDENTIFIER)?.content)
    }

    /// A UTCTime, with or without seconds, in UTC or with an offset.
    pub(crate) fn utc_time(&mut self) -> Option<OffsetDateTime> {
        let text = std::str::from_utf8(self.element(tag::UTC_TIME)?.content).ok()?;
        let (year, rest) = text.split_at_checked(2)?;
        let year = number(year)?;
        moment(if year >= 50 { 1900 + year } else { 2000 + year }, rest)
    }

    /// A GeneralizedTime with seconds and without a fraction.
    pub(crate) fn generalized_time(&mut self) -> Option<OffsetDateTime> {
        let text = std::str::from_utf8(self.element(tag::GENERALIZED_TIME)?.content).ok()?;
        let (year, rest) = text.split_at_checked(4)?;
        let has_seconds =
            rest.as_bytes().get(8..10).is_some_and(|seconds| seconds.iter().all(u8::is_ascii_digit));
        if has_seconds { moment(number(year)?, rest) } else { None }
    }
}

/// The value of a two's complement number that is not negative and has at most 63 bits.
pub(crate) fn unsigned(bytes: &[u8]) -> Option<u64> {
    let is_negative = bytes.first()? & 0x80 != 0;
    (!is_negative && bytes.len() <= 8)
        .then(|| bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// `bytes` if they are the shortest two's complement form of a number.
pub(crate) fn minimal_integer(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => None,
        _ => Some(bytes),
    }
}

fn long_length(count: usize, after: &[u8]) -> Option<(usize, &[u8])> {
    let (digits, after) = after.split_at_checked(count)?;
    let length = digits.iter().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
    let is_minimal = digits.first() != Some(&0) && length >= 0x80;
    is_minimal.then_some((length, after))
}

fn number(text: &str) -> Option<i32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `MMDDhhmm[ss]` with `Z` or `±hhmm` behind it.
fn moment(year: i32, text: &str) -> Option<OffsetDateTime> {
    let zone = text.find(['Z', '+', '-'])?;
    let (digits, zone) = text.split_at(zone);
    if !matches!(digits.len(), 8 | 10) {
        return None;
    }
    let field = |at: usize| number(digits.get(at..at + 2)?).and_then(|value| u8::try_from(value).ok());
    let date = Date::from_calendar_date(year, Month::try_from(field(0)?).ok()?, field(2)?).ok()?;
    let seconds = if digits.len() == 10 { field(8)? } else { 0 };
    let time = Time::from_hms(field(4)?, field(6)?, seconds).ok()?;
    let moment = PrimitiveDateTime::new(date, time);
    if zone == "Z" {
        return Some(moment.assume_utc());
    }
    let offset = (zone.len() == 5).then(|| number(&zone[1..]))??;
    let seconds = (offset / 100 * 60 + offset % 100) * 60;
    // An offset of nothing is written `Z`, and Go insists on that.
    if seconds == 0 || offset % 100 >= 60 {
        return None;
    }
    let signed = if zone.starts_with('-') { -seconds } else { seconds };
    Some(moment.assume_offset(UtcOffset::from_whole_seconds(signed).ok()?).to_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn lengths_and_integers_must_be_minimal() {
        assert_eq!(Reader::new(&[0x02, 0x02, 0x00, 0x80]).integer(), Some(&[0x00, 0x80][..]));
        for bytes in [
            &[0x02, 0x00][..],
            &[0x02, 0x02, 0x00, 0x7f],
            &[0x02, 0x02, 0xff, 0x80],
            &[0x02, 0x81, 0x01, 0x05],
        ] {
            assert_eq!(Reader::new(bytes).integer(), None, "{bytes:02x?}");
        }
        assert!(Reader::new(&[0x1f, 0x81, 0x00, 0x00]).any().is_none(), "a tag of several bytes");
        assert!(Reader::new(&[0x30, 0x80, 0x00, 0x00]).any().is_none(), "a length that is not stated");
        assert!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).any().is_none(), "more than there is");
    }

    #[test]
    fn bit_strings_end_in_zeros() {
        assert_eq!(Reader::new(&[0x03, 0x02, 0x03, 0xa8]).bit_string(), Some((3, &[0xa8][..])));
        assert_eq!(Reader::new(&[0x03, 0x02, 0x04, 0xa8]).bit_string(), None);
        assert_eq!(Reader::new(&[0x03, 0x02, 0x09, 0x00]).bit_string(), None);
        assert_eq!(Reader::new(&[0x03, 0x01, 0x01]).bit_string(), None);
    }

    fn utc(text: &str) -> Option<OffsetDateTime> {
        let bytes = [&[tag::UTC_TIME, text.len() as u8], text.as_bytes()].concat();
        Reader::new(&bytes).utc_time()
    }

    #[test]
    fn times_are_read_as_go_reads_them() {
        assert_eq!(utc("261122033154Z"), Some(datetime!(2026-11-22 03:31:54 UTC)));
        assert_eq!(utc("500101000000Z"), Some(datetime!(1950-01-01 0:00 UTC)));
        assert_eq!(utc("2611220331Z"), Some(datetime!(2026-11-22 03:31 UTC)));
        assert_eq!(utc("261122033154+0100"), Some(datetime!(2026-11-22 02:31:54 UTC)));
        for text in
            ["261122033154", "261122033154+0000", "261322033154Z", "26112203315Z", "", "2é1122033154Z"]
        {
            assert_eq!(utc(text), None, "{text}");
        }
        let fraction = b"\x18\x1120500101000000.5Z";
        assert_eq!(Reader::new(fraction).generalized_time(), None);
        let whole = b"\x18\x0f20500101000000Z";
        assert_eq!(Reader::new(whole).generalized_time(), Some(datetime!(2050-01-01 0:00 UTC)));
    }
}
