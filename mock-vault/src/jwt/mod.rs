//! The JWT auth method.

mod claims;
mod config;
mod engine;
mod keys;
mod login;
mod role;

pub(crate) use self::engine::Jwt;
