//! The calls by which servers ask the agents of nodes, and clients their servers, for what does not go through the log:
//! files, output, figures, commands and events. They stand for requests to the HTTP API, and are made of such requests
//! and turned into them here.

mod ask;
mod exec;
mod frames;
mod serve;
mod shape;

pub(super) use self::ask::{ask, events};
pub(crate) use self::serve::{call, is_call, is_stream, stream};
