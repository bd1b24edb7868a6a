//! Answers that are wrapped in a token.

use std::time::Duration;

use lab_world::format_rfc3339_nano;
use serde_json::Value;

use crate::cubbyhole::RESPONSE;
use crate::logical::{Data, Environment, Refusal, Request, Response, WrapInfo};
use crate::state::State;
use crate::token::{NewToken, TokenEntry};

/// What every wrapping endpoint says to a token that wraps nothing, or nothing any more.
const BAD_TOKEN: &str = "wrapping token is not valid or does not exist";

impl State {
    /// Refuses a request about a wrapping token, whoever makes it, where there is none: the one in the body, or else the
    /// one in the header, must wrap something.
    pub(super) fn check_wrapping(
        &mut self,
        request: &Request,
        environment: &Environment,
    ) -> Result<(), Refusal> {
        if !matches!(
            request.path.as_str(),
            "sys/wrapping/unwrap" | "sys/wrapping/rewrap" | "sys/wrapping/lookup"
        ) {
            return Ok(());
        }
        let refuse = |text: &str| {
            Err(Refusal::Plain { status: 403, text: format!("error validating wrapping token: {text}") })
        };
        let token = match request.data.get("token") {
            None | Some(Value::Null) => request.token.as_deref().unwrap_or_default(),
            Some(Value::String(token)) if token.is_empty() => return refuse("empty token in request body"),
            Some(Value::String(token)) => token,
            Some(_) => return refuse("could not decode token in request body"),
        };
        if token.is_empty() {
            return refuse("token is empty");
        }
        let found = self.tokens.find(token, environment.now);
        match found.and_then(|(name, _)| self.cubbyhole.get(&name, RESPONSE)) {
            Some(_) => Ok(()),
            None => Err(Refusal::invalid(BAD_TOKEN)),
        }
    }

    /// Keeps `body` for whoever has the token that is made for it.
    pub(crate) fn wrap(
        &mut self,
        body: &[u8],
        creation_path: &str,
        ttl: Duration,
        wrapped_accessor: String,
        environment: &Environment,
    ) -> Response {
        let entry = TokenEntry {
            policies: vec!["response-wrapping".to_owned()],
            num_uses: 1,
            ttl,
            explicit_max_ttl: ttl,
            ..TokenEntry::new(creation_path, environment.now)
        };
        let new = NewToken { entry, renewable: false, max_ttl: ttl, internal: Data::new() };
        let auth = self.grant_token(new, environment);
        let creation_time = format_rfc3339_nano(environment.now);
        if let Some((name, _)) = self.tokens.find(&auth.client_token, environment.now) {
            let body = String::from_utf8_lossy(body).into_owned();
            self.cubbyhole.put(
                &name,
                RESPONSE,
                Data::from_iter([("response".to_owned(), Value::from(body))]),
            );
            let info = Data::from_iter([
                ("creation_ttl".to_owned(), Value::from(ttl.as_secs())),
                ("creation_time".to_owned(), Value::from(creation_time.as_str())),
                ("creation_path".to_owned(), Value::from(creation_path)),
            ]);
            self.cubbyhole.put(&name, "wrapinfo", info);
        }
        let info = WrapInfo {
            token: auth.client_token,
            accessor: auth.accessor,
            ttl,
            creation_time,
            creation_path: creation_path.to_owned(),
            wrapped_accessor,
        };
        Response { wrap_info: Some(info), ..Response::default() }
    }
}
