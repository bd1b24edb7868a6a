//! The templates of another program's tasks: rendered in its process and with its token, as Nomad does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lab_world::{Host, Level, Tasks};
use tokio::sync::watch;

use crate::Options;
use crate::command::{CommandFuture, Commands, Invocation};
use crate::config::{
    Config, ExecConfig, NomadConfig, Process, Retry, TemplateConfig, Tls, VaultConfig, Wait,
};
use crate::engine::Engine;
use crate::journal::Journal;
use crate::query::{Context, Nomad};
use crate::vault::Client;

/// How Vault is reached, and as whom; empty texts are unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultAccess {
    /// `https://127.0.0.1:8200` unless it is set.
    pub address: String,
    /// The token; it is not renewed.
    pub token: String,
    /// The namespace.
    pub namespace: String,
    /// A file of authorities that Vault's certificate is checked against.
    pub ca_file: String,
    /// A directory of such files.
    pub ca_path: String,
    /// The file of the certificate to show.
    pub cert_file: String,
    /// The file of its key.
    pub key_file: String,
    /// The name that Vault's certificate must have.
    pub server_name: String,
    /// Whether its certificate is not checked at all.
    pub skip_verify: bool,
}

/// One template of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedTemplate {
    /// The file it is in; empty where `contents` has it.
    pub source: String,
    /// Its text.
    pub contents: String,
    /// The file that it becomes.
    pub destination: String,
    /// That file's Unix permission bits.
    pub mode: Option<u32>,
    /// What begins an action, where it is not `{{`.
    pub left_delimiter: String,
    /// What ends one, where it is not `}}`.
    pub right_delimiter: String,
    /// Whether a missing key is an error.
    pub error_on_missing_key: bool,
    /// The directory outside of which no file is read.
    pub sandbox: String,
}

/// How far the templates are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How often each was written to its file, in their order.
    pub written: Vec<u64>,
    /// Whether every file holds what its template gives.
    pub complete: bool,
    /// What is waited for: `vault.read(secret/data/x)`.
    pub missing: Vec<String>,
    /// Why nothing is rendered any more.
    pub failed: Option<String>,
}

/// Templates that are rendered, again and again. Dropping it ends that.
pub struct Renderer {
    _tasks: Tasks,
    progress: watch::Receiver<Progress>,
}

impl Renderer {
    /// Starts to render. Must be called inside a tokio runtime.
    ///
    /// Errors: a template that cannot be read, TLS files that cannot be used.
    pub fn start(
        host: &Host,
        templates: &[EmbeddedTemplate],
        vault: &VaultAccess,
        environment: BTreeMap<String, String>,
        nomad: Arc<dyn Nomad>,
    ) -> Result<Self, String> {
        let (sender, progress) =
            watch::channel(Progress { written: vec![0; templates.len()], ..Progress::default() });
        let config = config(templates, vault);
        let context = Context {
            vault: Client::new(host, &config.vault).map_err(|error| error.to_string())?,
            config: config.vault.clone(),
            journal: Journal::new(&host.log),
            entropy: host.entropy.branch("templates"),
            nomad,
            nomad_retry: Retry::default(),
            host: host.clone(),
        };
        let mut engine = Engine::new(config, context, Arc::new(NoCommands), environment, Options::default())?;
        engine.report_to(sender.clone());
        let tasks = Tasks::new();
        tasks.spawn(async move {
            if let Err(error) = engine.run().await {
                sender.send_modify(|progress| progress.failed = Some(error.to_string()));
            }
        });
        Ok(Self { _tasks: tasks, progress })
    }

    /// How far the templates are, now and from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Renderer")
    }
}

/// Embedded templates have none.
struct NoCommands;

impl Commands for NoCommands {
    fn run(&self, _: &Invocation) -> CommandFuture {
        Box::pin(async { Ok(()) })
    }
}

fn config(templates: &[EmbeddedTemplate], vault: &VaultAccess) -> Config {
    Config {
        vault: vault_config(vault),
        nomad: NomadConfig::default(),
        templates: templates.iter().map(template_config).collect(),
        exec: ExecConfig::default(),
        wait: Wait::default(),
        log_level: Level::Warn,
        left_delimiter: String::new(),
        right_delimiter: String::new(),
        process: Process::default(),
        ignored: Vec::new(),
    }
}

pub(crate) fn vault_config(vault: &VaultAccess) -> VaultConfig {
    VaultConfig {
        address: vault.address.clone(),
        token: vault.token.clone(),
        token_file: None,
        namespace: vault.namespace.clone(),
        renew_token: false,
        unwrap_token: false,
        retry: Retry::default(),
        tls: Tls {
            ca_cert: vault.ca_file.clone(),
            ca_path: vault.ca_path.clone(),
            ca_cert_bytes: String::new(),
            cert: vault.cert_file.clone(),
            key: vault.key_file.clone(),
            server_name: vault.server_name.clone(),
            verify: Some(!vault.skip_verify),
        },
        default_lease_duration: std::time::Duration::from_secs(300),
        lease_renewal_threshold: 0.9,
    }
}

fn template_config(template: &EmbeddedTemplate) -> TemplateConfig {
    TemplateConfig {
        source: template.source.clone(),
        contents: template.contents.clone(),
        destination: template.destination.clone(),
        mode: template.mode,
        left_delimiter: template.left_delimiter.clone(),
        right_delimiter: template.right_delimiter.clone(),
        error_on_missing_key: template.error_on_missing_key,
        error_fatal: Some(true),
        // Nomad's own list.
        denied_functions: vec!["executeTemplate".to_owned(), "plugin".to_owned()],
        sandbox: template.sandbox.clone(),
        ..TemplateConfig::default()
    }
}
