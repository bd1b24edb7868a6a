//! What a task's `lifecycle` block makes of it.

use super::{Opaque, Task};

/// When a task has its turn. Ephemeral ones end by themselves, sidecars with the main tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Prestart,
    PrestartSidecar,
    Main,
    Poststart,
    PoststartSidecar,
    Poststop,
}

impl Stage {
    pub(crate) fn of(task: &Task) -> Self {
        task.rest.get("Lifecycle").map_or(Self::Main, Self::of_block)
    }

    /// By a `lifecycle` block, or null where there is none.
    pub(crate) fn of_block(block: &Opaque) -> Self {
        let is_sidecar = block.get("Sidecar").and_then(Opaque::as_bool) == Some(true);
        match (block.get("Hook").and_then(Opaque::as_str), is_sidecar) {
            (Some("prestart"), false) => Self::Prestart,
            (Some("prestart"), true) => Self::PrestartSidecar,
            (Some("poststart"), false) => Self::Poststart,
            (Some("poststart"), true) => Self::PoststartSidecar,
            (Some("poststop"), _) => Self::Poststop,
            _ => Self::Main,
        }
    }

    pub(crate) fn is_sidecar(self) -> bool {
        matches!(self, Self::PrestartSidecar | Self::PoststartSidecar)
    }

    /// Whether a good end of such a task is its end.
    pub(crate) fn may_end(self, is_batch: bool) -> bool {
        match self {
            Self::Main => is_batch,
            Self::Prestart | Self::Poststart | Self::Poststop => true,
            Self::PrestartSidecar | Self::PoststartSidecar => false,
        }
    }

    /// Whether it takes room before the main tasks, beside them, and after them.
    pub(super) fn takes_room(self) -> [bool; 3] {
        match self {
            Self::Prestart => [true, false, false],
            Self::PrestartSidecar => [true, true, false],
            Self::Main | Self::Poststart | Self::PoststartSidecar => [false, true, false],
            Self::Poststop => [false, false, true],
        }
    }
}

#[cfg(test)]
mod unit {
    use crate::structs::allocation::AllocatedResources;
    use serde_json::json;

    /// The megahertz of tasks of these stages, as a real server counts them when it looks for room.
    fn total(tasks: &[(&str, i64)]) -> i64 {
        let hook = |name: &str| match name.trim_end_matches('s') {
            "main" => json!(null),
            hook => json!({"Hook": hook, "Sidecar": name.ends_with('s')}),
        };
        let lifecycles = tasks.iter().map(|(name, _)| ((*name).to_owned(), hook(name)));
        let sizes = tasks.iter().map(|(name, cpu)| ((*name).to_owned(), json!({"Cpu": {"CpuShares": cpu}})));
        let resources: AllocatedResources = serde_json::from_value(json!({
            "Tasks": sizes.collect::<serde_json::Map<_, _>>(),
            "TaskLifecycles": lifecycles.collect::<serde_json::Map<_, _>>(),
        }))
        .expect("resources");
        resources.total()[0]
    }

    #[test]
    fn tasks_that_do_not_meet_share_their_room() {
        assert_eq!(total(&[("prestart", 60), ("main", 50), ("poststop", 40)]), 60);
        assert_eq!(total(&[("prestart", 10), ("prestarts", 30), ("main", 50), ("poststop", 70)]), 80);
        assert_eq!(total(&[("poststart", 20), ("poststarts", 30), ("main", 50), ("prestart", 70)]), 100);
        assert_eq!(total(&[("prestart", 60), ("prestarts", 50), ("main", 10)]), 110);
    }
}
