//! Reads files and directories of configuration.

use std::path::{Path, PathBuf};

use lab_hcl::hcl1;
use lab_world::{Disk, DiskError};

use super::block::parse;
use super::{AgentConfig, schema};

/// Why a file cannot be used; displays as Nomad prints it behind `Error loading configuration from F: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file's content does not fit; said with the file's whole path.
    #[error("failed to decode HCL file {path}: {problem}")]
    Decode { path: String, problem: String },
    /// Anything else, already in its words.
    #[error("{0}")]
    Plain(String),
    /// The same, said of one file.
    #[error("Error loading {file}: {cause}")]
    In { file: String, cause: Box<ConfigError> },
}

impl ConfigError {
    /// A content that does not fit, of a file that is named later.
    pub(super) fn decode(problem: impl Into<String>) -> Self {
        Self::Decode { path: String::new(), problem: problem.into() }
    }

    fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Decode { problem, .. } => {
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                Self::Decode { path: whole.display().to_string(), problem }
            }
            other => other,
        }
    }
}

/// The defaults with every file of `paths` merged over them, in order; a directory stands for its `.hcl` and `.json`
/// files by name. The error comes with the path that led to it.
pub(crate) fn load(
    disk: &Disk,
    base: AgentConfig,
    paths: &[PathBuf],
) -> Result<AgentConfig, (PathBuf, ConfigError)> {
    let mut config = base;
    for path in paths {
        let more = load_path(disk, path).map_err(|error| (path.clone(), error))?;
        for file in more {
            config = config.merge(file);
        }
    }
    Ok(config)
}

fn load_path(disk: &Disk, path: &Path) -> Result<Vec<AgentConfig>, ConfigError> {
    let metadata = disk.metadata(path).map_err(|error| ConfigError::Plain(stat(path, &error)))?;
    if !metadata.is_directory {
        return load_file(disk, path).map(|config| vec![config]);
    }
    let mut files = disk.list(path).map_err(|error| ConfigError::Plain(error.to_string()))?;
    files.retain(|file| is_configuration(disk, file));
    files.iter().map(|file| load_file(disk, file)).collect()
}

fn load_file(disk: &Disk, path: &Path) -> Result<AgentConfig, ConfigError> {
    let bytes = disk.read(path).map_err(|error| in_file(path, ConfigError::Plain(error.to_string())))?;
    read_file(path, &bytes)
}

/// What a file with this content says.
pub(super) fn read_file(path: &Path, bytes: &[u8]) -> Result<AgentConfig, ConfigError> {
    let body =
        hcl1::parse_bytes(bytes).map_err(|problem| in_file(path, ConfigError::decode(problem.message)))?;
    // What is no text has not been read.
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    schema::check(text, &body).map_err(|cause| in_file(path, cause))?;
    let mut config = parse(&body).map_err(|cause| in_file(path, cause))?;
    config.files = vec![path.display().to_string()];
    Ok(config)
}

fn in_file(path: &Path, cause: ConfigError) -> ConfigError {
    ConfigError::In { file: path.display().to_string(), cause: Box::new(cause.of_file(path)) }
}

/// Whether a directory's entry is read: editors leave files that are not.
fn is_configuration(disk: &Disk, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    is_configuration_name(&name) && disk.metadata(path).is_ok_and(|metadata| !metadata.is_directory)
}

/// Whether Nomad reads a file of this name, without its directories, when it is given the directory.
pub fn is_configuration_name(name: &str) -> bool {
    let is_temporary =
        name.ends_with('~') || name.starts_with(".#") || name.starts_with('#') && name.ends_with('#');
    !is_temporary && (name.ends_with(".hcl") || name.ends_with(".json"))
}

/// Nomad looks at a path before it opens it.
fn stat(path: &Path, error: &DiskError) -> String {
    match error {
        DiskError::NotFound(_) => format!("stat {}: no such file or directory", path.display()),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
