//! Which files belong to which machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_hcl::Span;

use super::{Node, Problem};
use crate::agent::Agent;
use crate::document::{Document, Form, bodies, flag_of, text_of};
use crate::finding::Place;
use crate::locate::Surroundings;
use crate::templating::Templating;

/// Files that were found together.
#[derive(Debug)]
pub(super) struct Area {
    /// The node that they are of, where the input says it.
    pub(super) name: Option<String>,
    pub(super) root: PathBuf,
    pub(super) files: Vec<PathBuf>,
    /// Whether each file was named, rather than found in a directory.
    pub(super) is_explicit: bool,
    /// What was read of them.
    pub(super) documents: Vec<Document>,
}

impl Area {
    pub(super) fn new(name: Option<String>, root: PathBuf, files: Vec<PathBuf>) -> Self {
        Self { name, root, files, is_explicit: false, documents: Vec::new() }
    }
}

/// The machines that the areas describe, and what does not parse as what it should be.
pub(super) fn nodes_of(areas: Vec<Area>) -> (Vec<Node>, Vec<Problem>) {
    let mut builder = Builder::default();
    let (named, rest): (Vec<Area>, Vec<Area>) = areas.into_iter().partition(|area| area.name.is_some());
    for area in named {
        builder.add_node(area);
    }
    builder.add_rest(rest);
    (builder.nodes, builder.problems)
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    problems: Vec<Problem>,
}

/// The files of what may be several machines, by what tells the machines apart.
type Groups = BTreeMap<OsString, Vec<Document>>;

impl Builder {
    /// An area that is one node, whatever is in it.
    fn add_node(&mut self, area: Area) {
        let Area { name, root, files, documents, .. } = area;
        let name = name.unwrap_or_default();
        let surroundings = Surroundings { root: &root, files: &files };
        let (agents, templating): (Vec<Document>, Vec<Document>) =
            documents.into_iter().partition(|document| document.form == Form::Agent);
        let agent = self.agent(agents, &surroundings);
        let templatings = self.templatings(templating, &surroundings);
        self.nodes.push(Node { name, agent, templatings });
    }

    /// Areas without a node's name: the files of one machine, or of several that differ in what they say.
    fn add_rest(&mut self, areas: Vec<Area>) {
        let own_agents = areas
            .iter()
            .filter(|area| !area.is_explicit && area.documents.iter().any(says_what_it_is))
            .count();
        let mut files = Vec::new();
        let (mut groups, mut templating) = (Groups::new(), Vec::new());
        let root = areas.first().map(|area| area.root.clone()).unwrap_or_default();
        for area in areas {
            for document in area.documents {
                if document.form != Form::Agent {
                    templating.push(document);
                    continue;
                }
                let mut key = first_part(&area.root, &document.file.path);
                if own_agents > 1 && !area.is_explicit {
                    key = area.root.join(key).into_os_string();
                }
                groups.entry(key).or_default().push(document);
            }
            files.extend(area.files);
        }
        // Only directories that say server or client are machines; what lies beside them belongs to all.
        let split: Vec<(String, Vec<Document>)> =
            merge_fragments(groups).into_iter().flat_map(split).collect();
        let is_single = split.len() <= 1;
        let mut roots = Vec::new();
        for (name, documents) in split {
            let own = if is_single { root.clone() } else { own_root(&root, &documents[0].file.path) };
            let files: Vec<PathBuf> =
                files.iter().filter(|file| is_single || file.starts_with(&own)).cloned().collect();
            let agent = self.agent(documents, &Surroundings { root: &own, files: &files });
            self.nodes.push(Node { name, agent, templatings: Vec::new() });
            roots.push(own);
        }
        let templatings = self.templatings(templating, &Surroundings { root: &root, files: &files });
        self.share_out(templatings, &roots);
    }

    /// Gives each process that renders templates to the node whose directory it lies in. `roots` are the directories
    /// of the last nodes.
    fn share_out(&mut self, templatings: Vec<Templating>, roots: &[PathBuf]) {
        let first = self.nodes.len() - roots.len();
        for templating in templatings {
            let path = &templating.documents[0].file.path;
            let mut owners =
                (0..roots.len()).filter(|index| roots.len() == 1 || path.starts_with(&roots[*index]));
            match (owners.next(), owners.next()) {
                (Some(index), None) => self.nodes[first + index].templatings.push(templating),
                _ => {
                    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    self.nodes.push(Node { name, agent: None, templatings: vec![templating] });
                }
            }
        }
    }

    fn agent(&mut self, documents: Vec<Document>, surroundings: &Surroundings<'_>) -> Option<Agent> {
        if documents.is_empty() {
            return None;
        }
        match Agent::read(documents, surroundings) {
            Ok(agent) => Some(agent),
            Err((documents, error)) => {
                self.refuse(&documents[error.index], &error.message);
                None
            }
        }
    }

    /// One process for each directory with configuration; files that render to one place are several processes.
    fn templatings(&mut self, documents: Vec<Document>, surroundings: &Surroundings<'_>) -> Vec<Templating> {
        let mut processes: BTreeMap<(PathBuf, usize), Vec<Document>> = BTreeMap::new();
        for document in documents {
            let directory = document.file.path.parent().unwrap_or(Path::new("")).to_owned();
            let mut number = 0;
            while processes
                .get(&(directory.clone(), number))
                .is_some_and(|others| others.iter().any(|other| renders_the_same(other, &document)))
            {
                number += 1;
            }
            processes.entry((directory, number)).or_default().push(document);
        }
        let mut found = Vec::new();
        for documents in processes.into_values() {
            match Templating::read(documents, surroundings) {
                Ok(templating) => {
                    let problems = templating.problems().map(|(path, message, place)| Problem {
                        path,
                        message,
                        place,
                        help: None,
                    });
                    self.problems.extend(problems);
                    found.push(templating);
                }
                Err((documents, error)) => {
                    self.refuse(&documents[error.index.unwrap_or_default()], &error.message);
                }
            }
        }
        found
    }

    /// The words of the program, under the name that they speak of where there is one.
    fn refuse(&mut self, document: &Document, message: &str) {
        let named = message.rsplit(' ').next().unwrap_or_default().trim_matches(['\'', '"']);
        let span = if named.is_empty() { None } else { document.file.text().find(named) };
        let span = span.map_or(Span::new(0, 1), |start| Span::new(start, start + named.len()));
        self.problems.push(Problem {
            path: document.file.path.clone(),
            message: message.to_owned(),
            place: Some(Place { source: Arc::clone(&document.file.source), span, label: "here".to_owned() }),
            help: document.file.text().starts_with('\u{feff}').then(|| {
                "the file begins with a byte order mark, which HCL does not know: remove it".to_owned()
            }),
        });
    }
}

/// Whether a document says by itself that it is a server or a client.
fn says_what_it_is(document: &Document) -> bool {
    document.form == Form::Agent
        && ["server", "client"].iter().any(|block| {
            bodies(&document.body, block).iter().any(|(body, _)| flag_of(body, "enabled") == Some(true))
        })
}

/// Directories that say neither server nor client are more files for the ones that do, where there is one such.
fn merge_fragments(groups: Groups) -> Vec<Vec<Document>> {
    let (whole, fragments): (Vec<_>, Vec<_>) =
        groups.into_values().partition(|documents| documents.iter().any(says_what_it_is));
    match whole.len() {
        0 => vec![fragments.into_iter().flatten().collect()],
        1 => vec![whole.into_iter().chain(fragments).flatten().collect()],
        _ => whole.into_iter().chain(fragments).collect(),
    }
}

/// One agent, or several where files name different data directories: no agent has two.
fn split(documents: Vec<Document>) -> Vec<(String, Vec<Document>)> {
    if documents.is_empty() {
        return Vec::new();
    }
    let identity = |document: &Document| {
        ["data_dir", "name"]
            .iter()
            .find_map(|name| text_of(&document.body, name))
            .filter(|_| says_what_it_is(document))
    };
    let mut identities: Vec<String> = documents.iter().filter_map(identity).collect();
    identities.sort();
    identities.dedup();
    if identities.len() < 2 {
        return vec![(name_of(&documents), documents)];
    }
    let mut parts: Vec<(String, Vec<Document>)> = Vec::new();
    for document in documents.iter().filter(|document| identity(document).is_some()) {
        let own = identity(document);
        let file = &document.file;
        let again = |other: &&Document| identity(other).is_none() || identity(other) == own;
        let mut part = Vec::new();
        for other in documents.iter().filter(again) {
            part.push(copy(other));
        }
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        parts.push((text_of(&document.body, "name").unwrap_or(stem), part));
    }
    parts
}

fn copy(document: &Document) -> Document {
    Document { file: Arc::clone(&document.file), body: document.body.clone(), form: document.form }
}

/// What messages call a node that nobody named.
fn name_of(documents: &[Document]) -> String {
    let named = documents.iter().rev().find_map(|document| text_of(&document.body, "name"));
    let directory = || {
        let parent = documents[0].file.path.parent()?;
        Some(parent.file_name()?.to_string_lossy().into_owned())
    };
    named.or_else(directory).unwrap_or_else(|| "node".to_owned())
}

/// The directory right below `root` that a file lies in; empty for `root` itself.
fn first_part(root: &Path, file: &Path) -> OsString {
    let below = file.strip_prefix(root).unwrap_or(Path::new(""));
    match below.components().count() {
        0 | 1 => OsString::new(),
        _ => below.components().next().map(|part| part.as_os_str().to_owned()).unwrap_or_default(),
    }
}

/// What stands for `/` of one of several machines.
fn own_root(root: &Path, file: &Path) -> PathBuf {
    let part = first_part(root, file);
    if part.is_empty() { file.parent().unwrap_or(root).to_owned() } else { root.join(part) }
}

/// Whether two files of consul-template render to the same place, which one process would not do.
fn renders_the_same(one: &Document, other: &Document) -> bool {
    let destinations = |document: &Document| -> Vec<String> {
        bodies(&document.body, "template")
            .iter()
            .filter_map(|(body, _)| text_of(body, "destination"))
            .collect()
    };
    let known = destinations(one);
    destinations(other).iter().any(|destination| known.contains(destination))
}
