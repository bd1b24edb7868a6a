//! Programs that end, and what they complain of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use lab_world::Level;

use crate::fleet::{Fleet, Program, ProgramStatus};
use crate::run::{Pace, Recorder};
use crate::timeline::{Change, Event};

const ALL: [Program; 3] = [Program::Vault, Program::Nomad, Program::ConsulTemplate];

type Key = (String, Program);

/// What is known of the machines' programs.
#[derive(Default)]
pub(super) struct Programs {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: BTreeSet<Key>,
    marks: BTreeMap<Key, usize>,
    complaints: BTreeSet<(Key, String)>,
}

impl Programs {
    pub(super) fn look(&self, fleet: &dyn Fleet, recorder: &Recorder<'_>, pace: &Pace) {
        for node in fleet.nodes() {
            for program in ALL {
                self.look_at_log(fleet, recorder, &node.name, program);
                if let Some(change) = self.ended(fleet, &node.name, program) {
                    recorder.record(Event::ProgramChanged { node: node.name.clone(), program, change });
                    pace.hurry();
                }
            }
        }
    }

    pub(super) fn forget_complaints(&self) {
        self.state().complaints.clear();
    }

    /// Whether a program that ran, or was started, has ended by itself since it was looked at last.
    fn ended(&self, fleet: &dyn Fleet, node: &str, program: Program) -> Option<Change> {
        let key = (node.to_owned(), program);
        let mut state = self.state();
        match fleet.status(node, program) {
            ProgramStatus::Running => {
                state.running.insert(key);
                None
            }
            ProgramStatus::Stopped => {
                state.running.remove(&key);
                None
            }
            ProgramStatus::Exited { code, text } => {
                state.running.remove(&key).then_some(Change::Exited { code, text })
            }
        }
    }

    /// Each kind of warning and error once a step: the first of hundreds tells as much as all of them.
    fn look_at_log(&self, fleet: &dyn Fleet, recorder: &Recorder<'_>, node: &str, program: Program) {
        let key = (node.to_owned(), program);
        let mark = self.state().marks.get(&key).copied().unwrap_or(0);
        let (lines, mark) = fleet.log(node, program, mark);
        self.state().marks.insert(key.clone(), mark);
        for line in lines.into_iter().filter(|line| line.level >= Level::Warn) {
            let kind = format!("{} {}", line.name, without_values(&line.message));
            if self.state().complaints.insert((key.clone(), kind)) {
                recorder.record(Event::Log {
                    node: node.to_owned(),
                    program,
                    level: line.level.to_string(),
                    message: if line.name.is_empty() {
                        line.message
                    } else {
                        format!("{}: {}", line.name, line.message)
                    },
                });
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while looking at programs")
    }
}

/// A message without its digits: addresses, ports and times make no new kind of complaint.
fn without_values(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).take(160).collect()
}
