//! What a job file may ask of the machine it is read on.

/// The machine that a job file is read on.
pub trait Surroundings {
    /// The contents of a file, by its path as the job file writes it; an error is the text of the function's failure.
    fn read_file(&self, path: &str) -> Result<String, String>;
    /// A new random UUID.
    fn uuid(&self) -> String;
    /// Whether functions on files and their names may be called at all.
    fn has_files(&self) -> bool {
        true
    }
}

/// The server's side: no files, and nothing that differs from one reading to the next.
#[derive(Clone, Debug)]
pub struct Remote {
    /// What [`Surroundings::uuid`] answers.
    pub uuid: String,
}

impl Surroundings for Remote {
    fn read_file(&self, _path: &str) -> Result<String, String> {
        Err("filesystem function disabled".to_owned())
    }

    fn has_files(&self) -> bool {
        false
    }

    fn uuid(&self) -> String {
        self.uuid.clone()
    }
}
