//! What happened in a run: an append-only list of typed events, one JSON line each.

mod event;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use self::event::{Change, Event, FindingState, Phase};

/// The version of the lines' form; it goes up when a reader of older lines would misread newer ones.
pub const VERSION: u32 = 1;

/// One thing that happened. As JSON its fields come in this order, the event's own after them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the form.
    pub v: u32,
    /// Its number in the run, from 0.
    pub seq: u64,
    /// When it happened on the fleet's clock.
    #[serde(with = "moment")]
    pub at: OffsetDateTime,
    /// The step in which it happened; empty before the first.
    pub step: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Everything that happened, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    entries: Vec<Entry>,
}

impl Timeline {
    /// An empty timeline.
    pub fn new() -> Self {
        Self::default()
    }

    /// All entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The events, in order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// Adds an event and returns its entry.
    pub fn append(&mut self, at: OffsetDateTime, step: &str, event: Event) -> &Entry {
        let seq = self.entries.len() as u64;
        self.entries.push(Entry { v: VERSION, seq, at, step: step.to_owned(), event });
        &self.entries[self.entries.len() - 1]
    }

    /// Writes one JSON line for each entry.
    pub fn write_json_lines(&self, mut sink: impl Write) -> io::Result<()> {
        for entry in &self.entries {
            writeln!(sink, "{}", entry.to_json())?;
        }
        Ok(())
    }

    /// Reads JSON lines back.
    ///
    /// Errors: the number of the bad line, counted from 1, and what is wrong with it.
    pub fn from_json_lines(text: &str) -> Result<Self, ReadError> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let entry: Entry = serde_json::from_str(line)
                .map_err(|cause| ReadError::Line { number: number + 1, cause: cause.to_string() })?;
            if entry.v != VERSION {
                return Err(ReadError::Version { number: number + 1, version: entry.v });
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }
}

impl Entry {
    /// The entry as one line of JSON, without the line's end.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists only: there is nothing that JSON could not hold.
        serde_json::to_string(self).expect("an entry is plain data")
    }
}

/// A file that is not a timeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line is not an entry.
    #[error("line {number}: {cause}")]
    Line {
        /// The line, counted from 1.
        number: usize,
        /// What is wrong.
        cause: String,
    },
    /// The line was written by a newer program.
    #[error(
        "line {number}: version {version} of the timeline's form is not known here (this is version {VERSION})"
    )]
    Version {
        /// The line, counted from 1.
        number: usize,
        /// The version it says.
        version: u32,
    },
}

/// Moments as RFC 3339 with milliseconds in UTC, always the same width.
pub(crate) mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(crate) fn text(moment: OffsetDateTime) -> String {
        let seconds = lab_world::format_rfc3339(moment);
        format!("{}.{:03}Z", seconds.trim_end_matches('Z'), moment.millisecond())
    }

    pub(super) fn serialize<S: Serializer>(
        moment: &OffsetDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*moment))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn lines_can_be_read_back_and_keep_their_order_of_fields() {
        let mut timeline = Timeline::new();
        let at = datetime!(2026-01-05 09:00:00.25 UTC);
        timeline.append(
            at,
            "mixed",
            Event::NodeStatus { node: "client-1".into(), status: "ready".into(), was: None },
        );
        let mut bytes = Vec::new();
        timeline.write_json_lines(&mut bytes).expect("a vector takes everything");
        let text = String::from_utf8(bytes).expect("JSON is UTF-8");
        assert_eq!(
            text,
            "{\"v\":1,\"seq\":0,\"at\":\"2026-01-05T09:00:00.250Z\",\"step\":\"mixed\",\"event\":\"node_status\",\
             \"node\":\"client-1\",\"status\":\"ready\",\"was\":null}\n"
        );
        assert_eq!(Timeline::from_json_lines(&text), Ok(timeline));
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = Timeline::from_json_lines("\n{\"v\":1}").expect_err("fields are missing");
        assert!(error.to_string().starts_with("line 2: missing field"), "{error}");
        let newer = r#"{"v":9,"seq":0,"at":"2026-01-05T09:00:00.000Z","step":"","event":"note","text":"x"}"#;
        assert_eq!(Timeline::from_json_lines(newer), Err(ReadError::Version { number: 1, version: 9 }));
    }
}
