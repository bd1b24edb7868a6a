//! Which names an expression uses.

use super::ast::{Expression, Kind, ObjectKey, Part, Step};
use crate::diagnostic::Range;

/// A name, the steps after it, and where it stands.
pub(crate) type Used<'a> = (&'a str, &'a [(Step, Range)], Range);

/// The names that an expression uses, each with its steps and its place; names that its own `for`s make do not count.
pub(crate) fn traversals(expression: &Expression) -> Vec<Used<'_>> {
    let mut found = Vec::new();
    collect(expression, &mut Vec::new(), &mut found);
    found
}

fn collect<'a>(expression: &'a Expression, own: &mut Vec<&'a str>, found: &mut Vec<Used<'a>>) {
    match &expression.kind {
        Kind::Traversal { root, steps } => {
            if !own.contains(&root.as_str()) {
                found.push((root, steps, expression.range));
            }
        }
        Kind::For(parts) => {
            collect(&parts.source, own, found);
            let outer = own.len();
            own.extend(parts.key_name.as_deref());
            own.push(&parts.value_name);
            for inner in parts.key.iter().chain([&parts.value]).chain(&parts.condition) {
                collect(inner, own, found);
            }
            own.truncate(outer);
        }
        _ => expression.kind.children().into_iter().for_each(|inner| collect(inner, own, found)),
    }
}

impl Kind {
    /// The expressions inside, but for those of a `for`.
    fn children(&self) -> Vec<&Expression> {
        match self {
            Self::Literal(_) | Self::Traversal { .. } | Self::For(_) => Vec::new(),
            Self::Template(parts) => parts.iter().flat_map(Part::children).collect(),
            Self::Wrap(inner) | Self::Parentheses(inner) | Self::Unary(_, inner) => vec![inner],
            Self::Relative { source, .. } | Self::Splat { source, .. } => vec![source],
            Self::Index { source, key, .. } => vec![source, key],
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Conditional(parts) => parts.iter().collect(),
            Self::Binary(_, sides) => sides.iter().collect(),
            Self::Tuple(items) => items.iter().collect(),
            Self::Object(entries) => entries
                .iter()
                .flat_map(|(key, value)| match key {
                    ObjectKey::Word(_) => vec![value],
                    ObjectKey::Expression(key) => vec![key, value],
                })
                .collect(),
        }
    }
}

impl Part {
    fn children(&self) -> Vec<&Expression> {
        match self {
            Self::Text(..) => Vec::new(),
            Self::Interpolation(expression) => vec![expression],
            Self::If(condition, yes, no) => {
                [condition].into_iter().chain(yes.iter().chain(no).flat_map(Self::children)).collect()
            }
            Self::For { source, body, .. } => {
                [source].into_iter().chain(body.iter().flat_map(Self::children)).collect()
            }
        }
    }
}
