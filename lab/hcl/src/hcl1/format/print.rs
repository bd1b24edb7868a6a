//! Setting the words of a text.
//!
//! What is measured and looks odd is the real programs': comments are set before the first item that begins behind them, as
//! far as nothing behind them was set before, which looking ahead counts as; items that are aligned with others always get an
//! equals sign; widths are those of bytes.

use super::tree::{Comments, Item, Node, Tree};
use crate::hcl1::scanner::{Position, Token, Type};

/// Stands before a line that keeps its place, such as one of a heredoc.
const KEPT: char = '\u{e123}';

/// The whole text, without a line break at its end.
pub(super) fn print(tree: &Tree<'_>) -> String {
    let mut printer = Printer { tree, alone: tree.alone(), last: None };
    let text = printer.file();
    text.split('\n')
        .map(|line| line.split_once(KEPT).map_or(line, |(_, kept)| kept))
        .collect::<Vec<_>>()
        .join("\n")
}

struct Printer<'t, 'a> {
    tree: &'t Tree<'a>,
    /// The groups of comments that belong to nothing.
    alone: Vec<usize>,
    /// Where what was set last begins, or ends, for an object.
    last: Option<Position>,
}

impl<'a> Printer<'_, 'a> {
    fn file(&mut self) -> String {
        let items = &self.tree.items;
        let mut text = String::new();
        for (index, item) in items.iter().enumerate() {
            for group in self.due(Some(item.position())) {
                text += &joined(&group);
                text.push('\n');
            }
            self.last = Some(item.position());
            text += &self.item(item);
            if let Some(next) = items.get(index + 1) {
                let close = next.position().line == item.position().line + 1;
                text += if close && is_bare(item) && is_bare(next) { "\n" } else { "\n\n" };
            }
        }
        for group in self.due(None) {
            if self.last.is_some() {
                text += "\n\n";
            }
            text += &joined(&group);
        }
        text
    }

    /// The comments between what was set last and this place, or the end, in their groups.
    fn due(&self, before: Option<Position>) -> Vec<Vec<Token<'a>>> {
        let is_due = |comment: &Token<'_>| {
            let offset = comment.position.offset;
            self.last.is_none_or(|last| offset > last.offset)
                && before.is_none_or(|before| offset < before.offset)
        };
        let groups = self.alone.iter().map(|group| {
            self.tree.groups[*group].iter().filter(|comment| is_due(comment)).copied().collect::<Vec<_>>()
        });
        groups.filter(|group| !group.is_empty()).collect()
    }

    fn group(&self, number: Option<usize>) -> &[Token<'a>] {
        number.map_or(&[], |number| &self.tree.groups[number])
    }

    /// What stands behind a value.
    fn behind(&self, comments: Comments) -> String {
        self.group(comments.line).iter().map(|comment| comment.text).collect()
    }

    fn item(&mut self, item: &Item<'a>) -> String {
        let mut text = joined(self.group(item.comments.lead));
        if !item.is_on_one_line() {
            text += &joined(self.group(item.comments.line));
        }
        for key in &item.keys {
            text += key.text;
            text.push(' ');
        }
        if item.assigned && item.keys.len() == 1 {
            text += "= ";
        }
        text += &self.node(&item.value);
        if item.comments.line.is_some() && item.is_on_one_line() {
            text.push(' ');
            text += &self.behind(item.comments);
        }
        text
    }

    fn node(&mut self, node: &Node<'a>) -> String {
        match node {
            Node::Literal { token, .. } => literal(token),
            Node::List { open, elements } if self.is_one_line(*open, elements) => self.line_of(elements),
            Node::List { elements, .. } => self.list(elements),
            Node::Object { close, items, .. } => self.object(items, *close),
        }
    }

    fn object(&mut self, items: &[Item<'a>], close: Position) -> String {
        let mut text = "{".to_owned();
        let (mut index, mut has_comments) = (0, false);
        loop {
            let next = items.get(index).map_or(close, Item::position);
            for group in self.due(Some(next)) {
                if text == "{" {
                    text.push('\n');
                }
                for comment in &group {
                    if index > 0 {
                        has_comments = true;
                        text.push('\n');
                    }
                    text += &indented(&kept(comment.text));
                }
                text.push('\n');
                let line = group.last().map_or(0, |comment| comment.position.line);
                if index < items.len() && next.line != line + 1 {
                    text.push('\n');
                }
            }
            if index == items.len() {
                self.last = Some(close);
                return text + "}";
            }
            if text == "{" {
                text.push('\n');
            }
            let count = self.neighbours(items, index);
            if !has_comments && index > 0 {
                text.push('\n');
            }
            if count == 0 {
                self.last = Some(items[index].position());
                text += &indented(&self.item(&items[index]));
                index += 1;
            } else {
                let aligned = &items[index..index + count];
                index += count;
                self.last = aligned.last().map(Item::position);
                text += &indented(&self.aligned(aligned));
            }
            text.push('\n');
        }
    }

    /// How many items from this one on stand on lines that follow each other, and are short.
    fn neighbours(&mut self, items: &[Item<'a>], first: usize) -> usize {
        if items.len() == 1 {
            return 0;
        }
        let line = |index: Option<usize>| {
            index.and_then(|index| items.get(index)).map_or(0, |item| item.position().line)
        };
        let mut index = first;
        while let Some(item) = items.get(index) {
            if self.item(item).matches('\n').count() > 1 {
                break;
            }
            let here = item.position().line;
            let before_next = here + 1 == line(Some(index + 1));
            // The first line of a text counts as one that follows another.
            if !before_next && here != line(index.checked_sub(1)) + 1 {
                break;
            }
            index += 1;
            if !before_next {
                break;
            }
        }
        index - first
    }

    fn aligned(&mut self, items: &[Item<'a>]) -> String {
        let widest_key =
            items.iter().filter_map(|item| Some(item.keys.first()?.text.len())).max().unwrap_or(0);
        let values: Vec<usize> = items.iter().map(|item| self.node(&item.value).len()).collect();
        let widest_value = values.into_iter().max().unwrap_or(0);
        let mut lines = Vec::new();
        for item in items {
            let mut text = joined(self.group(item.comments.lead));
            for key in &item.keys {
                text += key.text;
                text += &blanks(widest_key, key.text.len());
            }
            if item.keys.len() == 1 {
                text += "= ";
            }
            let value = self.node(&item.value);
            text += &value;
            if item.comments.line.is_some() && item.is_on_one_line() {
                text += &blanks(widest_value, value.len());
                text += &self.behind(item.comments);
            }
            lines.push(text);
        }
        lines.join("\n")
    }

    /// Whether a list is set on one line: it was before, and holds nothing that needs more.
    fn is_one_line(&self, open: Position, elements: &[Node<'a>]) -> bool {
        elements.iter().all(|element| match element {
            Node::Literal { token, comments } => {
                token.position.line == open.line
                    && (token.kind != Type::Heredoc || elements.len() == 1)
                    && comments.line.is_none()
            }
            _ => false,
        })
    }

    fn line_of(&mut self, elements: &[Node<'a>]) -> String {
        let texts: Vec<String> = elements.iter().map(|element| self.node(element)).collect();
        // The end of a heredoc has a line of its own.
        let end = if elements.iter().any(is_heredoc) { "\n]" } else { "]" };
        format!("[{}{end}", texts.join(", "))
    }

    fn list(&mut self, elements: &[Node<'a>]) -> String {
        let width = |element: &Node<'_>| match element {
            Node::Literal { token, .. } => token.text.len(),
            _ => 0,
        };
        let widest = elements.iter().map(width).max().unwrap_or(0);
        let mut text = "[\n".to_owned();
        let mut is_apart = true;
        for (index, element) in elements.iter().enumerate() {
            let comments = match element {
                Node::Literal { comments, .. } => *comments,
                _ => Comments::default(),
            };
            if comments.lead.is_some() && !is_apart {
                text.push('\n');
            }
            for comment in self.group(comments.lead) {
                text += &indented(comment.text);
                text.push('\n');
            }
            let value = self.node(element);
            text += &indented(&value);
            text += if is_heredoc(element) { "\n  ," } else { "," };
            if comments.line.is_some() {
                text.push(' ');
                text += &" ".repeat(widest.saturating_sub(value.len()));
                text += &self.behind(comments);
            }
            text.push('\n');
            is_apart = comments.lead.is_some() && index + 1 < elements.len();
            if is_apart {
                text.push('\n');
            }
        }
        text + "]"
    }
}

/// Comments, each on its line.
fn joined(comments: &[Token<'_>]) -> String {
    comments.iter().map(|comment| format!("{}\n", comment.text)).collect()
}

/// Whether an item is no more than `name {}`.
fn is_bare(item: &Item<'_>) -> bool {
    let is_empty = matches!(&item.value, Node::Object { items, .. } if items.is_empty());
    is_empty && !item.assigned && item.comments.lead.is_none()
}

fn is_heredoc(node: &Node<'_>) -> bool {
    matches!(node, Node::Literal { token, .. } if token.kind == Type::Heredoc)
}

fn literal(token: &Token<'_>) -> String {
    match token.kind {
        Type::Heredoc => kept(token.text.strip_suffix('\n').unwrap_or(token.text)),
        Type::String => kept(token.text),
        _ => token.text.to_owned(),
    }
}

/// A text whose second line and those after it keep their place.
fn kept(text: &str) -> String {
    let mut lines = text.split('\n');
    let mut kept = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        kept.push('\n');
        if !line.is_empty() {
            kept.push(KEPT);
        }
        kept += line;
    }
    kept
}

fn indented(text: &str) -> String {
    let indent = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    text.split('\n').map(indent).collect::<Vec<_>>().join("\n")
}

/// What fills a column of this width, and one more.
fn blanks(width: usize, used: usize) -> String {
    " ".repeat((width + 1).saturating_sub(used))
}
