//! Go's `time.Time` as its encoders write it.

use std::fmt;

use lab_world::format_rfc3339_nano;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds between the year 1, where Go's time begins, and 1970.
const UNIX_TO_GO: i64 = 62_135_596_800;

/// A moment, or Go's zero time. JSON: RFC 3339 text or `null`; msgpack: the 15 bytes of `Time.MarshalBinary`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GoTime(pub(crate) Option<OffsetDateTime>);

impl GoTime {
    /// The moment that a text of RFC 3339 names.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from)
    }

    fn to_binary(self) -> [u8; 15] {
        let (seconds, nanos) = match self.0 {
            Some(moment) => (moment.unix_timestamp() + UNIX_TO_GO, moment.nanosecond()),
            None => (0, 0),
        };
        let mut bytes = [0; 15];
        bytes[0] = 1;
        bytes[1..9].copy_from_slice(&seconds.to_be_bytes());
        bytes[9..13].copy_from_slice(&nanos.to_be_bytes());
        bytes[13..].copy_from_slice(&(-1_i16).to_be_bytes());
        bytes
    }

    fn from_binary(bytes: &[u8]) -> Option<Self> {
        let (seconds, nanos) = (bytes.get(1..9)?, bytes.get(9..13)?);
        if bytes[0] != 1 && bytes[0] != 2 {
            return None;
        }
        let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
        let nanos = u32::from_be_bytes(nanos.try_into().ok()?);
        if seconds == 0 && nanos == 0 {
            return Some(Self(None));
        }
        let moment = OffsetDateTime::from_unix_timestamp(seconds.checked_sub(UNIX_TO_GO)?).ok()?;
        moment.replace_nanosecond(nanos).ok().map(|moment| Self(Some(moment)))
    }
}

impl From<OffsetDateTime> for GoTime {
    fn from(moment: OffsetDateTime) -> Self {
        Self(Some(moment))
    }
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            _ if !serializer.is_human_readable() => serializer.serialize_bytes(&self.to_binary()),
            Some(moment) => serializer.serialize_str(&format_rfc3339_nano(moment)),
            None => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for GoTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyForm)
    }
}

struct AnyForm;

impl<'de> Visitor<'de> for AnyForm {
    type Value = GoTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time as RFC 3339 text or as Go's binary form")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoTime, E> {
        if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
            return Ok(GoTime(None));
        }
        if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(GoTime(Some(moment)));
        }
        // A sender that knows only one kind of string puts the binary form into it.
        GoTime::from_binary(text.as_bytes()).ok_or_else(|| E::custom(format!("{text:?} is not a time")))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<GoTime, E> {
        GoTime::from_binary(bytes).ok_or_else(|| E::custom("not Go's binary form of a time"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<GoTime, E> {
        Ok(GoTime(None))
    }

    fn visit_none<E: de::Error>(self) -> Result<GoTime, E> {
        Ok(GoTime(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn binary_form_is_gos() {
        let moment = GoTime::from(datetime!(2026-11-22 02:30:41.729509248 UTC));
        let bytes = moment.to_binary();
        assert_eq!(hex::encode(&bytes[..13]), "010000000ee2944ad12b7b6d80");
        assert_eq!(GoTime::from_binary(&bytes), Some(moment));
        assert_eq!(hex::encode(GoTime(None).to_binary()), "01000000000000000000000000ffff");
        assert_eq!(GoTime::from_binary(&GoTime(None).to_binary()), Some(GoTime(None)));
        assert_eq!(GoTime::from_binary(b"short"), None);
        assert_eq!(
            GoTime::from_binary(&[1; 15]).is_some(),
            OffsetDateTime::from_unix_timestamp(i64::MAX).is_ok()
        );
    }

    #[test]
    fn json_form_is_rfc_3339() {
        let moment = GoTime::from(datetime!(2026-11-22 02:02:00 UTC));
        assert_eq!(serde_json::to_string(&moment).expect("a string"), "\"2026-11-22T02:02:00Z\"");
        assert_eq!(serde_json::to_string(&GoTime(None)).expect("null"), "null");
        assert_eq!(serde_json::from_str::<GoTime>("\"2026-11-22T02:02:00Z\"").expect("a time"), moment);
        assert_eq!(serde_json::from_str::<GoTime>("null").expect("null"), GoTime(None));
        assert!(serde_json::from_str::<GoTime>("\"soon\"").is_err());
        let packed = rmp_serde::to_vec(&moment).expect("bytes");
        assert_eq!(rmp_serde::from_slice::<GoTime>(&packed).expect("a time"), moment);
    }
}
