//! What a job file may ask of the machine it is read on.

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is none.
    Missing,
    /// Anything else.
    Other,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// It is a regular file.
    pub is_file: bool,
    /// It is a directory.
    pub is_directory: bool,
    /// What it is and who may do what with it, as Go writes it: `drwxr-xr-x`.
    pub mode: String,
}

/// The machine that a job file is read on. What it does not say of files, there is not.
pub trait Surroundings {
    /// A new random UUID.
    fn uuid(&self) -> String;
    /// Whether functions on files and their names may be called at all.
    fn has_files(&self) -> bool {
        true
    }
    /// The contents of a file.
    fn read_file(&self, _path: &str) -> Result<Vec<u8>, Unreadable> {
        Err(Unreadable::Missing)
    }
    /// What stands at a path, links followed.
    fn look_at(&self, _path: &str) -> Result<Entry, Unreadable> {
        Err(Unreadable::Missing)
    }
    /// What a directory holds, by name.
    fn names_in(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }
    /// The working directory.
    fn directory(&self) -> String {
        "/".to_owned()
    }
    /// The user's home.
    fn home(&self) -> Option<String> {
        None
    }
}

/// The server's side: no files, and nothing that differs from one reading to the next.
#[derive(Clone, Debug)]
pub struct Remote {
    /// What [`Surroundings::uuid`] answers.
    pub uuid: String,
}

impl Surroundings for Remote {
    fn has_files(&self) -> bool {
        false
    }

    fn uuid(&self) -> String {
        self.uuid.clone()
    }
}
