//! Renders what happened in a run: for people as it happens ([`Human`]), for programs as one document ([`summary`]), and two
//! runs beside each other ([`Comparison`]).
//!
//! Every report is a rendering of the same [`Timeline`](lab_workflow::Timeline), so none can say what was not recorded.
//! Human output is plain ASCII within 80 columns and says everything without colour; the styles it uses are ANSI
//! sequences that a stream such as `anstream`'s takes out where nobody wants them.

mod compare;
mod human;
mod summary;
mod text;

pub use crate::compare::{ComparedInvariant, ComparedStep, Comparison};
pub use crate::human::Human;
pub use crate::summary::{Summary, summary};
pub use crate::text::{elapsed, hang};
