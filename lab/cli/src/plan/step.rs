//! A step of a plan.

/// One thing to do, with what must be true before the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// A name for scenarios: `mixed`.
    pub(super) name: &'static str,
    pub(super) summary: String,
    /// Why it is there.
    pub(super) why: &'static str,
    /// Which machines, in which order and how many at once.
    pub(super) on: String,
    /// The `tls` block (or another) that the machines get; empty where none changes.
    pub(super) fragment: String,
    /// What to run on each machine.
    pub(super) commands: Vec<String>,
    /// What must pass before the next step.
    pub(super) check: Vec<String>,
    /// The way back.
    pub(super) back: String,
    /// The same as actions of a scenario.
    pub(super) actions: String,
}

/// How a step changes machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apply {
    Reload,
    Restart,
}

impl Apply {
    pub(super) fn command(self) -> String {
        match self {
            Self::Reload => "systemctl reload nomad".to_owned(),
            Self::Restart => "systemctl restart nomad".to_owned(),
        }
    }
}
