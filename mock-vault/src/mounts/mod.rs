//! What is mounted where.

mod catalog;
mod engine;
mod entry;
mod plugins;
mod router;

pub(crate) use self::catalog::{VERSION, engine, known, running_version};
pub(crate) use self::engine::{Engine, Renewal, special};
pub(crate) use self::entry::{MountConfig, MountEntry, SYSTEM_MAX_TTL, SystemTtl};
pub(crate) use self::plugins::{Plugin, catalog};
pub(crate) use self::router::{Backend, Mounts};
