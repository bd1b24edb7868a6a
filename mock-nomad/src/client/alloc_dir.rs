//! Where an allocation's files are: the layout that tasks, their logs and the API rely on.

use std::path::{Path, PathBuf};

use lab_world::{Disk, DiskError};

/// The directory of one allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AllocDir(PathBuf);

/// The directory of one of its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskDir(PathBuf);

impl AllocDir {
    /// The directory of the allocation `id` below the client's directory of allocations.
    pub(super) fn new(all: &Path, id: &str) -> Self {
        Self(all.join(id))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What the tasks share.
    pub(super) fn shared(&self) -> PathBuf {
        self.0.join("alloc")
    }

    pub(super) fn task(&self, name: &str) -> TaskDir {
        TaskDir(self.0.join(name))
    }

    /// The file that the output of a task goes to; `kind` is `stdout` or `stderr`.
    pub(super) fn log(&self, task: &str, kind: &str) -> PathBuf {
        self.shared().join("logs").join(format!("{task}.{kind}.0"))
    }

    /// Makes the directories of the allocation and of a task of it.
    pub(super) fn make(&self, disk: &Disk, task: &str) -> Result<(), DiskError> {
        let shared = self.shared();
        disk.create_directory(&self.0, 0o755)?;
        for directory in [shared.clone(), shared.join("data"), shared.join("logs"), shared.join("tmp")] {
            disk.create_directory(directory, 0o777)?;
        }
        let task = self.task(task);
        for directory in [task.0.clone(), task.local(), task.secrets(), task.private()] {
            disk.create_directory(directory, 0o777)?;
        }
        disk.create_directory(task.0.join("tmp"), 0o1777)
    }
}

impl TaskDir {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn local(&self) -> PathBuf {
        self.0.join("local")
    }

    /// What the API never shows.
    pub(super) fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// What the task never sees.
    pub(super) fn private(&self) -> PathBuf {
        self.0.join("private")
    }
}
