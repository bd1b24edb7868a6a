//! The words of a text in their places, with the comments that belong to them.

use crate::hcl1::scanner::{Position, Scanner, Token, Type};

/// A text that is known to be well formed.
#[derive(Default)]
pub(super) struct Tree<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Comments that follow each other directly are one group.
    pub(super) groups: Vec<Vec<Token<'a>>>,
}

/// Keys and a value.
pub(super) struct Item<'a> {
    pub(super) keys: Vec<Token<'a>>,
    /// Whether there is an equals sign.
    pub(super) assigned: bool,
    pub(super) value: Node<'a>,
    pub(super) comments: Comments,
}

impl Item<'_> {
    /// Where it begins.
    pub(super) fn position(&self) -> Position {
        self.keys.first().map_or(self.value.position(), |key| key.position)
    }

    /// Whether the value begins on the line of the keys.
    pub(super) fn is_on_one_line(&self) -> bool {
        self.value.position().line == self.position().line
    }
}

/// The groups of comments that belong to something, by number.
#[derive(Clone, Copy, Default)]
pub(super) struct Comments {
    /// The one on the lines before it.
    pub(super) lead: Option<usize>,
    /// The one behind it on its line.
    pub(super) line: Option<usize>,
}

/// A value.
pub(super) enum Node<'a> {
    Literal { token: Token<'a>, comments: Comments },
    List { open: Position, elements: Vec<Node<'a>> },
    Object { open: Position, close: Position, items: Vec<Item<'a>> },
}

impl Node<'_> {
    pub(super) fn position(&self) -> Position {
        match self {
            Self::Literal { token, .. } => token.position,
            Self::List { open, .. } | Self::Object { open, .. } => *open,
        }
    }
}

impl Tree<'_> {
    /// The groups that belong to nothing, in order.
    pub(super) fn alone(&self) -> Vec<usize> {
        let mut belongs = vec![false; self.groups.len()];
        mark_items(&self.items, &mut belongs);
        belongs.iter().enumerate().filter(|(_, belongs)| !**belongs).map(|(group, _)| group).collect()
    }
}

fn mark_items(items: &[Item<'_>], belongs: &mut [bool]) {
    for item in items {
        mark(item.comments, belongs);
        mark_node(&item.value, belongs);
    }
}

fn mark_node(node: &Node<'_>, belongs: &mut [bool]) {
    match node {
        Node::Literal { comments, .. } => mark(*comments, belongs),
        Node::List { elements, .. } => elements.iter().for_each(|element| mark_node(element, belongs)),
        Node::Object { items, .. } => mark_items(items, belongs),
    }
}

fn mark(comments: Comments, belongs: &mut [bool]) {
    for group in [comments.lead, comments.line].into_iter().flatten() {
        belongs[group] = true;
    }
}

/// Reads a text that the parser has found nothing wrong with.
pub(super) fn read(text: &str) -> Tree<'_> {
    let before = Position { offset: 0, line: 0, column: 0 };
    let mut reader = Reader {
        scanner: Scanner::new(text),
        token: Token { kind: Type::Eof, text: "", position: before },
        pending: false,
        groups: Vec::new(),
        next: Comments::default(),
    };
    let items = reader.items();
    Tree { items, groups: reader.groups }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    token: Token<'a>,
    /// Whether `token` is to be given again.
    pending: bool,
    groups: Vec<Vec<Token<'a>>>,
    /// The comments that were met last and belong to nothing yet.
    next: Comments,
}

impl<'a> Reader<'a> {
    fn scan(&mut self) -> Token<'a> {
        if !std::mem::take(&mut self.pending) {
            let line = self.token.position.line;
            self.token = self.scanner.token_or_comment();
            if self.token.kind == Type::Comment {
                self.comments(line);
            }
        }
        self.token
    }

    /// Reads comments behind a token that began on this line, and sees what they may belong to.
    fn comments(&mut self, line: usize) {
        if self.token.position.line == line {
            let (group, end) = self.group(0);
            if self.token.position.line != end {
                self.next.line = Some(group);
            }
        }
        let mut last = None;
        while self.token.kind == Type::Comment {
            last = Some(self.group(1));
        }
        let closes = matches!(self.token.kind, Type::RightBrace | Type::RightBracket);
        if let Some((group, end)) = last.filter(|_| !closes)
            && end + 1 == self.token.position.line
        {
            self.next.lead = Some(group);
        }
    }

    /// Reads comments of which each begins at most so many lines behind the one before; gives the last line.
    fn group(&mut self, lines: usize) -> (usize, usize) {
        let mut end = self.token.position.line;
        let mut comments = Vec::new();
        while self.token.kind == Type::Comment && self.token.position.line <= end + lines {
            end = self.token.position.line + self.token.text.matches('\n').count();
            comments.push(self.token);
            self.token = self.scanner.token_or_comment();
        }
        self.groups.push(comments);
        (self.groups.len() - 1, end)
    }

    /// Items up to a closing brace or the end.
    fn items(&mut self) -> Vec<Item<'a>> {
        let mut items = Vec::new();
        loop {
            let token = self.scan();
            self.pending = true;
            if token.kind == Type::RightBrace {
                return items;
            }
            let Some(item) = self.item() else { return items };
            items.push(item);
            if self.scan().kind != Type::Comma {
                self.pending = true;
            }
        }
    }

    /// An item; `None` at the end of the text, which may come before a value.
    fn item(&mut self) -> Option<Item<'a>> {
        let mut keys = Vec::new();
        while matches!(self.scan().kind, Type::Ident | Type::String) {
            keys.push(self.token);
        }
        let lead = self.next.lead.take();
        let assigned = self.token.kind == Type::Assign;
        if assigned {
            self.scan();
        }
        let value = self.value()?;
        let mut item =
            Item { keys, assigned, value, comments: Comments { lead, line: self.next.line.take() } };
        // What stands behind the value is only seen by looking further.
        self.scan();
        self.pending = true;
        if item.is_on_one_line() {
            item.comments.line = self.next.line.take().or(item.comments.line);
        }
        Some(item)
    }

    /// The value that begins with the current token.
    fn value(&mut self) -> Option<Node<'a>> {
        match self.token.kind {
            Type::LeftBrace => {
                let open = self.token.position;
                let items = self.items();
                let close = self.scan().position;
                Some(Node::Object { open, close, items })
            }
            Type::LeftBracket => {
                let open = self.token.position;
                Some(Node::List { open, elements: self.elements()? })
            }
            Type::Number | Type::Float | Type::Bool | Type::String | Type::Heredoc => {
                Some(Node::Literal { token: self.token, comments: Comments::default() })
            }
            _ => None,
        }
    }

    /// What is in a list.
    fn elements(&mut self) -> Option<Vec<Node<'a>>> {
        let mut elements = Vec::new();
        loop {
            match self.scan().kind {
                Type::RightBracket => return Some(elements),
                Type::Comma => {
                    self.scan();
                    self.pending = true;
                    if let Some(Node::Literal { comments, .. }) = elements.last_mut()
                        && let Some(line) = self.next.line.take()
                    {
                        comments.line = Some(line);
                    }
                }
                _ => {
                    let mut element = self.value()?;
                    if let Node::Literal { comments, .. } = &mut element {
                        comments.lead = self.next.lead.take();
                    }
                    elements.push(element);
                }
            }
        }
    }
}
