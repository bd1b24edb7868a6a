//! In which order the tasks of a group begin and end: their `lifecycle` blocks, and the group's leader.

use std::collections::BTreeMap;

use crate::structs::{Opaque, Stage, Task, TaskGroup, TaskState};

/// The stages of a group's tasks, and which of them leads.
#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    stages: BTreeMap<String, Stage>,
    leader: Option<String>,
}

impl Lifecycle {
    pub(super) fn of(group: &TaskGroup) -> Self {
        let leads = |task: &&Task| task.rest.get("Leader").and_then(Opaque::as_bool) == Some(true);
        Self {
            stages: group.tasks.iter().map(|task| (task.name.clone(), Stage::of(task))).collect(),
            leader: group.tasks.iter().find(leads).map(|task| task.name.clone()),
        }
    }

    pub(super) fn stage(&self, task: &str) -> Stage {
        self.stages.get(task).copied().unwrap_or(Stage::Main)
    }

    /// Whether the others end with a task.
    pub(super) fn leads(&self, task: &str) -> bool {
        self.leader.as_deref() == Some(task)
    }

    /// Whether it is a task's turn to begin.
    pub(super) fn may_begin(&self, task: &str, tasks: &BTreeMap<String, TaskState>) -> bool {
        let all = |is_wanted: fn(Stage, &TaskState) -> bool| {
            tasks
                .iter()
                .filter(|(other, _)| *other != task)
                .all(|(other, state)| is_wanted(self.stage(other), state))
        };
        match self.stage(task) {
            Stage::Prestart | Stage::PrestartSidecar => true,
            Stage::Main => all(|stage, state| match stage {
                Stage::Prestart => state.state == "dead" && !state.failed,
                Stage::PrestartSidecar => state.started_at.0.is_some(),
                _ => true,
            }),
            Stage::Poststart | Stage::PoststartSidecar => {
                all(|stage, state| stage != Stage::Main || state.started_at.0.is_some())
            }
            Stage::Poststop => all(|stage, state| stage == Stage::Poststop || state.state == "dead"),
        }
    }

    /// Whether it is a task's turn to end, where the allocation is stopping or not: the leader ends first, sidecars after
    /// all others, and what comes after them by itself.
    pub(super) fn shall_end(&self, task: &str, stopping: bool, tasks: &BTreeMap<String, TaskState>) -> bool {
        match self.stage(task) {
            Stage::Poststop => false,
            Stage::PrestartSidecar | Stage::PoststartSidecar => self.is_work_over(stopping, tasks),
            Stage::Prestart | Stage::Main | Stage::Poststart => {
                let is_over = |leader: &String| tasks.get(leader).is_none_or(|state| state.state == "dead");
                stopping && self.leader.as_ref().is_none_or(|leader| leader == task || is_over(leader))
            }
        }
    }

    /// Whether all are over for which the sidecars are there; without any they are there until the allocation stops.
    fn is_work_over(&self, stopping: bool, tasks: &BTreeMap<String, TaskState>) -> bool {
        let mut work = self.judged(tasks).filter(|(task, _)| !self.stage(task).is_sidecar()).peekable();
        (work.peek().is_some() || stopping) && work.all(|(_, state)| state.state == "dead")
    }

    /// Those that an allocation is judged by: what comes after all others says nothing of how it works.
    pub(super) fn judged<'a>(
        &'a self,
        tasks: &'a BTreeMap<String, TaskState>,
    ) -> impl Iterator<Item = (&'a String, &'a TaskState)> {
        tasks.iter().filter(|(task, _)| self.stage(task) != Stage::Poststop)
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use lab_world::DEFAULT_EPOCH;
    use serde_json::json;

    const STAGES: [(&str, Stage); 6] = [
        ("pre", Stage::Prestart),
        ("beside", Stage::PrestartSidecar),
        ("main", Stage::Main),
        ("post", Stage::Poststart),
        ("late", Stage::PoststartSidecar),
        ("stop", Stage::Poststop),
    ];

    fn lifecycle(leader: Option<&str>) -> Lifecycle {
        let stages = STAGES.map(|(name, stage)| (name.to_owned(), stage));
        Lifecycle { stages: stages.into(), leader: leader.map(str::to_owned) }
    }

    /// One letter a task, in the order of the stages: pending, running, dead or failed.
    fn states(letters: &str) -> BTreeMap<String, TaskState> {
        let state = |letter| TaskState {
            state: match letter {
                'p' => "pending",
                'r' => "running",
                _ => "dead",
            }
            .to_owned(),
            failed: letter == 'f',
            started_at: if letter == 'p' { Default::default() } else { DEFAULT_EPOCH.into() },
            ..TaskState::default()
        };
        STAGES
            .iter()
            .zip(letters.chars())
            .map(|((name, _), letter)| ((*name).to_owned(), state(letter)))
            .collect()
    }

    fn named(is_so: impl Fn(&str) -> bool) -> Vec<&'static str> {
        STAGES.iter().map(|(name, _)| *name).filter(|name| is_so(name)).collect()
    }

    #[test]
    fn tasks_begin_after_those_that_they_need() {
        let lifecycle = lifecycle(None);
        for (letters, wanted) in [
            ("pppppp", &["pre", "beside"][..]),
            ("drpppp", &["pre", "beside", "main"]),
            ("dppppp", &["pre", "beside"]),
            ("frpppp", &["pre", "beside"]),
            ("drrppp", &["pre", "beside", "main", "post", "late"]),
            ("drddrp", &["pre", "beside", "main", "post", "late"]),
            ("dddddp", &["pre", "beside", "main", "post", "late", "stop"]),
        ] {
            assert_eq!(named(|task| lifecycle.may_begin(task, &states(letters))), wanted, "{letters}");
        }
    }

    #[test]
    fn tasks_end_after_those_that_need_them() {
        let running = "rrrrrr";
        let plain = lifecycle(None);
        assert_eq!(named(|task| plain.shall_end(task, false, &states(running))), [""; 0]);
        assert_eq!(named(|task| plain.shall_end(task, true, &states(running))), ["pre", "main", "post"]);
        assert_eq!(named(|task| plain.shall_end(task, false, &states("drddrp"))), ["beside", "late"]);
        let led = lifecycle(Some("main"));
        assert_eq!(named(|task| led.shall_end(task, true, &states(running))), ["main"]);
        assert_eq!(named(|task| led.shall_end(task, true, &states("drdrrp"))), ["pre", "main", "post"]);
    }

    #[test]
    fn blocks_are_read_from_the_job() {
        let group: TaskGroup = serde_json::from_value(json!({"Name": "g", "Tasks": [
            {"Name": "a", "Driver": "docker"},
            {"Name": "b", "Driver": "docker", "Lifecycle": {"Hook": "prestart", "Sidecar": true}},
            {"Name": "c", "Driver": "docker", "Leader": true, "Lifecycle": {"Hook": "poststop", "Sidecar": false}},
        ]}))
        .expect("a group");
        let lifecycle = Lifecycle::of(&group);
        assert_eq!(
            ["a", "b", "c"].map(|task| lifecycle.stage(task)),
            [Stage::Main, Stage::PrestartSidecar, Stage::Poststop]
        );
        assert_eq!(lifecycle.leader.as_deref(), Some("c"));
    }
}
