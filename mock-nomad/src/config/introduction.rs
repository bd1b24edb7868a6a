//! `server { client_introduction { } }`: whether clients that are new must introduce themselves by a token.

use std::time::Duration;

use super::fields::Fields;
use super::load::ConfigError;
use super::merge::{number, text};

const PATH: &str = "server.client_introduction";

/// Zeros stand for what nobody said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IntroductionBlock {
    /// `none`, `warn` or `strict`.
    pub(crate) enforcement: String,
    /// How long a token lives unless it is asked otherwise.
    pub(crate) default_life: Duration,
    /// How long a token lives at most.
    pub(crate) longest_life: Duration,
}

impl IntroductionBlock {
    pub(super) fn defaults() -> Self {
        Self {
            enforcement: "warn".into(),
            default_life: Duration::from_secs(300),
            longest_life: Duration::from_secs(1_800),
        }
    }

    pub(super) fn merge(&mut self, more: Self) {
        text(&mut self.enforcement, more.enforcement);
        number(&mut self.default_life, more.default_life);
        number(&mut self.longest_life, more.longest_life);
    }
}

pub(super) fn parse(fields: &Fields<'_>) -> Result<IntroductionBlock, ConfigError> {
    let mut block = IntroductionBlock::default();
    for body in fields.blocks("client_introduction") {
        let fields = Fields::new(PATH, body);
        block.merge(IntroductionBlock {
            enforcement: fields.text("enforcement")?,
            default_life: fields.duration("default_identity_ttl")?.unwrap_or_default(),
            longest_life: fields.duration("max_identity_ttl")?.unwrap_or_default(),
        });
    }
    Ok(block)
}
