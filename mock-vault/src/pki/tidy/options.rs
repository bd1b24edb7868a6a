//! What is tidied, and how old it must be.

use std::time::Duration;

use lab_world::{format_duration, parse_duration};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::logical::{Data, Field, Fields, Refusal};
use crate::storage::seconds;

/// The operations as warnings name them.
pub(super) const OPERATIONS: &str = "tidy_cert_store / tidy_revoked_certs / tidy_revoked_cert_issuer_associations / \
    tidy_expired_issuers / tidy_move_legacy_ca_bundle / tidy_acme / tidy_cross_cluster_revoked_certs / \
    tidy_revocation_queue / tidy_cert_metadata / tidy_cmpv2_nonce_store";

const NO_METADATA: &str = "certificate metadata is only supported on Vault Enterprise";

/// The parameters of a tidy.
pub(super) const FIELDS: &[Field] = &[
    Field::flag("tidy_cert_store"),
    Field::flag("tidy_revoked_certs"),
    Field::flag("tidy_revocation_list"),
    Field::flag("tidy_revoked_cert_issuer_associations"),
    Field::flag("tidy_expired_issuers"),
    Field::flag("tidy_move_legacy_ca_bundle"),
    Field::flag("tidy_acme"),
    Field::flag("tidy_revocation_queue"),
    Field::flag("tidy_cross_cluster_revoked_certs"),
    Field::flag("tidy_cert_metadata"),
    Field::flag("tidy_cmpv2_nonce_store"),
    Field::seconds("safety_buffer").or_number(259_200),
    Field::seconds("issuer_safety_buffer").or_number(31_536_000),
    Field::seconds("acme_account_safety_buffer").or_number(2_592_000),
    Field::seconds("revocation_queue_safety_buffer").or_number(172_800),
    Field::text("pause_duration").or_text("0s"),
];

/// What a tidy does. Operations of parts that a mount of the Community Edition has not are taken and find nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) cert_store: bool,
    pub(super) revoked_certs: bool,
    pub(super) issuer_associations: bool,
    pub(super) expired_issuers: bool,
    legacy_bundle: bool,
    acme: bool,
    revocation_queue: bool,
    cross_cluster: bool,
    cert_metadata: bool,
    cmpv2_nonces: bool,
    #[serde(with = "seconds")]
    pub(super) safety_buffer: Duration,
    #[serde(with = "seconds")]
    pub(super) issuer_safety_buffer: Duration,
    #[serde(with = "seconds")]
    acme_account_safety_buffer: Duration,
    #[serde(with = "seconds")]
    revocation_queue_safety_buffer: Duration,
    /// As it was written.
    pause: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cert_store: false,
            revoked_certs: false,
            issuer_associations: false,
            expired_issuers: false,
            legacy_bundle: false,
            acme: false,
            revocation_queue: false,
            cross_cluster: false,
            cert_metadata: false,
            cmpv2_nonces: false,
            safety_buffer: Duration::from_hours(72),
            issuer_safety_buffer: Duration::from_hours(365 * 24),
            acme_account_safety_buffer: Duration::from_hours(720),
            revocation_queue_safety_buffer: Duration::from_hours(48),
            pause: "0s".to_owned(),
        }
    }
}

impl Options {
    /// The options of a request to tidy.
    ///
    /// Errors: `safety_buffer must be greater than zero` and the like.
    pub(super) fn of_request(fields: &Fields) -> Result<Self, Refusal> {
        let mut options = Self::default();
        options.take_flags(fields);
        // The old name of the same operation.
        options.revoked_certs |= fields.flag("tidy_revocation_list");
        options.take_buffers(fields, |_| true, |name, _| format!("{name} must be greater than zero"))?;
        options.take_pause(fields, "Error parsing pause_duration")?;
        if options.cert_metadata {
            return Err(Refusal::invalid(NO_METADATA));
        }
        Ok(options)
    }

    /// Takes what a change of the automatic tidying's configuration gives.
    ///
    /// Errors: `given safety_buffer must be at least one second; got: 0` and the like.
    pub(super) fn change(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let too_short = |name: &str, given: i64| {
            // The real server takes one name for both.
            let name = if name == "issuer_safety_buffer" { "safety_buffer" } else { name };
            format!("given {name} must be at least one second; got: {given}")
        };
        self.take_flags(fields);
        self.take_buffers(fields, |name| name == "safety_buffer", too_short)?;
        self.take_pause(fields, "unable to parse given pause_duration")?;
        self.take_buffers(fields, |name| name != "safety_buffer", too_short)?;
        if self.cert_metadata {
            return Err(Refusal::invalid(NO_METADATA));
        }
        if self.cmpv2_nonces {
            return Err(Refusal::invalid("CMPv2 is only supported on Vault Enterprise"));
        }
        Ok(())
    }

    fn take_flags(&mut self, fields: &Fields) {
        for (name, flag) in self.flags_mut() {
            if fields.has(name) {
                *flag = fields.flag(name);
            }
        }
    }

    fn take_buffers(
        &mut self,
        fields: &Fields,
        wanted: impl Fn(&str) -> bool,
        too_short: impl Fn(&str, i64) -> String,
    ) -> Result<(), Refusal> {
        for (name, buffer) in self.buffers_mut() {
            if wanted(name) && fields.has(name) {
                *buffer = fields.duration(name);
                if buffer.is_zero() {
                    return Err(Refusal::Invalid(too_short(name, fields.number(name))));
                }
            }
        }
        Ok(())
    }

    fn take_pause(&mut self, fields: &Fields, unparsed: &str) -> Result<(), Refusal> {
        if !fields.has("pause_duration") {
            return Ok(());
        }
        let pause = match fields.text("pause_duration") {
            "" => "0",
            pause => pause,
        };
        if pause.starts_with('-') {
            return Err(Refusal::invalid("received invalid, negative pause_duration"));
        }
        let parsed = pause.parse().map(Duration::from_secs).or_else(|_| parse_duration(pause));
        self.pause =
            format_duration(parsed.map_err(|error| Refusal::Invalid(format!("{unparsed}: {error}")))?);
        Ok(())
    }

    /// How long it rests after each certificate.
    pub(super) fn pause(&self) -> Duration {
        parse_duration(&self.pause).unwrap_or_default()
    }

    /// Whether any operation is set.
    pub(super) fn asks_for_something(&self) -> bool {
        self.clone().flags_mut().iter().any(|(_, flag)| **flag)
    }

    /// The options by their parameters' names.
    pub(super) fn describe(&self) -> Data {
        let mut copy = self.clone();
        let flags = copy.flags_mut().map(|(name, flag)| (name.to_owned(), Value::from(*flag)));
        let mut data: Data = flags.into_iter().collect();
        data.extend(
            copy.buffers_mut().map(|(name, buffer)| (name.to_owned(), Value::from(buffer.as_secs()))),
        );
        data.insert("pause_duration".into(), json!(self.pause));
        data
    }

    fn flags_mut(&mut self) -> [(&'static str, &mut bool); 10] {
        [
            ("tidy_cert_store", &mut self.cert_store),
            ("tidy_revoked_certs", &mut self.revoked_certs),
            ("tidy_revoked_cert_issuer_associations", &mut self.issuer_associations),
            ("tidy_expired_issuers", &mut self.expired_issuers),
            ("tidy_move_legacy_ca_bundle", &mut self.legacy_bundle),
            ("tidy_acme", &mut self.acme),
            ("tidy_revocation_queue", &mut self.revocation_queue),
            ("tidy_cross_cluster_revoked_certs", &mut self.cross_cluster),
            ("tidy_cert_metadata", &mut self.cert_metadata),
            ("tidy_cmpv2_nonce_store", &mut self.cmpv2_nonces),
        ]
    }

    fn buffers_mut(&mut self) -> [(&'static str, &mut Duration); 4] {
        [
            ("safety_buffer", &mut self.safety_buffer),
            ("issuer_safety_buffer", &mut self.issuer_safety_buffer),
            ("revocation_queue_safety_buffer", &mut self.revocation_queue_safety_buffer),
            ("acme_account_safety_buffer", &mut self.acme_account_safety_buffer),
        ]
    }
}
