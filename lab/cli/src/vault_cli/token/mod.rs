//! `token`

mod create;
mod manage;

pub(super) use self::create::{FLAGS as CREATE_FLAGS, create};
pub(super) use self::manage::{capabilities, lookup, renew, revoke};
