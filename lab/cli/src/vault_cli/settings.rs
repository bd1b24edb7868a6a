//! What the environment says of requests besides where they go.

use std::time::Duration;

use super::options;
use crate::stand_in::Environment;

/// How requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// How often a request that got no answer, or that the server failed, is sent again.
    pub(super) retries: u32,
    /// How long an answer may take; `None` for as long as it takes.
    pub(super) timeout: Option<Duration>,
}

impl Settings {
    /// Reads the variables.
    ///
    /// Errors: the real program's words for the first that it cannot read.
    pub(super) fn read(environment: &Environment) -> Result<Self, String> {
        let given = |name: &str| environment.get(name).filter(|text| !text.is_empty());
        let retries = match given("VAULT_MAX_RETRIES") {
            Some(text) => {
                text.parse().map_err(|_| format!("strconv.ParseUint: parsing {text:?}: invalid syntax"))?
            }
            // The command line, unlike its library, asks once.
            None => 0,
        };
        if given("VAULT_RATE_LIMIT").is_some_and(|text| !is_rate(text)) {
            return Err("VAULT_RATE_LIMIT was provided but incorrectly formatted".to_owned());
        }
        let timeout = match given("VAULT_CLIENT_TIMEOUT") {
            Some(text) => {
                options::seconds(text).map_err(|_| "could not parse \"VAULT_CLIENT_TIMEOUT\"".to_owned())?
            }
            None => 60,
        };
        for name in ["VAULT_SKIP_VERIFY", "VAULT_SRV_LOOKUP", "VAULT_DISABLE_REDIRECTS"] {
            if given(name).is_some_and(|text| !is_truth(text)) {
                return Err(format!("could not parse {name}"));
            }
        }
        let timeout = u64::try_from(timeout).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
        Ok(Self { retries, timeout })
    }
}

/// `10`, `2.5` and `10:20`
fn is_rate(text: &str) -> bool {
    let (rate, burst) = text.split_once(':').unwrap_or((text, "0"));
    rate.parse::<f64>().is_ok() && burst.parse::<i64>().is_ok()
}

/// What Go's `strconv.ParseBool` reads.
fn is_truth(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told() {
        let read = |name, text| Settings::read(&Environment::from([(name, text)]));
        assert_eq!(
            read("VAULT_CLIENT_TIMEOUT", "5").map(|read| read.timeout),
            Ok(Some(Duration::from_secs(5)))
        );
        assert_eq!(read("VAULT_CLIENT_TIMEOUT", "0").map(|read| read.timeout), Ok(None));
        assert_eq!(read("VAULT_MAX_RETRIES", "").map(|read| read.retries), Ok(0));
        assert!(read("VAULT_RATE_LIMIT", "10:20").is_ok());
        for (name, text, told) in [
            ("VAULT_MAX_RETRIES", "-1", "strconv.ParseUint: parsing \"-1\": invalid syntax"),
            ("VAULT_RATE_LIMIT", "x", "VAULT_RATE_LIMIT was provided but incorrectly formatted"),
            ("VAULT_CLIENT_TIMEOUT", "x", "could not parse \"VAULT_CLIENT_TIMEOUT\""),
            ("VAULT_SKIP_VERIFY", "maybe", "could not parse VAULT_SKIP_VERIFY"),
        ] {
            assert_eq!(read(name, text), Err(told.to_owned()));
        }
    }
}
