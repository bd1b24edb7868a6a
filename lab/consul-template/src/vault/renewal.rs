//! Renews a lease or a token for as long as Vault lets it.

use std::time::Duration;

use lab_world::{Clock, Entropy};
use serde_json::json;
use time::OffsetDateTime;

use super::{Client, Secret};

/// What is renewed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    /// The client's own token.
    Token,
    /// The lease of a secret.
    Lease(&'a str),
}

/// Renews at once, and then whenever two thirds of the lease are over, until what is left is not worth renewing. Ends
/// well when the lease cannot be made longer, and with Vault's words when a renewal fails.
///
/// A refusal (`permission denied`) is no failure: the credential is taken for one that cannot be renewed, and this
/// waits until its time is nearly over.
pub(crate) async fn renew(
    client: &Client,
    credential: Credential<'_>,
    lease: Duration,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(), String> {
    let mut lifetime = Lifetime { since: clock.now(), prior: lease, grace: grace(lease, entropy) };
    let mut refused = false;
    loop {
        let left = if refused {
            remaining(lifetime.since, lifetime.prior, clock)
        } else {
            match ask(client, credential).await {
                Err(error) if error.contains("permission denied") => {
                    refused = true;
                    continue;
                }
                Err(error) => return Err(error),
                Ok(secret) => {
                    if !secret.is_renewable() {
                        return Err("secret is not renewable".to_owned());
                    }
                    lifetime.since = clock.now();
                    let seconds =
                        secret.auth.as_ref().map_or(secret.lease_duration, |auth| auth.lease_duration);
                    Duration::from_secs(seconds.max(0).unsigned_abs())
                }
            }
        };
        if left > lifetime.prior {
            lifetime.grace = grace(left, entropy);
        }
        let pause = left * 2 / 3 + lifetime.grace / 3;
        lifetime.prior = left;
        if left <= lifetime.grace || left.saturating_sub(pause) <= lifetime.grace {
            return Ok(());
        }
        clock.sleep(pause).await;
    }
}

struct Lifetime {
    since: OffsetDateTime,
    prior: Duration,
    /// The last part of a lease, in which it is not renewed any more.
    grace: Duration,
}

fn remaining(since: OffsetDateTime, lease: Duration, clock: &Clock) -> Duration {
    Duration::try_from(since + lease - clock.now()).unwrap_or_default()
}

/// Between 10 and 20 % of a lease.
fn grace(lease: Duration, entropy: &Entropy) -> Duration {
    lease / 10 + entropy.duration(Duration::ZERO..lease / 10)
}

async fn ask(client: &Client, credential: Credential<'_>) -> Result<Secret, String> {
    let (path, body) = match credential {
        Credential::Token => ("auth/token/renew-self", json!({ "increment": 0 })),
        Credential::Lease(id) => ("sys/leases/renew", json!({ "increment": 0, "lease_id": id })),
    };
    let secret = client.write(path, &body).await?;
    let wanted = |secret: &Secret| !matches!(credential, Credential::Token) || secret.auth.is_some();
    secret.filter(wanted).ok_or_else(|| "returned empty secret data".to_owned())
}
