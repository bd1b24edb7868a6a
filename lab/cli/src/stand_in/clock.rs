//! The clock of a served program, moved on by `lab clock`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_world::{Clock, Tasks};

use super::Environment;

/// How often it is looked whether the clock was moved.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How far the clock of the lab in a directory was moved on.
pub(crate) fn clock_offset(directory: &Path) -> Duration {
    let text = std::fs::read_to_string(directory.join("clock")).unwrap_or_default();
    Duration::from_millis(text.trim().parse().unwrap_or_default())
}

/// Moves a clock as `lab clock` says, for as long as the tasks live; a program that is in no lab is left alone. Must be
/// called inside a tokio runtime.
pub(crate) fn follow_lab_clock(clock: &Clock, environment: &Environment) -> Tasks {
    let tasks = Tasks::new();
    let Some(directory) = environment.get("LAB_DIRECTORY").map(PathBuf::from) else { return tasks };
    let clock = clock.clone();
    let mut moved = Duration::ZERO;
    let mut follow = move || {
        let offset = clock_offset(&directory);
        if let Some(step) = offset.checked_sub(moved).filter(|step| !step.is_zero()) {
            clock.advance(step);
            moved = offset;
        }
    };
    follow();
    tasks.spawn(async move {
        loop {
            // The machine's own time: the moved one would end every wait at once.
            Clock::system().sleep(LOOK_AGAIN).await;
            follow();
        }
    });
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_is_moved_once_for_each_step() {
        let directory = std::env::temp_dir().join(format!("lab-clock-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let text = directory.display().to_string();
        let environment = Environment::from([("LAB_DIRECTORY", text.as_str())]);
        std::fs::write(directory.join("clock"), "3600000").expect("written");
        let (clock, machine) = (Clock::system(), Clock::system());
        let tasks = follow_lab_clock(&clock, &environment);
        // The two readings are not taken at the same moment.
        let ahead = || ((clock.now() - machine.now()).as_seconds_f64() / 60.0).round();
        assert_eq!(ahead(), 60.0);
        std::fs::write(directory.join("clock"), "7200000").expect("written");
        machine.sleep(LOOK_AGAIN * 5).await;
        assert_eq!(ahead(), 120.0);
        drop(tasks);
        std::fs::remove_dir_all(directory).expect("removed");
    }
}
