//! `template { }`

use lab_template::quote;

use super::decode::Decoder;
use super::wait;
use super::{ExecConfig, Wait};

/// One template: where it comes from, where it goes, and what to do after.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TemplateConfig {
    pub(crate) source: String,
    pub(crate) contents: String,
    pub(crate) destination: String,
    /// Unix permission bits; `None` keeps those of the file, or 0644.
    pub(crate) mode: Option<u32>,
    pub(crate) exec: ExecConfig,
    pub(crate) wait: Wait,
    pub(crate) left_delimiter: String,
    pub(crate) right_delimiter: String,
    pub(crate) create_directories: Option<bool>,
    pub(crate) backup: bool,
    pub(crate) error_on_missing_key: bool,
    pub(crate) error_fatal: Option<bool>,
    pub(crate) denied_functions: Vec<String>,
    pub(crate) sandbox: String,
}

impl TemplateConfig {
    pub(super) fn decode(block: &mut Decoder<'_, '_>) -> Self {
        let mut template = Self {
            source: block.string("source").unwrap_or_default(),
            contents: block.string("contents").unwrap_or_default(),
            destination: block.string("destination").unwrap_or_default(),
            mode: block.mode("perms").filter(|mode| *mode != 0),
            exec: ExecConfig {
                command: block.strings("command").unwrap_or_default(),
                timeout: block.duration("command_timeout"),
                ..ExecConfig::default()
            },
            wait: wait::decode(block).unwrap_or_default(),
            left_delimiter: block.string("left_delimiter").unwrap_or_default(),
            right_delimiter: block.string("right_delimiter").unwrap_or_default(),
            create_directories: block.bool("create_dest_dirs"),
            backup: block.bool("backup").unwrap_or(false),
            error_on_missing_key: block.bool("error_on_missing_key").unwrap_or(false),
            error_fatal: block.bool("error_fatal"),
            denied_functions: block.strings("function_denylist").unwrap_or_default(),
            sandbox: block.string("sandbox_path").unwrap_or_default(),
        };
        template.denied_functions.extend(block.strings("function_blacklist").unwrap_or_default());
        // Nobody owns the files of a simulated disk.
        block.string("user");
        block.string("group");
        block.integer("uid", "uid");
        block.integer("gid", "gid");
        block.block("exec", |exec| template.exec.decode(exec));
        template
    }

    /// What messages call it by: its file, or `(dynamic)`.
    pub(crate) fn name(&self) -> &str {
        if self.contents.is_empty() { &self.source } else { "(dynamic)" }
    }

    /// `"source" => "destination"`
    pub(crate) fn display(&self) -> String {
        format!("{} => {}", quote(self.name()), quote(&self.destination))
    }

    /// The command as Go prints its list of words: `["systemctl reload nomad"]`.
    pub(crate) fn shown_command(&self) -> String {
        let words: Vec<String> = self.exec.command.iter().map(|word| quote(word)).collect();
        format!("[{}]", words.join(" "))
    }
}
