//! The messages, as data.

use std::sync::OnceLock;

use lab_hcl::{Body, Diagnostic, Reader};

use crate::catalogue::entries;

/// Something that a real program says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A name to call it by.
    pub name: String,
    /// The program that says it, by the file it is in: `go`, `nomad`, `vault` or `clients`.
    pub family: &'static str,
    /// What is said; `*` stands for anything.
    pub text: String,
    /// Other texts of the same meaning.
    pub also: Vec<String>,
    /// Who says it, and about whom.
    pub who: String,
    /// What it means.
    pub means: String,
    /// Why it may be, the likeliest first.
    pub causes: Vec<Cause>,
    /// The command that shows it in the lab; empty where none does.
    pub scenario: String,
    /// Whether it only goes round another message, which says more.
    pub is_wrapper: bool,
}

/// A reason for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What is wrong.
    pub what: String,
    /// What shows that it is so.
    pub check: String,
    /// What to do.
    pub fix: String,
}

const FAMILIES: [(&str, &str); 4] = [
    ("go", include_str!("../../catalogue/messages/go.hcl")),
    ("nomad", include_str!("../../catalogue/messages/nomad.hcl")),
    ("vault", include_str!("../../catalogue/messages/vault.hcl")),
    ("clients", include_str!("../../catalogue/messages/clients.hcl")),
];

/// All messages, family by family.
pub fn messages() -> &'static [Message] {
    static ALL: OnceLock<Vec<Message>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |(family, text): &(&'static str, &str)| {
            entries(family, text, "message", |name, body| read_message(family, name, body))
        };
        FAMILIES.iter().flat_map(read).collect()
    })
}

fn read_message(family: &'static str, name: &str, body: &Body) -> Result<Message, Diagnostic> {
    let mut reader = Reader::new(body);
    let message = Message {
        name: name.to_owned(),
        family,
        text: reader.required_string("text")?,
        also: reader.strings("also")?.unwrap_or_default(),
        who: reader.required_string("who")?,
        means: reader.required_string("means")?,
        causes: reader
            .blocks("cause")
            .into_iter()
            .map(|block| read_cause(&block.body))
            .collect::<Result<_, _>>()?,
        scenario: reader.string("scenario")?.unwrap_or_default(),
        is_wrapper: reader.bool("wrapper")?.unwrap_or(false),
    };
    reader.finish().map(|()| message)
}

fn read_cause(body: &Body) -> Result<Cause, Diagnostic> {
    let mut reader = Reader::new(body);
    let cause = Cause {
        what: reader.required_string("what")?,
        check: reader.required_string("check")?,
        fix: reader.required_string("fix")?,
    };
    reader.finish().map(|()| cause)
}
