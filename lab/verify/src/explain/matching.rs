//! Finds messages in texts.

use std::collections::BTreeSet;

use super::catalogue::{Message, messages};

/// What is left of a text's likeness below which it says nothing.
const LEAST_LIKENESS: f64 = 0.3;

/// The pieces of every message's texts.
pub(super) struct Texts(Vec<Text>);

struct Text {
    message: &'static Message,
    /// What stands between the stars, in lower case.
    pieces: Vec<String>,
    words: BTreeSet<String>,
}

impl Texts {
    pub(super) fn all() -> Self {
        let text = |message: &'static Message, text: &String| Text {
            message,
            pieces: text
                .to_lowercase()
                .split('*')
                .map(str::to_owned)
                .filter(|piece| !piece.is_empty())
                .collect(),
            words: words(text),
        };
        let texts = messages().iter().flat_map(|message| {
            std::iter::once(&message.text).chain(&message.also).map(move |one| text(message, one))
        });
        Self(texts.collect())
    }

    /// The message that is in a text and says most: not one that only goes round another, and the longest.
    pub(super) fn within(&self, text: &str) -> Option<&'static Message> {
        let text = text.to_lowercase();
        let found = self.0.iter().filter(|candidate| is_within(&candidate.pieces, &text));
        let weight = |found: &&Text| {
            let letters: usize = found.pieces.iter().map(String::len).sum();
            (!found.message.is_wrapper, letters)
        };
        // Of equals the first counts, as written in the catalogue.
        found.rev().max_by_key(weight).map(|found| found.message)
    }

    /// The message whose words are most like a text's.
    pub(super) fn nearest(&self, text: &str) -> Option<&'static Message> {
        let own = words(text);
        let likeness = |candidate: &Text| {
            let common = candidate.words.intersection(&own).count() as f64;
            let all = candidate.words.len().min(own.len().max(1)) as f64;
            // Words in common count by how much of the shorter text they are, and a little by how many there are.
            common / all.max(2.0) + common / 100.0
        };
        let mut best: Option<(f64, &'static Message)> = None;
        for candidate in &self.0 {
            let score = likeness(candidate);
            if score >= LEAST_LIKENESS && best.is_none_or(|(known, _)| score > known) {
                best = Some((score, candidate.message));
            }
        }
        best.map(|(_, message)| message)
    }
}

/// Whether the pieces are in a text in their order.
fn is_within(pieces: &[String], text: &str) -> bool {
    let mut rest = text;
    !pieces.is_empty()
        && pieces.iter().all(|piece| match rest.find(piece.as_str()) {
            Some(start) => {
                rest = &rest[start + piece.len()..];
                true
            }
            None => false,
        })
}

/// The words of a text that mean something.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    const EMPTY: [&str; 14] =
        ["the", "a", "an", "is", "of", "to", "and", "for", "in", "not", "with", "error", "was", "it"];
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.len() > 1 && !EMPTY.contains(word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<&'static str> {
        Texts::all().within(text).map(|message| message.name.as_str())
    }

    #[test]
    fn messages_are_found_in_lines_of_a_log() {
        for (line, wanted) in [
            (
                "Error querying jobs: Get \"https://10.0.0.1:4646/v1/jobs\": x509: certificate is valid for server.global.nomad, localhost, not web",
                "name-mismatch-host",
            ),
            ("x509: certificate is valid for a, not server.eu.nomad", "name-mismatch-region"),
            (
                "[WARN]  nomad.rpc: failed TLS handshake: remote_addr=10.0.0.9:1 error=\"invalid role or region for certificate\"",
                "role-or-region",
            ),
            (
                "[WARN]  nomad.rpc: failed TLS handshake: remote_addr=10.0.0.9:1 error=EOF",
                "handshake-hung-up",
            ),
            ("nomad.rpc: failed TLS handshake: remote_addr=10.0.0.9:1 error=other", "failed-tls-handshake"),
            (
                "Get \"https://10.0.0.1:4646/\": read tcp 10.0.0.2:5->10.0.0.1:4646: read: connection reset by peer",
                "connection-reset",
            ),
            (
                "Error starting agent: Failed to load cert/key pair: open /a.crt: no such file or directory",
                "file-missing",
            ),
            ("open /etc/nomad.d/agent.key: permission denied", "file-not-readable"),
            ("Code: 403. Errors:\n\n* permission denied", "permission-denied"),
            ("error 18 at 0 depth lookup: self-signed certificate", "curl-issuer"),
            ("curl: (52) Empty reply from server", "curl-no-http"),
            (
                "[WARN] (view) vault.write(pki/issue/web -> 1a2b3c4d): Vault is sealed (retry attempt 1 after \"250ms\")",
                "vault-sealed",
            ),
            ("malformed HTTP response \"\\x15\\x03\\x01\\x00\\x02\\x02\"", "malformed-http-response"),
            ("REMOTE ERROR: TLS: BAD CERTIFICATE", "alert-bad-certificate"),
        ] {
            assert_eq!(name(line), Some(wanted), "{line}");
        }
        assert_eq!(name("all is well"), None);
    }

    #[test]
    fn every_message_is_found_by_its_own_texts() {
        for message in messages() {
            for text in std::iter::once(&message.text).chain(&message.also) {
                let said = text.replace('*', "something");
                assert!(name(&said).is_some(), "{said}");
                assert_eq!(
                    name(&message.text.replace('*', "something")),
                    Some(message.name.as_str()),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_known_gets_the_nearest() {
        let texts = Texts::all();
        let near = texts.nearest("tls: certificate was bad").map(|message| message.name.as_str());
        assert_eq!(near, Some("alert-bad-certificate"));
        assert_eq!(texts.nearest("zebra").map(|message| message.name.as_str()), None);
        assert_eq!(texts.nearest(""), None);
    }

    #[test]
    fn there_is_enough_to_explain() {
        assert!(messages().len() >= 60);
        let mut names: Vec<&str> = messages().iter().map(|message| message.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), messages().len(), "names are unique");
        for message in messages() {
            assert!(!message.causes.is_empty() && message.means.ends_with(['.', ':']), "{}", message.name);
        }
    }
}
