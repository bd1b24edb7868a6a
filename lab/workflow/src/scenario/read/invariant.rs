//! Invariants with their parameters.

use std::time::Duration;

use lab_hcl::{Body, Diagnostic, Reader, Span};

use super::selector::word;
use super::{first_byte, unknown};
use crate::scenario::InvariantSpec;

pub(super) fn read_invariant(
    name: &str,
    body: &Body,
    span: Span,
    steps: &[&str],
) -> Result<InvariantSpec, Diagnostic> {
    let mut reader = Reader::new(body);
    let spec = match name {
        "quorum" => {
            let longest_election = reader.duration("longest_election")?.unwrap_or(Duration::from_secs(20));
            InvariantSpec::Quorum { longest_election }
        }
        "no_client_down" => InvariantSpec::NoClientDown,
        "no_allocation_lost" => InvariantSpec::NoAllocationLost,
        "new_work_starts" => InvariantSpec::NewWorkStarts {
            within: reader.duration("within")?.unwrap_or(Duration::from_secs(30)),
        },
        "no_plaintext" => InvariantSpec::NoPlaintext { after: read_after(&mut reader, body, steps)? },
        "role_and_region" => InvariantSpec::RoleAndRegion { after: read_after(&mut reader, body, steps)? },
        "key_matches_certificate" => InvariantSpec::KeyMatchesCertificate,
        "certificates_fresh" => {
            let max_age = reader.duration("max_age")?.unwrap_or(Duration::from_secs(86_400));
            InvariantSpec::CertificatesFresh { max_age }
        }
        "no_stale_connection" => {
            InvariantSpec::NoStaleConnection { after: read_after(&mut reader, body, steps)? }
        }
        "no_secret" => InvariantSpec::NoSecret,
        _ => return Err(unknown("invariant", name, span, &InvariantSpec::NAMES)),
    };
    reader.finish()?;
    Ok(spec)
}

fn read_after(reader: &mut Reader<'_>, body: &Body, steps: &[&str]) -> Result<String, Diagnostic> {
    let Some(value) = reader.value("after") else {
        let problem = Diagnostic::new("`after` is missing", first_byte(body));
        return Err(problem.with_help("name the step after which it must hold: after = \"close\""));
    };
    match word(value) {
        Some(step) if steps.contains(&step) => Ok(step.to_owned()),
        Some(step) => Err(unknown("step", step, value.span, steps)),
        None => Err(Diagnostic::new("`after` must be a step's name", value.span)),
    }
}
