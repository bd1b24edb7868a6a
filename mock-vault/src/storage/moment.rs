//! Points in time as whole nanoseconds since 1970, for `#[serde(with)]`.

use serde::{Deserialize, Deserializer, Serializer};
use time::OffsetDateTime;

/// Writes a point in time.
pub(crate) fn serialize<S: Serializer>(moment: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.unix_timestamp_nanos().to_string())
}

/// Reads a point in time.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn parse<E: serde::de::Error>(text: &str) -> Result<OffsetDateTime, E> {
    let nanos: i128 = text.parse().map_err(E::custom)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(E::custom)
}

/// The same for a point in time that may be absent.
pub(crate) mod option {
    use super::*;

    /// Writes a point in time, or null.
    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => super::serialize(moment, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a point in time, or null.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|text| parse(&text)).transpose()
    }
}
