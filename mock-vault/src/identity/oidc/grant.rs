//! What an authorization code stands for, and the proof that whoever shows it asked for it (PKCE).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use time::OffsetDateTime;

use crate::identity::oidc::fault::Fault;

/// How long a code can be shown.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How long a challenge may be, in characters.
const CHALLENGE: std::ops::RangeInclusive<usize> = 43..=128;

/// Who logged in where, for whom, and what may be told of them.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) provider: String,
    pub(super) client_id: String,
    pub(super) entity_id: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: String,
    /// Without `openid`; those that the provider supports, in order.
    pub(super) scopes: Vec<String>,
    /// When the person logged in, where the client wanted to know.
    pub(super) auth_time: Option<i64>,
    pub(super) challenge: Option<Challenge>,
}

/// What only the one who asked for a code can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// The answer itself.
    Plain(String),
    /// The answer's SHA-256, in base64.
    Sha256(String),
}

impl Challenge {
    /// Reads a challenge that was sent.
    pub(super) fn read(text: &str, method: &str) -> Result<Self, Fault> {
        let challenge = match method {
            "plain" => Self::Plain,
            "S256" => Self::Sha256,
            _ => return Err(Fault::new("invalid_request", "invalid code_challenge_method")),
        };
        if !CHALLENGE.contains(&text.len()) {
            return Err(Fault::new("invalid_request", "invalid code_challenge"));
        }
        Ok(challenge(text.to_owned()))
    }

    fn is_met_by(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(wanted) => verifier == wanted,
            Self::Sha256(wanted) => {
                URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())) == *wanted
            }
        }
    }
}

impl Grant {
    /// Holds the verifier that was sent, or an empty one, against the challenge.
    pub(super) fn prove(&self, verifier: &str) -> Result<(), Fault> {
        match (&self.challenge, verifier) {
            (None, "") => Ok(()),
            (None, _) => Err(Fault::new("invalid_request", "unexpected code_verifier for token exchange")),
            (Some(_), "") => Err(Fault::new("invalid_request", "expected code_verifier for token exchange")),
            (Some(challenge), verifier) if challenge.is_met_by(verifier) => Ok(()),
            (Some(_), _) => Err(Fault::new("invalid_grant", "invalid code_verifier for token exchange")),
        }
    }
}

/// The codes that were given out. They are in memory only, as in the real server: a seal forgets them.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<String, (OffsetDateTime, Grant)>);

impl Grants {
    pub(super) fn add(&mut self, code: String, grant: Grant, now: OffsetDateTime) {
        self.0.retain(|_, (expires, _)| *expires > now);
        self.0.insert(code, (now + LIFETIME, grant));
    }

    /// What a code stands for, once.
    pub(super) fn take(&mut self, code: &str, now: OffsetDateTime) -> Option<Grant> {
        self.0.remove(code).filter(|(expires, _)| *expires > now).map(|(_, grant)| grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_world::DEFAULT_EPOCH;

    fn grant(challenge: Option<Challenge>) -> Grant {
        let text = String::new;
        Grant {
            provider: text(),
            client_id: text(),
            entity_id: text(),
            redirect_uri: text(),
            nonce: text(),
            scopes: Vec::new(),
            auth_time: None,
            challenge,
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_five_minutes() {
        let mut grants = Grants::default();
        grants.add("a".into(), grant(None), DEFAULT_EPOCH);
        grants.add("b".into(), grant(None), DEFAULT_EPOCH);
        assert!(grants.take("a", DEFAULT_EPOCH + LIFETIME - Duration::from_secs(1)).is_some());
        assert!(grants.take("a", DEFAULT_EPOCH).is_none());
        assert!(grants.take("b", DEFAULT_EPOCH + LIFETIME).is_none());
    }

    #[test]
    fn the_example_of_rfc_7636_is_proved() {
        let challenge = Challenge::read("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256");
        let grant = grant(challenge.ok());
        assert_eq!(grant.prove("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), Ok(()));
        assert!(grant.prove("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl").is_err());
        assert!(Challenge::read(&"a".repeat(42), "plain").is_err());
        assert!(Challenge::read(&"a".repeat(43), "S512").is_err());
    }
}
