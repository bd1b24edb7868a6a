//! Who may call what, by the names in its certificate: checked for single calls, after the handshake.

use std::sync::{Arc, RwLock};

use crate::seam::{Authenticator, RpcContext, RpcError};

/// The checks; clones share the switch. Only the inside of a handler sees why a name was refused: the caller reads
/// `Permission denied`.
///
/// `rpc_upgrade_mode` is not looked at here, which is why it does not help plaintext clients where
/// `verify_server_hostname` is set.
#[derive(Clone)]
pub(crate) struct NameChecks {
    server: String,
    client: String,
    verify: Arc<RwLock<bool>>,
}

impl NameChecks {
    /// The checks of a server of `region`; `verify`: `rpc` and `verify_server_hostname` are both set.
    pub(crate) fn new(region: &str, verify: bool) -> Self {
        Self {
            server: format!("server.{region}.nomad"),
            client: format!("client.{region}.nomad"),
            verify: Arc::new(RwLock::new(verify)),
        }
    }

    /// Turns the checks on or off for all clones.
    pub(crate) fn set_verify(&self, verify: bool) {
        if let Ok(mut switch) = self.verify.write() {
            *switch = verify;
        }
    }

    /// Whether the caller has one of the `expected` names; the error says why not.
    fn check(&self, context: &RpcContext, expected: &[&str]) -> Result<(), String> {
        let verify = self.verify.read().is_ok_and(|verify| *verify);
        if context.internal || !verify {
            return Ok(());
        }
        if !context.tls || context.names.is_empty() {
            return Err("missing certificate information".into());
        }
        if context.names.iter().any(|name| expected.contains(&name.as_str())) {
            return Ok(());
        }
        Err(format!(
            "invalid certificate: {} not in expected {}",
            context.names.join(", "),
            expected.join(", ")
        ))
    }
}

impl Authenticator for NameChecks {
    fn server_only(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.check(context, &[&self.server]).map_err(|_| RpcError::permission_denied())
    }

    fn client_only(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.check(context, &[&self.client, &self.server]).map_err(|_| RpcError::permission_denied())
    }

    fn registration(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.client_only(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(name: Option<&str>) -> RpcContext {
        let names = name.map(str::to_owned).into_iter().collect();
        RpcContext { remote: ([192, 168, 1, 1], 1).into(), tls: name.is_some(), names, internal: false }
    }

    #[test]
    fn names_are_compared_whole() {
        let checks = NameChecks::new("global", true);
        let server = |name| checks.check(&context(name), &["server.global.nomad"]);
        let client = |name| checks.check(&context(name), &["client.global.nomad", "server.global.nomad"]);
        assert_eq!(
            server(Some("client.global.nomad")),
            Err("invalid certificate: client.global.nomad not in expected server.global.nomad".into())
        );
        assert_eq!(server(Some("server.global.nomad")), Ok(()));
        assert!(server(Some("server.other.nomad")).is_err());
        assert_eq!(server(None), Err("missing certificate information".into()));
        assert_eq!(
            client(Some("cli.global.nomad")),
            Err("invalid certificate: cli.global.nomad not in expected client.global.nomad, server.global.nomad".into())
        );
        assert_eq!(client(Some("server.global.nomad")), Ok(()));
        assert_eq!(client(Some("client.global.nomad")), Ok(()));
    }

    #[test]
    fn nothing_is_checked_where_it_is_off_or_the_process_calls_itself() {
        let checks = NameChecks::new("global", true);
        assert_eq!(checks.server_only(&RpcContext::internal()), Ok(()));
        assert_eq!(checks.server_only(&context(None)), Err(RpcError::new("Permission denied")));
        checks.set_verify(false);
        for name in [None, Some("client.global.nomad"), Some("pony.global.nomad")] {
            assert_eq!(checks.server_only(&context(name)), Ok(()), "{name:?}");
            assert_eq!(checks.registration(&context(name)), Ok(()), "{name:?}");
        }
    }
}
