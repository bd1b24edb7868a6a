//! What a file says: attributes and blocks, each with its place in the text.

use std::ops::Range;

/// A stretch of the source text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the first byte to the one after the last.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the beginning of this one to the end of `other`.
    pub const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// As a range to slice the source with.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A file, or what stands between the braces of a block or an object: items in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// The attributes and blocks.
    pub items: Vec<Item>,
    /// From the first to the last of it, braces included.
    pub span: Span,
}

impl Body {
    /// The attributes, in order.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.items.iter().filter_map(Item::as_attribute)
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.items.iter().filter_map(Item::as_block)
    }

    /// The blocks of one kind, in order.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks().filter(move |block| block.kind == kind)
    }

    /// The value of the last attribute called `name`: where HCL1 repeats one, the last counts.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.attributes().filter(|attribute| attribute.name == name).last().map(|attribute| &attribute.value)
    }
}

/// One entry of a [`Body`].
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `name = value`
    Attribute(Attribute),
    /// `kind "label" { ... }`, and in HCL1 also `kind = { ... }`
    Block(Block),
}

impl Item {
    /// The attribute's name or the block's kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Attribute(attribute) => &attribute.name,
            Self::Block(block) => &block.kind,
        }
    }

    /// Where the name is written.
    pub fn name_span(&self) -> Span {
        match self {
            Self::Attribute(attribute) => attribute.name_span,
            Self::Block(block) => block.kind_span,
        }
    }

    /// The attribute, if it is one.
    pub fn as_attribute(&self) -> Option<&Attribute> {
        match self {
            Self::Attribute(attribute) => Some(attribute),
            Self::Block(_) => None,
        }
    }

    /// The block, if it is one.
    pub fn as_block(&self) -> Option<&Block> {
        match self {
            Self::Attribute(_) => None,
            Self::Block(block) => Some(block),
        }
    }
}

/// `name = value`
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name, without quotes where it had them.
    pub name: String,
    /// Where the name is written.
    pub name_span: Span,
    /// What it is set to.
    pub value: Value,
    /// Name and value together.
    pub span: Span,
}

/// `kind "label" { ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The first word.
    pub kind: String,
    /// Where the first word is written.
    pub kind_span: Span,
    /// The labels between it and the brace.
    pub labels: Vec<Label>,
    /// What is between the braces.
    pub body: Body,
    /// All of it.
    pub span: Span,
}

impl Block {
    /// The first label, if it has any.
    pub fn label(&self) -> Option<&str> {
        self.labels.first().map(|label| label.text.as_str())
    }
}

/// A label of a block, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Where it is written, quotes included.
    pub span: Span,
}

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it is written.
    pub span: Span,
}

impl Value {
    /// What it is, for messages: `a string`, `a list`, ...
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::String(_) => "a string",
            Kind::Number(_) => "a number",
            Kind::Bool(_) => "true or false",
            Kind::Null => "null",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
            Kind::Expression(_) => "an expression",
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }
}

/// What a [`Value`] can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A string or heredoc. `${...}` and `{{...}}` in it are plain text.
    String(String),
    /// A number, kept as it was written.
    Number(Number),
    /// `true` or `false`
    Bool(bool),
    /// `null` (HCL2 and JSON)
    Null,
    /// `[ ... ]`
    List(Vec<Value>),
    /// `{ ... }`
    Object(Body),
    /// HCL2 that must be evaluated, as its source text: `plaintext_rpc == refused`, `all(clients)`.
    Expression(String),
}

/// A number as it was written. HCL1 writes octal as `0700` and hexadecimal as `0x1f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// The number written as `text`; it is not checked before it is asked for.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// As a whole number, read as Go's `strconv.ParseInt` with base 0 does; the error is in its words.
    pub fn integer(&self) -> Result<i64, String> {
        parse_integer(&self.0)
    }

    /// As a floating-point number.
    pub fn float(&self) -> Option<f64> {
        match self.integer() {
            Ok(whole) => Some(whole as f64),
            Err(_) => self.0.parse().ok(),
        }
    }
}

/// Reads a whole number as Go's `strconv.ParseInt(text, 0, 64)` does: `0700`, `0o700`, `0x1f`, `-3`; underscores are
/// not taken. The error is in Go's words.
pub(crate) fn parse_integer(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
    }
    let wide = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
    i64::try_from(if negative { -wide } else { wide })
        .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: value out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_go_reads_them() {
        for (text, number) in
            [("0700", 448), ("0x1226", 4646), ("0o17", 15), ("-12", -12), ("0", 0), ("011046", 4646)]
        {
            assert_eq!(Number::new(text).integer(), Ok(number), "{text}");
        }
        for (text, message) in [
            ("08", "strconv.ParseInt: parsing \"08\": invalid syntax"),
            ("1.5", "strconv.ParseInt: parsing \"1.5\": invalid syntax"),
            (
                "99999999999999999999",
                "strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
            ),
        ] {
            assert_eq!(Number::new(text).integer(), Err(message.to_owned()));
        }
        assert_eq!(Number::new("1.5").float(), Some(1.5));
    }
}
