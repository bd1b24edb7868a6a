//! What configuration files say, for programs that judge them without rendering anything.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lab_world::Disk;

use super::{Config, Written, read_bytes};
use crate::Error;

/// What the files of one consul-template say together, defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// The `template` blocks in the order of the files and of the blocks in them.
    pub templates: Vec<TemplateSettings>,
    /// `vault`
    pub vault: VaultSettings,
}

/// A `template` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSettings {
    /// The file with the template; empty where `contents` holds it.
    pub source: String,
    /// The template itself; empty where a file holds it.
    pub contents: String,
    /// Where it is rendered to.
    pub destination: String,
    /// Unix permission bits of the result; `None`: those of the file that is there, or 0644.
    pub mode: Option<u32>,
    /// What is run after it was rendered; empty: nothing.
    pub command: Vec<String>,
    /// Whether it waits for further changes before it is rendered (`wait`, its own or the common one).
    pub waits: bool,
    /// What begins an action.
    pub left_delimiter: String,
    /// What ends an action.
    pub right_delimiter: String,
}

/// `vault { }`, as far as the files say it: the environment is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultSettings {
    /// `address`; empty where the environment says it.
    pub address: String,
    /// Whether a token stands in the files.
    pub has_token: bool,
    /// `vault_agent_token_file`
    pub token_file: Option<String>,
    /// Whether it renews the token.
    pub renews_token: bool,
    /// How long a request is tried before consul-template exits; `None`: without end.
    pub gives_up_after: Option<Duration>,
}

/// A file that consul-template does not take; displays in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnreadableConfiguration {
    /// Which of the files, from 0; `None` where it is what they say together.
    pub index: Option<usize>,
    /// What it prints.
    pub message: String,
}

impl Configuration {
    /// Merges files, given by name and content, in their order.
    ///
    /// Errors: the first file that does not parse or holds what consul-template does not know.
    pub fn of_files<'a>(
        files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
    ) -> Result<Self, UnreadableConfiguration> {
        let unreadable = |index, error: Error| UnreadableConfiguration { index, message: error.to_string() };
        let mut written = Written::default();
        for (index, (path, bytes)) in files.into_iter().enumerate() {
            read_bytes(path, bytes, &mut written).map_err(|error| unreadable(Some(index), error))?;
        }
        // Nothing outside the files counts: an empty disk has no token file, an empty environment no token.
        let config =
            written.finish(&Disk::memory(), &BTreeMap::new()).map_err(|error| unreadable(None, error))?;
        Ok(Self::of(config))
    }

    fn of(config: Config) -> Self {
        let own = |own: String, usual: &str, last: &str| {
            [own.as_str(), usual, last]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()
                .to_owned()
        };
        let (left, right, waits) = (config.left_delimiter, config.right_delimiter, config.wait.enabled);
        let templates = config.templates.into_iter().map(|template| TemplateSettings {
            source: template.source,
            contents: template.contents,
            destination: template.destination,
            mode: template.mode,
            command: template.exec.command,
            waits: waits || template.wait.enabled,
            left_delimiter: own(template.left_delimiter, &left, "{{"),
            right_delimiter: own(template.right_delimiter, &right, "}}"),
        });
        Self {
            templates: templates.collect(),
            vault: VaultSettings {
                address: config.vault.address,
                has_token: !config.vault.token.is_empty(),
                token_file: config.vault.token_file,
                renews_token: config.vault.renew_token,
                gives_up_after: config.vault.retry.gives_up_after(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_filled_in() {
        let text = r#"wait { min = "2s" }
            vault { token = "s.x" }
            template { source = "/a.tpl" destination = "/a" perms = 0600 command = "systemctl reload nomad" }"#;
        let files = [(Path::new("ct.hcl"), text.as_bytes())];
        let configuration = Configuration::of_files(files).expect("it parses");
        let template = &configuration.templates[0];
        assert!(template.waits && configuration.vault.renews_token);
        assert_eq!((template.mode, template.left_delimiter.as_str()), (Some(0o600), "{{"));
        assert_eq!(configuration.vault.gives_up_after, Some(Duration::from_millis(303_750)));
    }

    #[test]
    fn the_file_that_is_wrong_is_named() {
        let files = [(Path::new("ct.hcl"), "tempalte { }".as_bytes())];
        let error = Configuration::of_files(files).expect_err("a typing error");
        assert_eq!(error.index, Some(0));
        assert!(error.to_string().contains("'' has invalid keys: tempalte"), "{error}");
    }
}
