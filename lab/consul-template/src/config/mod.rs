//! The configuration: HCL1 or JSON, in one file or a directory of them.

mod decode;
mod environment;
mod exec;
mod judge;
mod nomad;
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
pub(crate) use self::exec::ExecConfig;
pub use self::judge::{Configuration, TemplateSettings, UnreadableConfiguration, VaultSettings};
pub(crate) use self::nomad::NomadConfig;
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
    pub(crate) nomad: NomadConfig,
    pub(crate) templates: Vec<TemplateConfig>,
    pub(crate) exec: ExecConfig,
    pub(crate) wait: Wait,
    pub(crate) log_level: Level,
    pub(crate) left_delimiter: String,
    pub(crate) right_delimiter: String,
    pub(crate) process: Process,
    /// Blocks that are read and have no effect here.
    pub(crate) ignored: Vec<&'static str>,
}

/// What the files say, later files over earlier ones.
#[derive(Default)]
struct Written {
    vault: vault::Written,
    nomad: nomad::Written,
    templates: Vec<TemplateConfig>,
    exec: ExecConfig,
    wait: Wait,
    log_level: Option<String>,
    left_delimiter: Option<String>,
    right_delimiter: Option<String>,
    error_fatal: Option<bool>,
    process: Process,
    ignored: Vec<&'static str>,
}

/// What is configured for the process that the program runs in; empty where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// The signal that ends it, `SIGINT` unless it is said otherwise.
    pub kill_signal: String,
    /// The signal that has it read its configuration again, `SIGHUP` unless it is said otherwise.
    pub reload_signal: String,
    /// The file that holds its id.
    pub pid_file: String,
}

/// Reads files, and every file of a directory in the order of their names; `settings` are laid over them.
pub(crate) fn load(
    disk: &Disk,
    paths: &[std::path::PathBuf],
    settings: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Config, Error> {
    let mut written = Written::default();
    for path in paths {
        for file in files(disk, path)? {
            read(disk, &file, &mut written)?;
        }
    }
    read_bytes(Path::new("(command line)"), settings.as_bytes(), &mut written)?;
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
    let bytes = disk.read(file).map_err(|error: DiskError| in_file(file, &error.to_string()))?;
    read_bytes(file, &bytes, written)
}

fn in_file(file: &Path, cause: &str) -> Error {
    Error::Configuration(format!("from file: {}: {cause}", file.display()))
}

fn read_bytes(file: &Path, bytes: &[u8], written: &mut Written) -> Result<(), Error> {
    let failed = |cause: String| in_file(file, &cause);
    let body =
        hcl1::parse_bytes(bytes).map_err(|problem| failed(format!("error decoding config: {problem}")))?;
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
        file.block("nomad", |block| self.nomad.decode(block));
        for (index, body) in file.blocks("template").into_iter().enumerate() {
            let mut block = file.within(body, format!("template[{index}]"));
            self.templates.push(TemplateConfig::decode(&mut block));
            block.finish();
        }
        file.block("exec", |block| self.exec.decode(block));
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
        for (name, setting) in [
            ("kill_signal", &mut self.process.kill_signal),
            ("reload_signal", &mut self.process.reload_signal),
        ] {
            if let Some(signal) = file.signal(name) {
                *setting = signal.to_uppercase();
            }
        }
        file.duration("max_stale");
        file.duration("block_query_wait");
        file.bool("err_on_failed_lookup");
        // Known, and overruled by whether the flag was given.
        file.bool_shown("once", "Once");
        if let Some(path) = file.string("pid_file") {
            self.process.pid_file = path;
        }
        for other in ["consul", "deduplicate", "log_file"] {
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
            nomad: self.nomad.finish(environment),
            templates,
            exec: self.exec,
            wait: self.wait,
            log_level: level_of(level.as_deref().unwrap_or("WARN"))?,
            left_delimiter: self.left_delimiter.unwrap_or_default(),
            right_delimiter: self.right_delimiter.unwrap_or_default(),
            process: self.process,
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
