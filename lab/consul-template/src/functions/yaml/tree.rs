//! A document as it is written: its nodes, and which of them are others again.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

/// How deep collections may be nested.
const MOST_DEPTH: usize = 200;
/// The anchor of nodes that have none.
const NO_ANCHOR: usize = 0;

/// The nodes of a document. A place in `nodes` names a node.
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: usize,
}

pub(super) enum Node {
    Scalar {
        text: String,
        tag: Option<String>,
        /// Whether its kind is told by how it looks, as that of a word without quotes is.
        is_plain: bool,
    },
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
    /// Another node again.
    Alias(usize),
}

impl Tree {
    /// Reads the first document; nothing where there is none.
    pub(super) fn read(text: &str) -> Result<Option<Self>, String> {
        let parser = Parser::new_from_str(text);
        let mut reader = Reader { parser, nodes: Vec::new(), anchors: BTreeMap::new(), depth: 0 };
        // Of the stream, and of the document.
        reader.next()?;
        if matches!(reader.next()?, Event::StreamEnd) {
            return Ok(None);
        }
        let root = reader.node()?;
        // What stands behind the first document is not looked at.
        reader.next()?;
        Ok(root.map(|root| Self { nodes: reader.nodes, root }))
    }

    pub(super) fn root(&self) -> usize {
        self.root
    }

    pub(super) fn node(&self, id: usize) -> &Node {
        &self.nodes[id]
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    nodes: Vec<Node>,
    anchors: BTreeMap<usize, usize>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(told(&error)),
            None => Ok(Event::StreamEnd),
        }
    }

    /// The next node; nothing where the collection around it ends.
    fn node(&mut self) -> Result<Option<usize>, String> {
        let id = match self.next()? {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let tag = tag.map(|tag| written(&tag));
                self.add(anchor, Node::Scalar { text: text.into_owned(), tag, is_plain })
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).ok_or("unknown anchor referenced")?;
                self.add(NO_ANCHOR, Node::Alias(*target))
            }
            // A collection may be named within itself.
            Event::SequenceStart(anchor, _) => {
                let id = self.add(anchor, Node::List(Vec::new()));
                self.nodes[id] = Node::List(self.inner(Self::items)?);
                id
            }
            Event::MappingStart(anchor, _) => {
                let id = self.add(anchor, Node::Map(Vec::new()));
                self.nodes[id] = Node::Map(self.inner(Self::entries)?);
                id
            }
            _ => return Ok(None),
        };
        Ok(Some(id))
    }

    fn add(&mut self, anchor: usize, node: Node) -> usize {
        let id = self.nodes.len();
        self.nodes.push(node);
        self.anchors.insert(anchor, id);
        id
    }

    fn inner<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == MOST_DEPTH {
            return Err(format!("the lab reads collections {MOST_DEPTH} levels deep"));
        }
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    fn items(&mut self) -> Result<Vec<usize>, String> {
        let mut items = Vec::new();
        while let Some(item) = self.node()? {
            items.push(item);
        }
        Ok(items)
    }

    fn entries(&mut self) -> Result<Vec<(usize, usize)>, String> {
        let mut entries = Vec::new();
        while let Some(key) = self.node()?
            && let Some(value) = self.node()?
        {
            entries.push((key, value));
        }
        Ok(entries)
    }
}

/// A tag in full.
fn written(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// A complaint with its line, without what was being read: of characters counted from 1, of how things stand together
/// from 0. The first is not told.
fn told(error: &ScanError) -> String {
    let (of_characters, problem) = match error.info().split_once(", ") {
        Some(("while parsing a quoted scalar", problem)) => (true, problem),
        Some((before, problem)) if before.starts_with("while parsing") => (false, problem),
        _ => (true, error.info()),
    };
    match error.marker().line().saturating_sub(usize::from(!of_characters)) {
        0 => problem.to_owned(),
        1 if of_characters => problem.to_owned(),
        line => format!("line {line}: {problem}"),
    }
}
