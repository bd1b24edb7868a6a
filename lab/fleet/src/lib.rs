//! The fleets: machines that a workflow can be carried out on.
//!
//! This is the only crate that knows both the workflow and the mocks. [`SimulatedFleet`] is a cluster in memory and in
//! virtual time; [`simulate`] carries a scenario out on a new one. [`LocalFleet`] is a cluster of the real programs on
//! this machine, in real time; [`run_locally`] carries a plan out on a new one. [`RemoteFleet`] is a cluster that runs
//! already, on machines that an [`Inventory`] describes.

mod local;
mod place;
mod remote;
mod simulated;

pub use crate::local::{LocalError, LocalFleet, Programs, ProgramsError, clean_up, run_locally};
pub use crate::remote::{Inventory, Machine, Permission, RemoteFleet};
pub use crate::simulated::{SimulatedFleet, simulate};
