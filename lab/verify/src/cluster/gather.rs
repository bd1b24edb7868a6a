//! Reads the inputs and tells the files apart.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_hcl::Diagnostic;
use time::OffsetDateTime;

use super::group::{Area, nodes_of};
use super::{Cluster, Input, Node, Problem};
use crate::document::{Document, Form};
use crate::file::{TextFile, explain};
use crate::finding::Place;
use crate::job::vault_uses;
use crate::templating::Templating;
use crate::vault::facts;
use crate::walk::walk;

/// The directory whose subdirectories are nodes.
const NODES: &str = "nodes";

pub(super) fn gather(inputs: &[Input], at: OffsetDateTime) -> Cluster {
    let mut cluster = Cluster {
        nodes: Vec::new(),
        facts: Vec::new(),
        vault_uses: Vec::new(),
        policies: Vec::new(),
        environments: Vec::new(),
        at,
        before: None,
        files: 0,
        problems: Vec::new(),
    };
    let mut areas: Vec<Area> = Vec::new();
    for input in inputs {
        add_input(input, &mut areas, &mut cluster);
    }
    let is_empty = areas.iter().all(|area| area.files.is_empty());
    for area in &mut areas {
        read_area(area, &mut cluster);
    }
    let (nodes, problems) = nodes_of(areas);
    cluster.files += nodes.iter().map(named_files).sum::<usize>();
    cluster.nodes = nodes;
    cluster.problems.extend(problems);
    complain_of_nothing(&mut cluster, inputs, is_empty);
    cluster
}

/// How many certificates, keys and templates of a node were read because its configuration names them.
fn named_files(node: &Node) -> usize {
    let of_agent = node.agent.as_ref().map_or(0, |agent| agent.material.files());
    of_agent + node.templatings.iter().map(Templating::files).sum::<usize>()
}

/// Turns an input into areas: one for each node that it names, and one for the rest.
fn add_input(input: &Input, areas: &mut Vec<Area>, cluster: &mut Cluster) {
    let (name, path) = match input {
        Input::Path(path) => (name_below_nodes(path), path),
        Input::Node(name, path) => (Some(name.clone()), path),
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return cluster.problems.push(problem(path, explain(&error).to_string())),
    };
    if !metadata.is_dir() {
        let root = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        return match areas.iter_mut().find(|area| area.is_explicit && area.name == name) {
            Some(area) => area.files.push(path.clone()),
            None => areas.push(Area { is_explicit: true, ..Area::new(name, root, vec![path.clone()]) }),
        };
    }
    let walked = walk(path);
    cluster.problems.extend(walked.problems.into_iter().map(|(path, text)| problem(&path, text)));
    if name.is_some() {
        return areas.push(Area::new(name, path.clone(), walked.files));
    }
    let mut rest = Area::new(None, path.clone(), Vec::new());
    for file in walked.files {
        match node_of(path, &file) {
            None => rest.files.push(file),
            Some((name, root)) => match areas.last_mut().filter(|area| area.root == root) {
                Some(area) => area.files.push(file),
                None => areas.push(Area::new(Some(name), root, vec![file])),
            },
        }
    }
    areas.push(rest);
}

/// The node that a file below `root` belongs to: `root/.../nodes/NAME/...`.
fn node_of(root: &Path, file: &Path) -> Option<(String, PathBuf)> {
    let below = file.strip_prefix(root).ok()?;
    let mut directory = root.to_owned();
    let is_nodes = |path: &Path| path.file_name().is_some_and(|name| name == NODES);
    for component in below.parent()?.components() {
        let inside_nodes = is_nodes(&directory);
        directory.push(component);
        if inside_nodes {
            return Some((component.as_os_str().to_string_lossy().into_owned(), directory));
        }
    }
    None
}

/// `nodes/NAME` given as it is.
fn name_below_nodes(path: &Path) -> Option<String> {
    let parent = path.parent()?.file_name()?;
    (parent == NODES && path.is_dir())
        .then(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn read_area(area: &mut Area, cluster: &mut Cluster) {
    for path in area.files.clone() {
        let path = &path;
        let kind = kind_of(path, area.is_explicit);
        if kind == FileKind::Ignored {
            continue;
        }
        let file = match TextFile::read(path) {
            Ok(file) => file,
            Err(why) => {
                cluster.problems.push(problem(path, why.to_string()));
                continue;
            }
        };
        cluster.files += 1;
        if kind == FileKind::Environment {
            cluster.environments.push(file);
            continue;
        }
        if area.is_explicit && file.text().trim().is_empty() {
            cluster
                .problems
                .push(problem(path, "the file is empty: there is nothing to check in it".to_owned()));
            continue;
        }
        let file = Arc::new(file);
        match Document::parse(Arc::clone(&file)) {
            Ok(document) => sort_in(document, area, cluster),
            Err(diagnostic) => cluster.problems.push(syntax(&file, diagnostic)),
        }
    }
}

fn sort_in(document: Document, area: &mut Area, cluster: &mut Cluster) {
    match document.form {
        Form::Agent | Form::ConsulTemplate | Form::VaultAgent => area.documents.push(document),
        Form::Job => cluster.vault_uses.extend(vault_uses(&Arc::new(document))),
        Form::Vault => cluster.facts.extend(facts(&Arc::new(document))),
        Form::Policy => cluster.policies.push(Arc::new(document)),
        Form::Other => {}
    }
}

/// What a file is by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Configuration,
    Environment,
    /// Read only when a configuration names it.
    Ignored,
}

fn kind_of(path: &Path, is_explicit: bool) -> FileKind {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "hcl" | "json" | "nomad" | "tf" if mock_nomad::is_configuration_name(name) || ending != "hcl" => {
            FileKind::Configuration
        }
        "env" | "sh" | "service" | "conf" if !is_explicit || ending != "conf" => FileKind::Environment,
        "pem" | "crt" | "cer" | "key" | "tpl" | "ctmpl" | "tmpl" | "csr" | "p12" | "md" | "txt" | "log" => {
            FileKind::Ignored
        }
        _ if is_explicit => FileKind::Configuration,
        _ if matches!(name, "environment" | "profile") => FileKind::Environment,
        _ => FileKind::Ignored,
    }
}

fn complain_of_nothing(cluster: &mut Cluster, inputs: &[Input], is_empty: bool) {
    let is_useful = cluster.nodes.iter().any(|node| node.agent.is_some() || !node.templatings.is_empty())
        || !cluster.facts.is_empty()
        || !cluster.vault_uses.is_empty();
    if is_useful || inputs.is_empty() || !cluster.problems.is_empty() {
        return;
    }
    let path = match inputs.first() {
        Some(Input::Path(path) | Input::Node(_, path)) => path.clone(),
        None => PathBuf::new(),
    };
    let message = if is_empty {
        "there are no files in it".to_owned()
    } else {
        "nothing in it is configuration of Nomad, consul-template or Vault: there is nothing to check"
            .to_owned()
    };
    cluster.problems.push(problem(&path, message));
}

fn problem(path: &Path, message: String) -> Problem {
    Problem { path: path.to_owned(), message, place: None, help: None }
}

fn syntax(file: &TextFile, diagnostic: Diagnostic) -> Problem {
    let place = Place {
        source: Arc::clone(&file.source),
        span: diagnostic.span,
        label: diagnostic.label.unwrap_or_default(),
    };
    Problem {
        path: file.path.clone(),
        message: diagnostic.message,
        place: Some(place),
        help: diagnostic.help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_told_by_their_directory() {
        let node = |root: &str, file: &str| {
            node_of(Path::new(root), Path::new(file)).map(|(name, root)| format!("{name} {}", root.display()))
        };
        assert_eq!(node("/c", "/c/nodes/s1/etc/a.hcl").as_deref(), Some("s1 /c/nodes/s1"));
        assert_eq!(node("/c/nodes", "/c/nodes/s1/a.hcl").as_deref(), Some("s1 /c/nodes/s1"));
        assert_eq!(node("/c", "/c/nodes/a.hcl"), None);
        assert_eq!(node("/c", "/c/etc/a.hcl"), None);
    }
}
