//! Who may do what: the language of policies, and what several of them allow together.

mod capabilities;
mod check;
mod compiled;
mod decode;
mod globs;
mod nodes;
mod policy;
mod read;

pub(crate) use self::compiled::{Acl, Level, Workload};
pub(crate) use self::policy::Policy;
