//! The key/value engine, unversioned and versioned.

mod attribution;
mod config;
mod data;
mod metadata;
mod model;
mod plain;
mod versioned;
mod versions;

pub(crate) use self::plain::Plain;
pub(crate) use self::versioned::Versioned;
