//! The configuration: HCL1 or JSON, in one file or a directory of them.

mod decode;
mod retry;
mod template;
mod tls;
mod vault;
mod wait;

use std::collections::BTreeMap;
use std::path::Path;

use lab_hcl::hcl1;
use lab_world::{Disk, DiskError, Level};

use self::decode::Decoder;
pub(crate) use self::retry::Retry;
pub(crate) use self::template::TemplateConfig;
pub(crate) use self::tls::Tls;
pub(crate) use self::vault::VaultConfig;
pub(crate) use self::wait::Wait;
use crate::Error;

/// Everything that was configured, with the defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) vault: VaultConfig,
    pub(crate) templates: Vec<TemplateConfig>,
    pub(crate) wait: Wait,
    pub(crate) log_level: Level,
    pub(crate) left_delimiter: String,
    pub(crate) right_delimiter: String,
    /// Blocks that are read and have no effect here.
    pub(crate) ignored: Vec<&'static str>,
}

/// What the files say, later files over earlier ones.
#[derive(Default)]
struct Written {
    vault: vault::Written,
    templates: Vec<TemplateConfig>,
    wait: Wait,
    log_level: Option<String>,
    left_delimiter: Option<String>,
    right_delimiter: Option<String>,
    error_fatal: Option<bool>,
    ignored: Vec<&'static str>,
}

/// Reads a file, or every file of a directory in the order of their names.
pub(crate) fn load(
    disk: &Disk,
    path: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Config, Error> {
    let mut written = Written::default();
    for file in files(disk, path)? {
        read(disk, &file, &mut written)?;
    }
    written.finish(disk, environment)
}

fn files(disk: &Disk, path: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let shown = path.display();
    let missing = format!("missing file/folder: {shown}: stat {shown}: no such file or directory");
    let metadata = disk.metadata(path).map_err(|_| Error::Configuration(missing))?;
    if !metadata.is_directory {
        return Ok(vec![path.to_owned()]);
    }
    let inside = disk
        .list(path)
        .map_err(|error| Error::Configuration(format!("failed listing dir: {shown}: {error}")))?;
    let mut found = Vec::new();
    for entry in inside {
        found.extend(files(disk, &entry)?);
    }
    Ok(found)
}

fn read(disk: &Disk, file: &Path, written: &mut Written) -> Result<(), Error> {
    let failed = |cause: String| Error::Configuration(format!("from file: {}: {cause}", file.display()));
    let bytes = disk.read(file).map_err(|error: DiskError| failed(error.to_string()))?;
    let body =
        hcl1::parse_bytes(&bytes).map_err(|problem| failed(format!("error decoding config: {problem}")))?;
    let mut errors = Vec::new();
    written.decode(&mut Decoder::new(&body, "", &mut errors));
    if errors.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = errors.iter().map(|error| format!("* {error}")).collect();
    lines.sort();
    Err(failed(format!(
        "mapstructure decode failed: {} error(s) decoding:\n\n{}",
        lines.len(),
        lines.join("\n")
    )))
}

impl Written {
    fn decode(&mut self, file: &mut Decoder<'_, '_>) {
        file.block("vault", |block| self.vault.decode(block));
        for (index, body) in file.blocks("template").into_iter().enumerate() {
            let mut block = file.within(body, format!("template[{index}]"));
            self.templates.push(TemplateConfig::decode(&mut block));
            block.finish();
        }
        if let Some(wait) = wait::decode(file) {
            self.wait = wait;
        }
        self.log_level = file.string("log_level").or(self.log_level.take());
        self.error_fatal = file.bool("template_error_fatal").or(self.error_fatal);
        file.block("default_delimiters", |block| {
            self.left_delimiter = block.string("left").or(self.left_delimiter.take());
            self.right_delimiter = block.string("right").or(self.right_delimiter.take());
        });
        file.block("syslog", |block| {
            block.bool("enabled");
            block.string("facility");
            block.string("name");
        });
        file.signal("kill_signal");
        file.signal("reload_signal");
        file.duration("max_stale");
        file.duration("block_query_wait");
        file.bool("err_on_failed_lookup");
        file.string("pid_file");
        for other in ["consul", "nomad", "deduplicate", "exec", "log_file"] {
            if file.skip(other) {
                self.ignored.push(other);
            }
        }
        file.finish();
    }

    fn finish(self, disk: &Disk, environment: &BTreeMap<String, String>) -> Result<Config, Error> {
        let level = self.log_level.or_else(|| {
            ["CT_LOG", "CONSUL_TEMPLATE_LOG", "CONSUL_TEMPLATE_LOG_LEVEL"]
                .iter()
                .find_map(|name| environment.get(*name).filter(|value| !value.is_empty()).cloned())
        });
        let error_fatal = self.error_fatal.unwrap_or(true);
        let mut templates = self.templates;
        for template in &mut templates {
            template.error_fatal.get_or_insert(error_fatal);
        }
        Ok(Config {
            vault: self.vault.finish(disk, environment),
            templates,
            wait: self.wait,
            log_level: level_of(level.as_deref().unwrap_or("WARN"))?,
            left_delimiter: self.left_delimiter.unwrap_or_default(),
            right_delimiter: self.right_delimiter.unwrap_or_default(),
            ignored: self.ignored,
        })
    }
}

fn level_of(name: &str) -> Result<Level, Error> {
    match name.to_uppercase().as_str() {
        "TRACE" => Ok(Level::Trace),
        "DEBUG" => Ok(Level::Debug),
        "INFO" => Ok(Level::Info),
        "WARN" => Ok(Level::Warn),
        "ERR" => Ok(Level::Error),
        other => Err(Error::Configuration(format!(
            "invalid log level {other:?}, valid log levels are TRACE, DEBUG, INFO, WARN, ERR"
        ))),
    }
}
