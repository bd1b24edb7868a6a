//! Who may call what. The certificate's names come first; the token of a node second.

use super::{Request, Server};
use crate::seam::RpcError;
use crate::structs::Body;

impl Server {
    /// The caller must be a server of this region.
    pub(super) fn server_only(&self, request: &Request) -> Result<(), RpcError> {
        if request.context.internal { Ok(()) } else { self.parts.authenticator.server_only(&request.context) }
    }

    /// The caller must be a client of this region and hold the secret of a node.
    pub(super) fn client_only(&self, request: &Request) -> Result<(), RpcError> {
        if !request.context.internal {
            self.parts.authenticator.client_only(&request.context)?;
        }
        let token = Body(&request.body).string("AuthToken");
        if token.is_empty() || !self.is_node(request, token) {
            return Err(RpcError::permission_denied());
        }
        Ok(())
    }

    /// The caller registers or keeps alive a node: a token is not needed, but a wrong one is refused. The token of a
    /// node that the servers have forgotten passes, as its signed identity does in the real program, so that the node
    /// learns that it must register again. An identity that has ended still lets a node register, and nothing else.
    pub(super) fn registration(&self, request: &Request) -> Result<(), RpcError> {
        if !request.context.internal {
            self.parts.authenticator.registration(&request.context)?;
        }
        let token = Body(&request.body).string("AuthToken");
        let passes = token.is_empty()
            || token == self.own_token
            || self.is_forgotten(request)
            || self.is_node(request, token)
            || (request.method == "Node.Register" && self.is_introduction_or_ended(token));
        if passes { Ok(()) } else { Err(RpcError::permission_denied()) }
    }

    /// Whether a token is a node's secret or its signed identity.
    fn is_node(&self, request: &Request, token: &str) -> bool {
        match token.contains('.') {
            true => self.verify_identity(token).is_ok_and(|claims| claims.contains_key("nomad_node_id")),
            false => self.is_node_secret(request, token),
        }
    }

    fn is_introduction_or_ended(&self, token: &str) -> bool {
        match self.verify_identity(token) {
            Ok(claims) => claims.contains_key("nomad_node_name"),
            Err(error) => error.0.ends_with("token is expired (exp)"),
        }
    }

    fn is_forgotten(&self, request: &Request) -> bool {
        let body = Body(&request.body);
        let id = body.get("Node").map_or(body.string("NodeID"), |node| Body(node).string("ID"));
        self.store.read(|tables| !tables.nodes.contains_key(id))
    }

    fn is_node_secret(&self, request: &Request, token: &str) -> bool {
        // Most calls name their node, which spares a search.
        let named = Body(&request.body).string("NodeID");
        self.store.read(|tables| {
            tables.nodes.get(named).is_some_and(|node| node.secret_id == token)
                || tables.node_by_secret(token).is_some()
        })
    }
}
