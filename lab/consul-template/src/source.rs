//! A template with its text, and what became of it.

use lab_template::{MissingKey, Options, Template, Value};
use lab_world::Host;

use crate::config::{Config, TemplateConfig};
use crate::functions::Evaluation;

/// A configured template.
pub(crate) struct Source {
    pub(crate) config: TemplateConfig,
    pub(crate) template: Lazy,
    pub(crate) event: Option<Event>,
}

/// What the last evaluation of a template came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Event {
    /// It was held back on purpose.
    pub(crate) quiescent: bool,
    /// Its file holds what it gives.
    pub(crate) rendered: bool,
}

/// A text that is parsed when it is wanted for the first time.
pub(crate) struct Lazy {
    text: String,
    parsed: Option<Template>,
}

impl Source {
    /// Reads the template from its file, or takes it from the configuration.
    pub(crate) fn load(config: &TemplateConfig, host: &Host) -> Result<Self, String> {
        let text = match (config.source.is_empty(), config.contents.is_empty()) {
            (false, false) => return Err("template: cannot specify both 'source' and 'contents'".to_owned()),
            (true, true) => {
                return Err("template: must specify exactly one of 'source' or 'contents'".to_owned());
            }
            (true, false) => config.contents.clone(),
            (false, true) => host
                .disk
                .read(&config.source)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| format!("failed to read template: {error}"))?,
        };
        Ok(Self { config: config.clone(), template: Lazy { text, parsed: None }, event: None })
    }
}

impl Lazy {
    /// What the template gives for what is known now.
    pub(crate) fn text(
        &mut self,
        config: &TemplateConfig,
        defaults: &Config,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<String, String> {
        let parsed = match self.parsed.take() {
            Some(parsed) => parsed,
            None => {
                let own =
                    |own: &str, usual: &str| if own.is_empty() { usual.to_owned() } else { own.to_owned() };
                let options = Options {
                    left_delimiter: own(&config.left_delimiter, &defaults.left_delimiter),
                    right_delimiter: own(&config.right_delimiter, &defaults.right_delimiter),
                    missing_key: if config.error_on_missing_key {
                        MissingKey::Error
                    } else {
                        MissingKey::Zero
                    },
                };
                let parsed = Template::parse("", &self.text, &options, evaluation);
                parsed.map_err(|error| format!("parse: {error}"))?
            }
        };
        let result = parsed
            .execute(&Value::Missing, evaluation)
            .map_err(|error| format!("execute: {}", evaluation.redacted(&error.to_string())));
        self.parsed = Some(parsed);
        result
    }
}
