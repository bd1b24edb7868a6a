//! Variables, which are encrypted, and their locks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::{Tables, Topic};
use crate::structs::EncryptedVariable;

/// What a change is refused with that does not fit what is there.
pub(crate) const CONFLICT: &str = "variable conflict";

/// The variables by namespace and path.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Variables {
    pub(crate) table: BTreeMap<(String, String), EncryptedVariable>,
}

/// What changes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum VariableCommand {
    /// Sets one. With `only_at` it must have been changed last at that index, 0: not be there. A lock that is there
    /// must be the one in `holding`.
    Set { variable: Box<EncryptedVariable>, only_at: Option<u64>, holding: String },
    /// Removes one, under the same conditions.
    Delete { namespace: String, path: String, only_at: Option<u64>, holding: String },
    /// Takes the lock away, and keeps what the variable holds.
    Release { namespace: String, path: String, holding: String },
    /// Encrypts one anew, which is no change of it.
    Rekey(Box<EncryptedVariable>),
}

impl Tables {
    pub(in crate::state) fn apply_variables(&mut self, command: VariableCommand) -> Result<(), String> {
        let index = self.index;
        let table = &mut Arc::make_mut(&mut self.variables).table;
        let conflict = || Err(CONFLICT.to_owned());
        match command {
            VariableCommand::Set { mut variable, only_at, holding } => {
                let key = (variable.meta.namespace.clone(), variable.meta.path.clone());
                let known = table.get(&key);
                if !fits(known, only_at, &holding) {
                    return conflict();
                }
                if let Some(known) = known {
                    variable.meta.create_index = known.meta.create_index;
                    variable.meta.create_time = known.meta.create_time;
                } else {
                    variable.meta.create_index = index;
                }
                variable.meta.modify_index = index;
                table.insert(key, *variable);
            }
            VariableCommand::Delete { namespace, path, only_at, holding } => {
                let key = (namespace, path);
                if !fits(table.get(&key), only_at, &holding) {
                    return conflict();
                }
                table.remove(&key);
            }
            VariableCommand::Release { namespace, path, holding } => {
                match table.get_mut(&(namespace, path)) {
                    Some(known) if known.meta.lock.as_ref().is_some_and(|lock| lock.id == holding) => {
                        known.meta.lock = None;
                        known.meta.modify_index = index;
                    }
                    _ => return conflict(),
                }
            }
            VariableCommand::Rekey(variable) => {
                let key = (variable.meta.namespace.clone(), variable.meta.path.clone());
                if let Some(known) = table.get_mut(&key).filter(|known| known.meta == variable.meta) {
                    *known = *variable;
                }
            }
        }
        self.touch(Topic::Variables);
        Ok(())
    }
}

fn fits(known: Option<&EncryptedVariable>, only_at: Option<u64>, holding: &str) -> bool {
    let index = known.map_or(0, |known| known.meta.modify_index);
    let lock = known.and_then(|known| known.meta.lock.as_ref());
    only_at.is_none_or(|at| at == index) && lock.is_none_or(|lock| lock.id == holding)
}
