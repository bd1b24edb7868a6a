//! Errors with their status.

use crate::seam::RpcError;

/// An error as the client reads it: a status and a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) code: u16,
    /// The whole body.
    pub(crate) message: String,
    /// What was known of the state; some errors carry the headers of a query.
    pub(crate) meta: Option<crate::structs::QueryMeta>,
}

/// Texts at the end of an error that decide its status, and are then all of it.
const BY_ENDING: [(&str, u16); 4] = [
    ("Permission denied", 403),
    ("ACL token not found", 403),
    ("Job registration, dispatch, and scale are disabled by the scheduler configuration", 403),
    ("Filter expression cannot be used with other filter parameters", 400),
];

impl ApiError {
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), meta: None }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// 404 with the headers of the query that found nothing.
    pub(super) fn missing(message: &str, meta: crate::structs::QueryMeta) -> Self {
        Self { meta: Some(meta), ..Self::not_found(message) }
    }
}

impl From<RpcError> for ApiError {
    fn from(error: RpcError) -> Self {
        let text = error.0;
        if let Some((_, coded)) = text.split_once("RPC Error:: ")
            && let Some((code, message)) = coded.split_once(',')
            && let Ok(code) = code.trim().parse()
        {
            return Self::new(code, message);
        }
        match BY_ENDING.iter().find(|(ending, _)| text.ends_with(ending)) {
            Some((ending, code)) => Self::new(*code, *ending),
            None => Self::new(500, text),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_ending_decides() {
        for (text, code, message) in [
            ("rpc error: rpc error: Permission denied", 403, "Permission denied"),
            ("rpc error: No cluster leader", 500, "rpc error: No cluster leader"),
            ("rpc error: RPC Error:: 404,job \"x\" not found", 404, "job \"x\" not found"),
            ("ACL token expired", 500, "ACL token expired"),
        ] {
            assert_eq!(ApiError::from(RpcError::new(text)), ApiError::new(code, message));
        }
    }
}
