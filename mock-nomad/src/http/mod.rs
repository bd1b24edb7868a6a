//! The HTTP(S) port.

mod envelope;
mod gzip;
mod listener;

pub(crate) use self::envelope::handler;
pub(crate) use self::listener::{HttpServer, HttpSettings};
