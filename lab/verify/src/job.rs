//! Nomad jobs, as far as they say something about Vault.

use std::sync::Arc;

use lab_hcl::{Block, Span};

use crate::document::{Document, blocks_within, text_of, texts_of};
use crate::finding::Place;

/// A task's `vault` block in a job.
#[derive(Debug)]
pub(crate) struct VaultUse {
    pub(crate) job: String,
    /// `role`; none: the agent's or the method's.
    pub(crate) role: Option<String>,
    /// Whether it lists policies, as the old way did.
    pub(crate) has_policies: bool,
    /// The audience of an identity of its own for Vault.
    pub(crate) audience: Option<Vec<String>>,
    document: Arc<Document>,
    span: Span,
}

impl VaultUse {
    pub(crate) fn place(&self, label: impl Into<String>) -> Option<Place> {
        Some(self.document.place(self.span, label))
    }
}

/// The `vault` blocks of the jobs in a document.
pub(crate) fn vault_uses(document: &Arc<Document>) -> Vec<VaultUse> {
    let jobs = document.body.blocks_of("job");
    jobs.flat_map(|job| {
        let identities = blocks_within(&job.body, "identity");
        let audience = identities
            .iter()
            .find(|identity| identity_name(identity).is_some_and(|name| name.starts_with("vault_")))
            .map(|identity| texts_of(&identity.body, "aud").unwrap_or_default());
        blocks_within(&job.body, "vault").into_iter().map(move |vault| VaultUse {
            job: job.label().unwrap_or("?").to_owned(),
            role: text_of(&vault.body, "role").filter(|role| !role.is_empty()),
            has_policies: texts_of(&vault.body, "policies").is_some_and(|policies| !policies.is_empty()),
            audience: audience.clone(),
            document: Arc::clone(document),
            span: vault.kind_span,
        })
    })
    .collect()
}

fn identity_name(identity: &Block) -> Option<String> {
    text_of(&identity.body, "name").or_else(|| identity.label().map(str::to_owned))
}
