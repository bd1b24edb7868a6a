//! No secret in the timeline.

use super::{Check, Invariant, Secrets};
use crate::timeline::Entry;

/// Timelines are attached to tickets; a key or a token in one is out in the world.
pub(super) struct NoSecret {
    secrets: Secrets,
}

impl NoSecret {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self { secrets: secrets.clone() }
    }
}

impl Invariant for NoSecret {
    fn observe(&mut self, entry: &Entry) -> Check {
        let secrets = self.secrets.lock().expect("no panic while keeping secrets");
        if secrets.is_empty() {
            return Check::Nothing;
        }
        let text = entry.to_json();
        let shows =
            secrets.iter().any(|secret| text.contains(secret.as_str())) || text.contains("-----BEGIN ");
        if shows { Check::Failed(format!("entry {} shows a secret", entry.seq)) } else { Check::Passed }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entry;
    use super::*;
    use crate::timeline::Event;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_token_and_a_pem_fail() {
        let secrets: Secrets = Arc::new(Mutex::new(vec!["hvs.TOKEN".to_owned()]));
        let mut invariant = NoSecret::new(&secrets);
        let note = |text: &str| entry(3, "", Event::Note { text: text.into() });
        assert_eq!(invariant.observe(&note("nothing")), Check::Passed);
        assert_eq!(invariant.observe(&note("a hvs.TOKEN b")), Check::Failed("entry 3 shows a secret".into()));
        assert!(matches!(invariant.observe(&note("-----BEGIN RSA PRIVATE KEY-----")), Check::Failed(_)));
    }
}
