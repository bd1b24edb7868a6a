//! The fleets: machines that a workflow can be carried out on.
//!
//! This is the only crate that knows both the workflow and the mocks. [`SimulatedFleet`] is a cluster in memory and in
//! virtual time; [`simulate`] carries a scenario out on a new one.

mod simulated;

pub use crate::simulated::{SimulatedFleet, simulate};
