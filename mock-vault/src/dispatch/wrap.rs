//! Answers that are wrapped in a token.

use std::time::Duration;

use lab_world::format_rfc3339_nano;
use serde_json::Value;

use crate::cubbyhole::RESPONSE;
use crate::logical::{Data, Environment, Response, WrapInfo};
use crate::state::State;
use crate::token::{NewToken, TokenEntry};

impl State {
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
            id: String::new(),
            accessor: String::new(),
            parent: String::new(),
            policies: vec!["response-wrapping".to_owned()],
            path: creation_path.to_owned(),
            meta: None,
            display_name: String::new(),
            num_uses: 1,
            created: environment.now,
            ttl,
            explicit_max_ttl: ttl,
            period: Duration::ZERO,
            role: String::new(),
            entity_id: String::new(),
            bound_cidrs: Vec::new(),
            batch: false,
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
