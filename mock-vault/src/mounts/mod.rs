//! What is mounted where.

mod catalog;
mod engine;
mod entry;
mod router;

pub(crate) use self::catalog::{VERSION, engine, known};
pub(crate) use self::engine::{Engine, Renewal, special};
pub(crate) use self::entry::{MountConfig, MountEntry, SYSTEM_MAX_TTL, SystemTtl};
pub(crate) use self::router::{Backend, Mounts};
