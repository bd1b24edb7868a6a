//! Tokens with which a node may introduce itself.

use std::time::Duration;

use lab_world::format_duration;
use rmpv::Value;

use crate::acl::Level;
use crate::identity::introduction_claims;
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::structs::{Body, map};

pub(super) fn create(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    if !caller.acl.allows_node(Level::Write) {
        return Err(RpcError::permission_denied());
    }
    let body = Body(&request.body);
    let pool = Some(body.string("NodePool")).filter(|pool| !pool.is_empty()).unwrap_or("default");
    let life = life(server, body.integer("TTL"));
    let claims = introduction_claims(&server.parts.settings.region, pool, body.string("NodeName"));
    let (token, _) = server.sign_claims(claims, life)?;
    Ok(map([("JWT", token.into()), ("Index", Value::from(0))]))
}

/// How many seconds a token lives that is asked to live for so many nanoseconds. One that is asked to live for less than
/// nothing does not end, as in the real program.
fn life(server: &Server, asked: i64) -> Option<i64> {
    let settings = &server.parts.settings.introduction;
    let seconds = |life: Duration| i64::try_from(life.as_secs()).ok();
    match u64::try_from(asked).map(Duration::from_nanos) {
        Ok(Duration::ZERO) => seconds(settings.default_life),
        Ok(asked) if asked > settings.longest_life => {
            let (asked, most) = (format_duration(asked), format_duration(settings.longest_life));
            let line = "node introduction identity TTL request exceeds server maximum, using server maximum";
            let line = format!("{line}: requested_ttl={asked} server_max_ttl={most}");
            server.parts.host.log.warn("nomad.acl", line);
            seconds(settings.longest_life)
        }
        Ok(asked) => seconds(asked),
        Err(_) => None,
    }
}
