//! From the syntax tree to the job as the API has it.

mod block;
mod complete;
mod constraint;
mod dynamic;
mod expect;
mod field;
mod group;
mod job;
mod network;
mod scaling;
mod service;
mod task;

pub(crate) use self::dynamic::expand;
pub(crate) use self::expect::{check, labelled, many, suggestion};
pub(crate) use self::field::text_of as text;
pub(crate) use self::job::{complete as complete_job, decode as job};
pub(crate) use self::task::complete_resources;

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use crate::diagnostic::Report;
use crate::eval::Scope;
use crate::syntax::{Block, Body};

/// Names that a `dynamic` block gives to what it makes.
pub(crate) type Names = std::collections::BTreeMap<String, crate::eval::Value>;

/// A block with the names that hold inside it: the layers that dynamic blocks around it made.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) block: Rc<Block>,
    pub(crate) names: Vec<Rc<Names>>,
}

impl Found {
    /// A block without any names.
    pub(crate) fn plain(block: &Block) -> Self {
        Self { block: Rc::new(block.clone()), names: Vec::new() }
    }
}

/// What decoding needs beside the tree.
pub(crate) struct Context<'a, 'b> {
    pub(crate) scope: &'a Scope<'a>,
    pub(crate) report: &'b mut Report,
}

impl Context<'_, '_> {
    /// Does something with the names of dynamic blocks in scope.
    pub(crate) fn within<T>(
        &mut self,
        names: &[Rc<Names>],
        act: impl FnOnce(&Scope<'_>, &mut Report) -> T,
    ) -> T {
        fn nest<T>(
            scope: &Scope<'_>,
            names: &[Rc<Names>],
            report: &mut Report,
            act: impl FnOnce(&Scope<'_>, &mut Report) -> T,
        ) -> T {
            // One layer is enough: inner names hide outer ones.
            let mut all = Names::new();
            for layer in names {
                all.extend(layer.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            act(&scope.with(&all), report)
        }
        nest(self.scope, names, self.report, act)
    }
}

/// The body of a block with the names around it.
pub(crate) struct Place<'a> {
    pub(crate) body: &'a Body,
    pub(crate) names: &'a [Rc<Names>],
}

impl<'a> Place<'a> {
    pub(crate) fn of(found: &'a Found) -> Self {
        Self { body: &found.block.body, names: &found.names }
    }
}

/// Those of the blocks that are of one kind.
fn of_kind<'a>(found: &'a [Found], kind: &'a str) -> impl Iterator<Item = &'a Found> {
    found.iter().filter(move |found| found.block.kind == kind)
}

/// Moves a field to where it belongs, or says that there is none.
fn take(fields: &mut Map<String, Json>, name: &str) -> Json {
    fields.remove(name).unwrap_or(Json::Null)
}
