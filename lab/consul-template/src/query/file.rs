//! `file "path"`

use std::time::Duration;

use lab_world::DiskError;

use super::{Answer, Context};

/// How often a file is looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// The text of a file, again whenever it changes.
#[derive(Clone, Debug)]
pub(crate) struct File {
    path: String,
    last: Option<String>,
}

impl File {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.trim().to_owned(), last: None }
    }

    pub(super) fn name(&self) -> String {
        format!("file({})", self.path)
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        loop {
            let text = match context.host.disk.read(&self.path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(DiskError::NotFound(path)) => {
                    let (name, path) = (self.name(), path.display());
                    return Err(format!("{name}: stat {path}: no such file or directory"));
                }
                Err(error) => return Err(format!("{}: {error}", self.name())),
            };
            if self.last.as_ref() != Some(&text) {
                self.last = Some(text.clone());
                return Ok(Answer::Text(text));
            }
            context.host.clock.sleep(PERIOD).await;
        }
    }
}
