//! Reads files and directories of configuration.

use std::path::{Path, PathBuf};

use lab_hcl::hcl1;
use lab_world::{Disk, DiskError};

use super::AgentConfig;
use super::block::parse;

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
            Self::Decode { problem, .. } => Self::Decode { path: path.display().to_string(), problem },
            other => other,
        }
    }
}

/// The defaults with every file of `paths` merged over them, in order; a directory stands for its `.hcl` and `.json`
/// files by name. The error comes with the path that led to it.
pub(crate) fn load(disk: &Disk, paths: &[PathBuf]) -> Result<AgentConfig, (PathBuf, ConfigError)> {
    let mut config = AgentConfig::defaults();
    for path in paths {
        let more = load_path(disk, path).map_err(|error| (path.clone(), error))?;
        for file in more {
            config = config.merge(file);
        }
    }
    Ok(config)
}

fn load_path(disk: &Disk, path: &Path) -> Result<Vec<AgentConfig>, ConfigError> {
    let metadata = disk.metadata(path).map_err(|error| ConfigError::Plain(stat(&error)))?;
    if !metadata.is_directory {
        return load_file(disk, path).map(|config| vec![config]);
    }
    let mut files = disk.list(path).map_err(|error| ConfigError::Plain(error.to_string()))?;
    files.retain(|file| is_configuration(disk, file));
    files.iter().map(|file| load_file(disk, file)).collect()
}

fn load_file(disk: &Disk, path: &Path) -> Result<AgentConfig, ConfigError> {
    let name = path.display().to_string();
    let inside =
        |cause: ConfigError| ConfigError::In { file: name.clone(), cause: Box::new(cause.of_file(path)) };
    let bytes = disk.read(path).map_err(|error| inside(ConfigError::Plain(error.to_string())))?;
    let body = hcl1::parse_bytes(&bytes).map_err(|problem| inside(ConfigError::decode(problem.message)))?;
    let mut config = parse(&body).map_err(inside)?;
    config.files = vec![name];
    Ok(config)
}

/// Whether a directory's entry is read: editors leave files that are not.
fn is_configuration(disk: &Disk, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_temporary =
        name.ends_with('~') || name.starts_with(".#") || name.starts_with('#') && name.ends_with('#');
    let is_wanted = name.ends_with(".hcl") || name.ends_with(".json");
    is_wanted && !is_temporary && disk.metadata(path).is_ok_and(|metadata| !metadata.is_directory)
}

/// Nomad looks at a path before it opens it.
fn stat(error: &DiskError) -> String {
    match error {
        DiskError::NotFound(path) => format!("stat {}: no such file or directory", path.display()),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
