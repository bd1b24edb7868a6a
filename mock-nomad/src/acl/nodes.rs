//! A text in HCL1 as the real program's decoder gets it: entries of one or more words that lead to something.

use lab_hcl::{Attribute, Block, Body, Item, Kind, Span, Value};

/// `namespace "prod" { ... }`: two words and what is in the braces.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) words: Vec<Word>,
    pub(super) node: Node,
}

/// A word, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What an entry leads to.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A text, number or truth, as text.
    Literal(String, Place),
    List(Vec<Node>, Place),
    Object(Vec<Entry>, Place),
    /// Several entries that lead to the same.
    Entries(Vec<Entry>),
    /// One of them.
    Entry(Box<Entry>),
}

/// Line and column; `None` in JSON, whose reader forgets them.
pub(super) type Place = Option<(usize, usize)>;

impl Node {
    pub(super) fn place(&self) -> Place {
        let first = |entry: &Entry| entry.words.first().and_then(|word| word.place);
        match self {
            Self::Literal(_, place) | Self::List(_, place) | Self::Object(_, place) => *place,
            Self::Entries(entries) => entries.first().and_then(first),
            Self::Entry(entry) => first(entry),
        }
    }

    /// What complaints call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Literal(..) => "*ast.LiteralType",
            Self::List(..) => "*ast.ListType",
            Self::Object(..) => "*ast.ObjectType",
            Self::Entries(_) => "*ast.ObjectList",
            Self::Entry(_) => "*ast.ObjectItem",
        }
    }
}

/// The entries of a text that was read.
pub(super) fn entries(text: &str, body: &Body) -> Vec<Entry> {
    let is_json = text.trim_start().starts_with('{');
    let source = Source { text, is_json };
    let entries = source.entries(body);
    if is_json { flat(entries) } else { entries }
}

struct Source<'text> {
    text: &'text str,
    is_json: bool,
}

impl Source<'_> {
    fn entries(&self, body: &Body) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut last = None;
        for item in &body.items {
            match item {
                Item::Attribute(attribute) => entries.push(self.attribute(attribute)),
                Item::Block(block) => {
                    let object = Node::Object(self.entries(&block.body), self.place(block.body.span));
                    if last == Some(block.kind_span)
                        && let Some(Entry { node: Node::List(elements, _), .. }) = entries.last_mut()
                    {
                        elements.push(object);
                    } else {
                        entries.push(Entry { words: self.words(block), node: self.unlisted(block, object) });
                    }
                    last = Some(block.kind_span);
                }
            }
        }
        entries
    }

    /// The reader makes blocks of a list of objects; here it is a list again.
    fn unlisted(&self, block: &Block, object: Node) -> Node {
        let between = self.text.get(block.kind_span.end..block.body.span.start).unwrap_or_default();
        match between.find('[').filter(|_| block.labels.is_empty()) {
            Some(at) => {
                let at = block.kind_span.end + at;
                Node::List(vec![object], self.place(Span::new(at, at + 1)))
            }
            None => object,
        }
    }

    fn words(&self, block: &Block) -> Vec<Word> {
        let kind = Word { text: block.kind.clone(), place: self.place(block.kind_span) };
        let labels = block.labels.iter();
        let labels = labels.map(|label| Word { text: label.text.clone(), place: self.place(label.span) });
        std::iter::once(kind).chain(labels).collect()
    }

    fn attribute(&self, attribute: &Attribute) -> Entry {
        let word = Word { text: attribute.name.clone(), place: self.place(attribute.name_span) };
        Entry { words: vec![word], node: self.value(&attribute.value) }
    }

    fn value(&self, value: &Value) -> Node {
        let place = self.place(value.span);
        match &value.kind {
            Kind::String(text) | Kind::Expression(text) => Node::Literal(text.clone(), place),
            Kind::Number(number) => Node::Literal(number.text().to_owned(), place),
            Kind::Bool(truth) => Node::Literal(truth.to_string(), place),
            Kind::Null => Node::Literal(String::new(), place),
            Kind::List(items) => Node::List(items.iter().map(|item| self.value(item)).collect(), place),
            Kind::Object(body) => Node::Object(self.entries(body), place),
        }
    }

    fn place(&self, span: Span) -> Place {
        let before = self.text.get(..span.start).filter(|_| !self.is_json)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Some((line, column))
    }
}

/// JSON's objects that hold nothing but objects are words in a row, and lists of nothing but objects are entries of the
/// same words.
fn flat(entries: Vec<Entry>) -> Vec<Entry> {
    let mut found = Vec::new();
    for entry in entries {
        flatten(entry, &mut found);
    }
    for entry in &mut found {
        if let Node::Object(inner, _) = &mut entry.node {
            *inner = flat(std::mem::take(inner));
        }
    }
    found
}

fn flatten(entry: Entry, found: &mut Vec<Entry>) {
    match entry.node {
        Node::Object(inner, place) => {
            if inner.is_empty() || !inner.iter().all(|entry| matches!(entry.node, Node::Object(..))) {
                found.push(Entry { words: entry.words, node: Node::Object(inner, place) });
                return;
            }
            for below in inner {
                let words = entry.words.iter().cloned().chain(below.words).collect();
                flatten(Entry { words, node: below.node }, found);
            }
        }
        Node::List(elements, place) => {
            if elements.is_empty() || !elements.iter().all(|node| matches!(node, Node::Object(..))) {
                found.push(Entry { words: entry.words, node: Node::List(elements, place) });
                return;
            }
            for node in elements {
                flatten(Entry { words: entry.words.clone(), node }, found);
            }
        }
        node => found.push(Entry { words: entry.words, node }),
    }
}
