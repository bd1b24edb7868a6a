//! consul-template, in process: renders templates from Vault, renews what it fetched, writes files and runs commands.
//!
//! It behaves as release 0.41.1 does, its footguns included: which calls share a certificate and which do not, when
//! each is fetched again, how `wait` takes certificate and key apart, and what ends in silence. It runs on a
//! [`lab_world::Host`]: one virtual week of renewals costs what its requests cost.
//!
//! ```no_run
//! use lab_consul_template::{CommandFuture, Commands, Invocation, Runner};
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! struct Systemd;
//! impl Commands for Systemd {
//!     fn run(&self, command: &Invocation) -> CommandFuture {
//!         assert_eq!(command.line(), "systemctl reload nomad");
//!         Box::pin(async { Ok(()) })
//!     }
//! }
//!
//! # fn example(host: &lab_world::Host) -> Result<(), lab_consul_template::Error> {
//! let program = host.program("consul-template");
//! let runner = Runner::start(&program, "/etc/consul-template.hcl", BTreeMap::new(), Arc::new(Systemd))?;
//! assert!(runner.exited().is_none());
//! # Ok(())
//! # }
//! ```

mod command;
mod config;
mod embedded;
mod engine;
mod error;
mod functions;
mod journal;
mod layout;
mod login;
mod nomad;
mod program;
mod query;
mod quiescence;
mod render;
mod source;
mod sprig;
mod supervisor;
mod tls;
mod token;
mod vault;
mod view;

pub use crate::command::{Child, CommandError, CommandFuture, Commands, Invocation};
pub use crate::config::Process;
pub use crate::config::{Configuration, TemplateSettings, UnreadableConfiguration, VaultSettings};
pub use crate::embedded::{EmbeddedTemplate, Progress, Renderer, VaultAccess};
pub use crate::error::{Error, Exit};
pub use crate::login::{Token, Vault};
pub use crate::program::{DryRun, Options, Runner};
pub use crate::query::{Nomad, NomadAnswer, Question};
pub use crate::sprig::Sprig;
