//! The heart of the lab: what is done to a cluster, what is observed meanwhile, and what must hold.
//!
//! A [`Scenario`] is steps of [`Action`]s with the [invariants](InvariantSpec) that must hold and the [`Break`]s that
//! must show. [`run`] carries it out on a [`Fleet`] and writes everything that happens into a [`Timeline`], from which
//! every report is rendered. Nothing here knows whether the machines are real: Vault is spoken to over its HTTP API,
//! Nomad over its HTTP API and its RPC port.

pub mod action;
mod error;
mod fleet;
mod invariant;
mod knowledge;
mod nomad;
mod observe;
mod probe;
mod run;
mod scenario;
mod timeline;
mod vault;
mod verdict;

pub use crate::action::{Action, Rollout, Selector};
pub use crate::error::Error;
pub use crate::fleet::{Existing, Fault, Fleet, FleetError, Node, Program, ProgramStatus, Role, Topology};
pub use crate::probe::{
    Ask, Credential, Port, PortProber, Probe, Served, Transport, Verdict as ProbeVerdict, Version,
};
pub use crate::run::{ProbeMode, RunOptions, run};
pub use crate::scenario::{
    Assertion, Break, ChangeKind, Comparison, Condition, Edit, Fact, InvariantSpec, Plan, PlanError,
    PlannedStep, Position, Scenario, Step,
};
pub use crate::timeline::{Change, Entry, Event, FindingState, Phase, ReadError, Timeline, VERSION};
pub use crate::verdict::{FailedAssertion, Failure, Finding, Outcome, Verdict, Violation};
