//! Everything that is known of a cluster before anybody connects to it.

mod gather;
mod group;

use std::path::PathBuf;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::agent::Agent;
use crate::document::Document;
use crate::file::TextFile;
use crate::finding::Place;
use crate::job::VaultUse;
use crate::templating::Templating;
use crate::vault::{Fact, facts};

/// Where to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file or directory of the one node, or a directory with `nodes/NAME/...` in it.
    Path(PathBuf),
    /// What a node of this name has.
    Node(String, PathBuf),
}

/// The files of some nodes, read and merged.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) vault_uses: Vec<VaultUse>,
    /// Policies of Vault.
    pub(crate) policies: Vec<Arc<Document>>,
    /// Files that set environment variables.
    pub(crate) environments: Vec<TextFile>,
    /// When certificates are judged.
    pub(crate) at: OffsetDateTime,
    /// The same files before a change, where they are known.
    pub(crate) before: Option<Box<Cluster>>,
    /// How many files were read.
    pub files: usize,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What one machine has.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) agent: Option<Agent>,
    pub(crate) templatings: Vec<Templating>,
}

/// Something that could not be read or does not parse.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The file or directory.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// Where, of a file that does not parse.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// Whether a file was read and does not parse.
    pub fn is_syntax(&self) -> bool {
        self.place.is_some()
    }
}

impl Cluster {
    /// Reads what the inputs lead to; certificates are judged at `at`. What cannot be read is in
    /// [`Cluster::problems`].
    pub fn read(inputs: &[Input], at: OffsetDateTime) -> Self {
        gather::gather(inputs, at)
    }

    /// Says what the files were before a change, so that rules about changes can compare.
    #[must_use]
    pub fn with_before(mut self, before: Self) -> Self {
        self.before = Some(Box::new(before));
        self
    }

    /// Adds what was read from a live Vault ([`crate::live`]).
    #[must_use]
    pub fn with_live(mut self, live: crate::live::Live) -> Self {
        for document in &live.documents {
            self.facts.extend(facts(document));
        }
        self
    }

    /// The names of the nodes that have an agent.
    pub fn node_names(&self) -> Vec<&str> {
        self.agents().map(|(node, _)| node.name.as_str()).collect()
    }

    /// The nodes that run Nomad.
    pub(crate) fn agents(&self) -> impl Iterator<Item = (&Node, &Agent)> {
        self.nodes.iter().filter_map(|node| Some((node, node.agent.as_ref()?)))
    }
}
