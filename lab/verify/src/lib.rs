//! Judges the files of a real cluster before anybody touches it, and explains what the real programs say.
//!
//! [`Cluster::read`] gathers what the nodes have: agent configuration merged as Nomad merges it, the certificates that
//! it names, consul-template configuration and templates, Vault roles, job files. [`judge`] holds all rules of the
//! [`catalogue`] against it and answers [`Finding`]s, each at a place in the user's own file. Nothing is written.

mod agent;
mod allow;
pub mod catalogue;
mod cluster;
mod document;
pub mod explain;
mod file;
mod finding;
mod job;
pub mod live;
mod locate;
pub mod pages;
pub mod report;
mod rules;
mod templating;
mod vault;
mod view;
mod walk;

pub use crate::cluster::{Cluster, Input, Problem};
pub use crate::finding::{Finding, Place, Severity};
pub use crate::rules::{Judgement, judge};
pub use crate::view::{AgentView, IssueRequest, PkiRole, TemplateView};
pub use mock_nomad::{Configuration, Heartbeats, PortSettings, TlsSettings};
