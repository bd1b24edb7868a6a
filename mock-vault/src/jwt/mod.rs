//! The JWT auth method.

mod claims;
mod config;
mod engine;
mod jose;
mod keys;
mod login;
mod role;
mod times;

pub(crate) use self::engine::Jwt;
