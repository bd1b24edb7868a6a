//! `/v1/agent/monitor`: the agent's log as it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use lab_wire::http::Pieces;
use lab_world::{Host, Level};
use serde_json::json;

use crate::api::{ApiError, ApiRequest, Raw, Reply, parse_bool};
use crate::config::log_level;

/// How often the log is looked at, and after how many looks without news the reader hears that there is still somebody.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);
const SILENT_LOOKS: u32 = 10;

/// Follows the log from now on.
pub(super) fn monitor(host: &Host, request: &ApiRequest) -> Result<Reply, ApiError> {
    let level = request.parameter("log_level").filter(|level| !level.is_empty()).unwrap_or("INFO");
    let level = log_level(level).map_err(|_| ApiError::new(400, format!("Unknown log level: {level}")))?;
    if request.parameter("log_json") == Some("true") {
        return Err(ApiError::new(400, "the lab writes its log only in the standard form, not as JSON"));
    }
    let plain = match request.parameter("plain").filter(|given| !given.is_empty()) {
        None => false,
        Some(given) => parse_bool(given)
            .map_err(|error| ApiError::new(400, format!("Unknown option for plain: {error}")))?,
    };
    let follower = Follower { host: host.clone(), mark: host.log.count(), level, plain };
    let pieces = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await;
        Some((piece, follower))
    });
    let content_type = if plain { "text/plain" } else { "application/json" };
    Ok(Reply { raw: Some(Raw::Pieces(content_type, Pieces::new(pieces))), ..Reply::default() })
}

struct Follower {
    host: Host,
    mark: usize,
    level: Level,
    plain: bool,
}

impl Follower {
    async fn next(&mut self) -> Bytes {
        let mut silent = 0;
        loop {
            let lines = self.host.log.lines_after(self.mark);
            self.mark += lines.len();
            let wanted = lines.iter().filter(|line| !line.name.is_empty() && line.level >= self.level);
            let text: String = wanted.map(|line| format!("{line}\n")).collect();
            if !text.is_empty() {
                return match self.plain {
                    true => text.into(),
                    false => json!({"Data": STANDARD.encode(text)}).to_string().into(),
                };
            }
            self.host.clock.sleep(LOOK).await;
            silent += 1;
            if silent >= SILENT_LOOKS && !self.plain {
                return Bytes::from_static(b"{}");
            }
        }
    }
}
