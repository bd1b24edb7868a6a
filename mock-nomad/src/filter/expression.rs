//! What an expression is made of.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    /// A comparison of what a selector finds.
    Match {
        selector: Vec<String>,
        operator: Operator,
        value: String,
    },
    /// `any X as y { ... }` and `all X as y { ... }`.
    Each {
        all: bool,
        selector: Vec<String>,
        names: Vec<String>,
        inner: Box<Expression>,
    },
}

/// How a value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Matches,
    NotMatches,
    IsEmpty,
    IsNotEmpty,
    IsNil,
    IsNotNil,
}
