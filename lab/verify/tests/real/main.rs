//! What the rules say of real programs, asked of them: each test has `lab verify` find a defect, and the program show it.
//!
//! Needs the real programs: set `LAB_NOMAD_BIN`, `LAB_VAULT_BIN` and `LAB_CONSUL_TEMPLATE_BIN` to their paths. What needs
//! one that is not set is skipped, and says so.

#[path = "../support/mod.rs"]
mod support;

mod identity;
mod names;
mod pki;
mod programs;
mod running;
mod starting;
mod templates;
mod vault_block;
