//! From entries to values of known shapes, by the rules of the decoder that the real program uses: names in any case,
//! blocks of a name merged or listed, and words that nobody asked for left over.

use std::collections::BTreeMap;

use super::nodes::{Entry, Node, Place, Word};

/// A name that a block may hold.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// What a name leads to.
pub(super) enum Shape {
    Text,
    Texts,
    /// One block; several of a name add up.
    Block(&'static [Field]),
    /// Blocks with a label each, which complaints call so.
    Labelled(&'static str, &'static [Field]),
}

/// What was found in a block.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) label: String,
    pub(super) texts: BTreeMap<&'static str, String>,
    pub(super) lists: BTreeMap<&'static str, Vec<String>>,
    pub(super) blocks: BTreeMap<&'static str, Vec<Found>>,
    /// The words that nobody asked for, in order.
    pub(super) unused: Vec<String>,
}

impl Found {
    pub(super) fn text(&self, name: &str) -> String {
        self.texts.get(name).cloned().unwrap_or_default()
    }

    /// The one block of a name.
    pub(super) fn block(&mut self, name: &str) -> Option<Self> {
        self.blocks.remove(name)?.pop()
    }

    /// Decodes a node into a block called `path`. Errors: the first thing that does not fit, in the decoder's words.
    pub(super) fn read(&mut self, path: &str, shape: &Shape, node: &Node) -> Result<(), String> {
        let (fields, label) = match shape {
            Shape::Block(fields) => (fields, None),
            Shape::Labelled(label, fields) => (fields, Some(label)),
            Shape::Text | Shape::Texts => return Ok(()),
        };
        let (entry, node) = match node {
            Node::Entry(entry) => (Some(entry), &entry.node),
            other => (None, other),
        };
        let entries = match (node, entry) {
            (Node::Object(entries, _) | Node::Entries(entries), _) => entries.clone(),
            (Node::Literal(..), Some(entry)) => vec![(**entry).clone()],
            _ => {
                let what = format!("{path}: not an object type for struct ({})", node.kind());
                return Err(at(node.place(), &what));
            }
        };
        let words = entries.iter().flat_map(|entry| &entry.words);
        self.unused = words.map(|word| word.text.clone()).collect();
        if let Some(label) = label {
            let Some(entry) = entry else {
                let what = format!("{path}: {label} asked for 'key', impossible");
                return Err(at(Node::Entries(entries).place(), &what));
            };
            self.label = entry.words.first().map(|word| word.text.clone()).unwrap_or_default();
        }
        fields.iter().try_for_each(|field| self.field(path, field, &entries))?;
        self.unused.sort();
        Ok(())
    }

    fn field(&mut self, path: &str, field: &Field, entries: &[Entry]) -> Result<(), String> {
        let (labelled, direct): (Vec<Entry>, Vec<Entry>) =
            named(entries, field.name).into_iter().partition(|entry| !entry.words.is_empty());
        if labelled.is_empty() && direct.is_empty() {
            return Ok(());
        }
        let name = field.name.to_lowercase();
        if let Some(at) = self.unused.iter().position(|word| word.to_lowercase() == name) {
            self.unused.remove(at);
        }
        let path = format!("{path}.{}", field.name);
        if !labelled.is_empty() {
            self.value(&path, field, &Node::Entries(labelled))?;
        }
        direct.into_iter().try_for_each(|entry| match entry.node {
            Node::Object(entries, _) => self.value(&path, field, &Node::Entries(entries)),
            node => self.value(&path, field, &node),
        })
    }

    fn value(&mut self, path: &str, field: &Field, node: &Node) -> Result<(), String> {
        match &field.shape {
            Shape::Text => {
                self.texts.insert(field.name, text(path, node)?);
            }
            Shape::Texts => {
                let list = self.lists.entry(field.name).or_default();
                for (index, node) in elements(node)?.iter().enumerate() {
                    list.push(text(&format!("{path}[{index}]"), node)?);
                }
            }
            Shape::Block(_) => {
                let blocks = self.blocks.entry(field.name).or_default();
                if blocks.is_empty() {
                    blocks.push(Self::default());
                }
                blocks.iter_mut().try_for_each(|block| block.read(path, &field.shape, node))?;
            }
            Shape::Labelled(..) => {
                let blocks = self.blocks.entry(field.name).or_default();
                for (index, node) in elements(node)?.into_iter().enumerate() {
                    let mut block = Self::default();
                    block.read(&format!("{path}[{index}]"), &field.shape, &unfolded(node))?;
                    blocks.push(block);
                }
            }
        }
        Ok(())
    }
}

/// The entries of a name, without it.
pub(super) fn named(entries: &[Entry], name: &str) -> Vec<Entry> {
    let name = name.to_lowercase();
    let is_it = |entry: &&Entry| entry.words.first().is_some_and(|word| word.text.to_lowercase() == name);
    let rest = |entry: &Entry| Entry { words: entry.words[1..].to_vec(), node: entry.node.clone() };
    entries.iter().filter(is_it).map(rest).collect()
}

fn elements(node: &Node) -> Result<Vec<Node>, String> {
    match node {
        Node::Entries(entries) => {
            Ok(entries.iter().map(|entry| Node::Entry(Box::new(entry.clone()))).collect())
        }
        Node::List(elements, _) => Ok(elements.clone()),
        other => Err(at(other.place(), &format!("unknown slice type: {}", other.kind()))),
    }
}

/// The second of two words is taken for the one name inside the block that the first one names.
fn unfolded(node: Node) -> Node {
    match node {
        Node::Entry(entry) if entry.words.len() == 2 => {
            let (first, second): (&[Word], &[Word]) = entry.words.split_at(1);
            let inner = Entry { words: second.to_vec(), node: entry.node.clone() };
            let node = Node::Object(vec![inner], None);
            Node::Entry(Box::new(Entry { words: first.to_vec(), node }))
        }
        other => other,
    }
}

fn text(path: &str, node: &Node) -> Result<String, String> {
    match node {
        Node::Literal(text, _) => Ok(text.clone()),
        other => Err(at(other.place(), &format!("{path}: unknown type for string {}", other.kind()))),
    }
}

fn at(place: Place, what: &str) -> String {
    match place {
        Some((line, column)) => format!("At {line}:{column}: {what}"),
        None => format!("At -: {what}"),
    }
}
