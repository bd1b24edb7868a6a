//! HCL2: job and scenario files.

mod explain;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, UnaryOperator};
use hcl_edit::structure::{BlockLabel, Structure};
use hcl_edit::template::{Element, Template};

use crate::{Attribute, Block, Body, Diagnostic, Item, Kind, Label, Number, Span, Value};

/// Reads an HCL2 text.
///
/// Literals become values; strings keep `${...}` as text. Everything that would have to be evaluated is kept as the
/// source text of a [`Kind::Expression`]. An attribute set twice is an error, as are more than 64 nested levels.
pub fn parse(text: &str) -> Result<Body, Diagnostic> {
    let body = hcl_edit::parser::parse_body(text)
        .map_err(|error| explain::explain(text, error.location().offset(), error.message()))?;
    Converter { text }.body(&body, Span::new(0, text.len()))
}

struct Converter<'a> {
    text: &'a str,
}

impl Converter<'_> {
    fn body(&self, body: &hcl_edit::structure::Body, span: Span) -> Result<Body, Diagnostic> {
        let mut items: Vec<Item> = Vec::new();
        for structure in body {
            let item = match structure {
                Structure::Attribute(attribute) => Item::Attribute(Attribute {
                    name: attribute.key.as_str().to_owned(),
                    name_span: self.span(attribute.key.span()),
                    value: self.value(&attribute.value)?,
                    span: self.span(attribute.span()),
                }),
                Structure::Block(block) => Item::Block(Block {
                    kind: block.ident.as_str().to_owned(),
                    kind_span: self.span(block.ident.span()),
                    labels: block.labels.iter().map(|label| self.label(label)).collect(),
                    body: self.body(&block.body, self.span(block.span()))?,
                    span: self.span(block.span()),
                }),
            };
            items.push(item);
        }
        Ok(Body { items, span })
    }

    fn label(&self, label: &BlockLabel) -> Label {
        let span = match label {
            BlockLabel::Ident(ident) => ident.span(),
            BlockLabel::String(string) => string.span(),
        };
        Label { text: label.as_str().to_owned(), span: self.span(span) }
    }

    fn value(&self, expression: &Expression) -> Result<Value, Diagnostic> {
        let span = self.span(expression.span());
        let kind = match expression {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(truth) => Kind::Bool(*truth.value()),
            Expression::Number(number) => Kind::Number(Number::new(number.value().to_string())),
            Expression::String(_)
                if self.text.get(span.range()).is_some_and(|source| source.contains('\n')) =>
            {
                return Err(explain::unclosed_string(span.start));
            }
            Expression::String(text) => Kind::String(text.value().clone()),
            Expression::StringTemplate(template) => Kind::String(plain(template.iter())),
            Expression::HeredocTemplate(heredoc) => Kind::String(heredoc_text(&heredoc.template)),
            Expression::Array(array) => {
                Kind::List(array.iter().map(|element| self.value(element)).collect::<Result<_, _>>()?)
            }
            Expression::Object(object) => Kind::Object(self.object(object, span)?),
            Expression::UnaryOp(operation) => match (*operation.operator.value(), &operation.expr) {
                (UnaryOperator::Neg, Expression::Number(number)) => {
                    Kind::Number(Number::new(format!("-{}", number.value())))
                }
                _ => self.source(span),
            },
            _ => self.source(span),
        };
        Ok(Value { kind, span })
    }

    fn object(&self, object: &Object, span: Span) -> Result<Body, Diagnostic> {
        let mut items = Vec::new();
        for (key, value) in object {
            let (name, name_span) = match key {
                ObjectKey::Ident(ident) => (ident.as_str().to_owned(), self.span(ident.span())),
                ObjectKey::Expression(Expression::String(text)) => {
                    (text.value().clone(), self.span(text.span()))
                }
                ObjectKey::Expression(other) => {
                    let message = "a key must be a name or a string";
                    return Err(Diagnostic::new(message, self.span(other.span())));
                }
            };
            let value = self.value(value.expr())?;
            let span = name_span.to(value.span);
            items.push(Item::Attribute(Attribute { name, name_span, value, span }));
        }
        Ok(Body { items, span })
    }

    fn source(&self, span: Span) -> Kind {
        Kind::Expression(self.text.get(span.range()).unwrap_or_default().trim().to_owned())
    }

    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        Span::new(range.start, range.end)
    }
}

/// A template with its interpolations as they are written.
fn plain<'a>(elements: impl Iterator<Item = &'a Element>) -> String {
    elements
        .map(|element| match element {
            Element::Literal(text) => text.value().clone(),
            other => Template::from_iter([other.clone()]).to_string(),
        })
        .collect()
}

fn heredoc_text(template: &Template) -> String {
    plain(template.iter())
}
