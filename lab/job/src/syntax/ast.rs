//! The tree of a text.

use crate::diagnostic::Range;
use crate::eval::Value;

/// A file, or what stands between the braces of a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
    /// Where an argument that is missing would have to be: the opening brace.
    pub(crate) range: Range,
}

/// `name = expression`
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) name_range: Range,
    pub(crate) value: Expression,
}

/// `kind "label" { ... }`
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) kind_range: Range,
    pub(crate) labels: Vec<Label>,
    /// The opening brace.
    pub(crate) brace: Range,
    pub(crate) body: Body,
}

impl Block {
    /// From the kind to the last label.
    pub(crate) fn header(&self) -> Range {
        self.labels.last().map_or(self.kind_range, |label| self.kind_range.to(label.range))
    }
}

/// A label of a block.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) text: String,
    pub(crate) range: Range,
}

/// Something that has a value.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) kind: Kind,
    /// All of it.
    pub(crate) range: Range,
    /// Its beginning, where complaints about its value point to.
    pub(crate) start: Range,
}

/// What kind of expression it is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Value),
    /// Text with sequences.
    Template(Vec<Part>),
    /// A template that is one interpolation: its value need not be a string.
    Wrap(Box<Expression>),
    /// `root.a[0]`
    Traversal {
        root: String,
        steps: Vec<(Step, Range)>,
    },
    /// The same on any expression.
    Relative {
        source: Box<Expression>,
        steps: Vec<(Step, Range)>,
    },
    /// `a[expression]`
    Index {
        source: Box<Expression>,
        key: Box<Expression>,
        bracket: Range,
    },
    /// `a.*.b`, `a[*].b`
    Splat {
        source: Box<Expression>,
        steps: Vec<(Step, Range)>,
    },
    Call {
        name: String,
        name_range: Range,
        arguments: Vec<Expression>,
        expands: bool,
        close: Range,
    },
    Conditional(Box<[Expression; 3]>),
    Binary(BinaryOperator, Box<[Expression; 2]>),
    Unary(UnaryOperator, Box<Expression>),
    Tuple(Vec<Expression>),
    Object(Vec<(ObjectKey, Expression)>),
    For(Box<For>),
    Parentheses(Box<Expression>),
}

/// `[for k, v in source : value if condition]` or with braces and `key => value`.
#[derive(Clone, Debug)]
pub(crate) struct For {
    pub(crate) key_name: Option<String>,
    pub(crate) value_name: String,
    pub(crate) source: Expression,
    /// Of an object only.
    pub(crate) key: Option<Expression>,
    pub(crate) value: Expression,
    pub(crate) condition: Option<Expression>,
    /// Values of equal keys are collected.
    pub(crate) groups: bool,
}

/// A key of an object: a word stands for itself.
#[derive(Clone, Debug)]
pub(crate) enum ObjectKey {
    Word(String),
    Expression(Box<Expression>),
}

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Attribute(String),
    Index(Value),
}

/// A part of a template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String, Range),
    Interpolation(Expression),
    /// Condition, what stands if it holds, what otherwise.
    If(Expression, Vec<Part>, Vec<Part>),
    For {
        key_name: Option<String>,
        value_name: String,
        source: Expression,
        body: Vec<Part>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Or,
    And,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOperator {
    Not,
    Negate,
}
