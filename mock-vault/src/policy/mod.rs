//! Policies: their text, what it allows, and how several of them combine.

mod acl;
mod builtin;
mod parameters;
mod parse;
mod rule;
mod store;
mod template;

pub(crate) use self::acl::{Acl, Ask};
pub(crate) use self::parse::{ParseError, parse};
pub(crate) use self::store::{PolicyStore, listed, sanitize};
pub(crate) use self::template::{Subject, SubjectAlias, SubjectGroup, expand};
