//! Who calls, and whether they may.

use std::sync::Arc;

use crate::dispatch::route::needs_sudo;
use crate::logical::{Caller, Environment, Refusal, Request};
use crate::policy::{Acl, Ask, parse, sanitize};
use crate::state::State;

impl State {
    /// The caller that the request's token proves.
    pub(super) fn authenticate(
        &mut self,
        request: &Request,
        environment: &Environment,
    ) -> Result<Caller, Refusal> {
        let Some(token) = request.token.as_deref().filter(|token| !token.is_empty()) else {
            return Err(Refusal::Plain { status: 403, text: "permission denied".into() });
        };
        let Some((token_id, token)) = self.tokens.find(token, environment.now) else {
            return Err(Refusal::InvalidToken);
        };
        // A used-up token's last request has been served, unless this is it.
        if token.num_uses < 0 && !request.is_resumed() {
            return Err(Refusal::InvalidToken);
        }
        if !token.entity_id.is_empty() && !self.identity.is_enabled(&token.entity_id) {
            return Err(Refusal::Plain { status: 403, text: "permission denied".into() });
        }
        if !token.bound_cidrs.is_empty() && !within(&token.bound_cidrs, request.remote.ip()) {
            return Err(Refusal::Denied);
        }
        let subject = self.identity.subject(&token.entity_id);
        let root = token.is_root();
        Ok(Caller { token, token_id, subject, root, sudo: root })
    }

    /// Checks the caller's policies and finds out whether they have `sudo` here.
    pub(super) fn authorize(
        &mut self,
        request: &Request,
        environment: &Environment,
        caller: &mut Caller,
    ) -> Result<(), Refusal> {
        if caller.root {
            return Ok(());
        }
        let acl = self.acl_of(caller, environment);
        caller.sudo = acl.sudo(request.operation, &request.path);
        let ask = Ask {
            operation: request.operation,
            path: &request.path,
            data: &request.data,
            wrap_ttl: request.wrap_ttl,
        };
        if !acl.allows(&ask) || (needs_sudo(&self.mounts, &request.path) && !caller.sudo) {
            return Err(Refusal::Denied);
        }
        Ok(())
    }

    /// What the caller's policies allow, those of their entity and its groups included.
    pub(crate) fn acl_of(&mut self, caller: &Caller, environment: &Environment) -> Arc<Acl> {
        if let Some(access) = &caller.token.oidc {
            // Its policy is made here, and is one.
            return Arc::new(Acl::new(parse(&access.policy()).ok().as_ref(), None, environment.now));
        }
        let identity = self.identity.policies_of(&caller.token.entity_id);
        let subject = caller.subject.as_ref();
        if identity.is_empty() {
            return self.policies.acl(&caller.token.policies, subject, environment.now);
        }
        let names = sanitize(&[caller.token.policies.clone(), identity].concat(), false);
        self.policies.acl(&names, subject, environment.now)
    }

    /// Counts a use of a token with a limited number of them.
    pub(super) fn count_use(&mut self, caller: &mut Caller) {
        if caller.token.num_uses > 0 {
            let left = if caller.token.num_uses == 1 { -1 } else { caller.token.num_uses - 1 };
            Arc::make_mut(&mut caller.token).num_uses = left;
            self.tokens.change(&caller.token_id, |entry| entry.num_uses = left);
        }
    }
}

/// Whether an address is in one of the blocks.
pub(crate) fn within(blocks: &[String], address: std::net::IpAddr) -> bool {
    let bits = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32u32),
        std::net::IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    blocks.iter().any(|block| {
        let (base, length) = block.split_once('/').unwrap_or((block, ""));
        let Ok(base) = base.parse::<std::net::IpAddr>() else { return false };
        let ((base, width), (address, of)) = (bits(base), bits(address));
        let length = length.parse::<u32>().unwrap_or(width).min(width);
        let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
        width == of && base & mask == address & mask
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_blocks() {
        let blocks = ["10.0.0.0/8".to_owned(), "127.0.0.1".to_owned(), "::1/128".to_owned()];
        for (address, expected) in
            [("10.9.8.7", true), ("127.0.0.1", true), ("127.0.0.2", false), ("::1", true), ("::2", false)]
        {
            assert_eq!(within(&blocks, address.parse().expect("an address")), expected, "{address}");
        }
    }
}
