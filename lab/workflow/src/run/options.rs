//! How a scenario is run.

/// The choices that are made for a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// The seed of every decision.
    pub seed: u64,
    /// A break or variation of the scenario, by name.
    pub change: Option<String>,
    /// Another number of servers than the scenario's.
    pub servers: Option<usize>,
    /// Another number of clients than the scenario's.
    pub clients: Option<usize>,
    /// When ports are asked again.
    pub probe: ProbeMode,
    /// The step to begin at: those before it were done by an earlier run, on machines that are still there.
    pub from: Option<String>,
    /// By how much the scenario's times are divided; `None` and 1: not at all.
    pub time_scale: Option<u32>,
}

/// When ports are asked again what they accept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbeMode {
    /// After each step, where an answer could have changed.
    #[default]
    Changed,
    /// After each step, all of them.
    Full,
}
