//! What every endpoint shares: requests, responses, field types, routing inside a backend.

mod call;
mod convert;
mod encoding;
mod endpoint;
mod envelope;
mod fields;
mod glob;
mod go_json;
mod parse;
mod pattern;
mod refusal;
mod request;
mod response;

pub(crate) use self::call::{Call, Caller, Environment, MountView};
pub(crate) use self::convert::{flag as parse_flag, go_print};
pub(crate) use self::encoding::decode_base64;
pub(crate) use self::endpoint::{Endpoint, exists, invoke};
pub(crate) use self::envelope::envelope;
pub(crate) use self::fields::{Field, Fields};
pub(crate) use self::glob::glob;
pub(crate) use self::go_json::to_go_json;
pub(crate) use self::parse::{parse_seconds, short_duration};
pub(crate) use self::refusal::{Refusal, one_error, two_errors};
pub(crate) use self::request::{Data, Operation, Request};
pub(crate) use self::response::{Alias, Auth, Need, Outcome, Reply, Response, Secret, WrapInfo, respond};
