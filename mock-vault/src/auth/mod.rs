//! What auth methods share.

mod parameters;

pub(crate) use self::parameters::{FIELDS, OLD_FIELDS, TokenParameters, check_addresses};
