//! The first token.

use super::encode;
use super::tokens::now_text;
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command};
use crate::structs::{AclToken, Body, map};

/// The file whose number lets a cluster be bootstrapped once more.
const RESET_FILE: &str = "acl-bootstrap-reset";

pub(super) async fn bootstrap(server: &Server, request: &Request) -> RpcResult {
    let known = server.store.read(|tables| tables.access.bootstrap_index);
    if known != 0 {
        match reset_index(server) {
            None => {
                let text = format!("ACL bootstrap already done (reset index: {known})");
                return Err(RpcError::coded(400, &text));
            }
            Some(given) if given != known => {
                let text = format!("Invalid bootstrap reset index (specified {given}, reset index: {known})");
                return Err(RpcError::coded(400, &text));
            }
            Some(_) => {}
        }
    }
    let asked = Body(&request.body).string("BootstrapSecret");
    if !asked.is_empty() && !is_secret(asked) {
        return Err(RpcError::coded(400, "invalid acl token"));
    }
    let mut token = AclToken {
        accessor_id: server.ids.uuid(),
        secret_id: if asked.is_empty() { server.ids.uuid() } else { asked.to_owned() },
        name: "Bootstrap Token".to_owned(),
        kind: "management".to_owned(),
        global: true,
        create_time: now_text(server),
        ..AclToken::default()
    };
    super::tokens::set_hash(&mut token);
    let command = AccessCommand::Bootstrap { token: Box::new(token.clone()), reset_index: known };
    let index = server.apply(Command::Access(command)).await?;
    (token.create_index, token.modify_index) = (index, index);
    Ok(map([("Tokens", rmpv::Value::Array(vec![encode(&token)])), ("Index", index.into())]))
}

/// The number in the file that an operator puts there; it is used once.
fn reset_index(server: &Server) -> Option<u64> {
    let path = server.parts.settings.data_dir.as_ref()?.join("server").join(RESET_FILE);
    let disk = &server.parts.host.disk;
    let text = disk.read_to_string(&path).ok()?;
    // Left behind, it would only be refused.
    let _ = disk.remove(&path);
    text.trim().parse().ok()
}

fn is_secret(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
