//! The types that variables may have.

use std::collections::BTreeMap;

use crate::diagnostic::{Range, Report};
use crate::eval::{Value, alike, as_number, as_string, as_truth, number_wanted, string_wanted, truth_wanted};
use crate::syntax::{Expression, Kind as Syntax, ObjectKey};

/// A type, as written after `type =`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number,
    Truth,
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>),
    Tuple(Vec<Self>),
    Object(BTreeMap<String, Self>),
    /// Whatever a value has; only where a type need not be exact.
    Any,
}

const INVALID: &str = "Invalid type specification";

impl Kind {
    /// Reads a type; what is none is reported.
    pub(crate) fn parse(expression: &Expression, report: &mut Report) -> Option<Self> {
        Self::read(expression, true, report)
    }

    /// The same where a part of the type may be left open.
    pub(crate) fn parse_open(expression: &Expression, report: &mut Report) -> Option<Self> {
        Self::read(expression, false, report)
    }

    fn read(expression: &Expression, exact: bool, report: &mut Report) -> Option<Self> {
        let range = expression.range;
        let (range, detail) = match &expression.kind {
            Syntax::Traversal { root, steps } if steps.is_empty() => match root.as_str() {
                "string" => return Some(Self::Text),
                "number" => return Some(Self::Number),
                "bool" => return Some(Self::Truth),
                "any" if !exact => return Some(Self::Any),
                "any" => (
                    range,
                    "The keyword \"any\" cannot be used in this type specification: an exact type is required."
                        .to_owned(),
                ),
                other => (range, one_argument(other).unwrap_or_else(|| {
                    format!("The keyword \"{other}\" is not a valid type specification.")
                })),
            },
            Syntax::Call { name, name_range, arguments, close, .. } => {
                let given = Range { start: name_range.end, end: close.end };
                match (name.as_str(), arguments.as_slice()) {
                    ("bool" | "string" | "number", _) => {
                        (given, format!("Primitive type keyword \"{name}\" does not expect arguments."))
                    }
                    ("any", _) => (given, "Type constraint keyword \"any\" does not expect arguments.".to_owned()),
                    (_, [argument]) => return Self::constructed(name, *name_range, argument, (range, exact), report),
                    ("optional", _) => (*name_range, only_optional()),
                    (_, arguments) => match one_argument(name) {
                        Some(detail) => {
                            let extra = arguments.get(1).zip(arguments.last());
                            (extra.map_or(given, |(first, last)| first.range.to(last.range)), detail)
                        }
                        None => (range, format!("Keyword \"{name}\" is not a valid type constructor.")),
                    },
                }
            }
            _ => (range, "A type specification is either a primitive type keyword (bool, number, string) or a complex type constructor call, like list(string).".to_owned()),
        };
        report.add(range, INVALID, detail);
        None
    }

    fn constructed(
        name: &str,
        name_range: Range,
        argument: &Expression,
        (whole, exact): (Range, bool),
        report: &mut Report,
    ) -> Option<Self> {
        let (range, detail) = match (name, &argument.kind) {
            ("list", _) => return Some(Self::List(Box::new(Self::read(argument, exact, report)?))),
            ("set", _) => return Some(Self::Set(Box::new(Self::read(argument, exact, report)?))),
            ("map", _) => return Some(Self::Map(Box::new(Self::read(argument, exact, report)?))),
            ("tuple", Syntax::Tuple(items)) => {
                let kinds: Vec<Option<Self>> = items.iter().map(|item| Self::read(item, exact, report)).collect();
                return kinds.into_iter().collect::<Option<_>>().map(Self::Tuple);
            }
            ("tuple", _) => (argument.range, "Tuple type constructor requires a list of element types.".to_owned()),
            ("object", Syntax::Object(entries)) => return Self::object(entries, exact, report),
            ("object", _) => (
                argument.range,
                "Object type constructor requires a map whose keys are attribute names and whose values are the corresponding attribute types.".to_owned(),
            ),
            ("optional", _) => (name_range, only_optional()),
            _ => (whole, format!("Keyword \"{name}\" is not a valid type constructor.")),
        };
        report.add(range, INVALID, detail);
        None
    }

    fn object(entries: &[(ObjectKey, Expression)], exact: bool, report: &mut Report) -> Option<Self> {
        let before = report.len();
        let mut kinds = BTreeMap::new();
        for (key, value) in entries {
            let word = match key {
                ObjectKey::Word(word) => word,
                ObjectKey::Expression(key) => {
                    report.add(key.range, INVALID, "Object constructor map keys must be attribute names.");
                    continue;
                }
            };
            let value = match &value.kind {
                Syntax::Call { name, name_range, arguments, close, .. } if name == "optional" => {
                    let given = Range { start: name_range.end, end: close.end };
                    match arguments.as_slice() {
                        [] => {
                            let detail =
                                "Optional attribute modifier requires the attribute type as its argument.";
                            report.add(given, INVALID, detail);
                            continue;
                        }
                        _ if exact => {
                            let detail = "Optional attribute modifier is only for type constraints, not for exact types.";
                            report.add(*name_range, INVALID, detail);
                        }
                        // Nothing is left out all the same.
                        [_] => {}
                        _ => {
                            let detail =
                                "Optional attribute modifier expects only one argument: the attribute type.";
                            report.add(given, INVALID, detail);
                        }
                    }
                    arguments.first().unwrap_or(value)
                }
                _ => value,
            };
            kinds.extend(Self::read(value, exact, report).map(|kind| (word.clone(), kind)));
        }
        (report.len() == before).then_some(Self::Object(kinds))
    }

    /// The type of a value; `None` where it can be any.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Unknown | Value::Null => return None,
            Value::Bool(_) => Self::Truth,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::List(items) => Self::Tuple(items.iter().map(Self::of).collect::<Option<_>>()?),
            Value::Object(entries) => {
                let entry = |(name, value): (&String, &Value)| Some((name.clone(), Self::of(value)?));
                Self::Object(entries.iter().map(entry).collect::<Option<_>>()?)
            }
        })
    }

    /// Whether an argument's text is the value itself.
    pub(crate) fn is_simple(&self) -> bool {
        matches!(self, Self::Text | Self::Number)
    }

    /// A value of this type; an error says what is wanted.
    pub(crate) fn convert(&self, value: Value) -> Result<Value, Misfit> {
        if matches!(value, Value::Null | Value::Unknown) {
            return Ok(value);
        }
        match (self, value) {
            (Self::Text, value) => {
                as_string(&value).map(Value::String).ok_or_else(|| Misfit::of(&value, string_wanted(&value)))
            }
            (Self::Number, value) => {
                as_number(&value).map(Value::Number).ok_or_else(|| Misfit::of(&value, number_wanted(&value)))
            }
            (Self::Truth, value) => {
                as_truth(&value).map(Value::Bool).ok_or_else(|| Misfit::of(&value, truth_wanted(&value)))
            }
            (Self::List(kind) | Self::Set(kind), Value::List(items)) => {
                let converted = items.into_iter().enumerate().map(|(at, item)| {
                    kind.convert(item).map_err(|misfit| misfit.within(&format!("element {at}")))
                });
                let mut items: Vec<Value> = converted.collect::<Result<_, _>>()?;
                if **kind == Self::Any {
                    items = alike(items).ok_or_else(|| one_type("list"))?;
                }
                if matches!(self, Self::Set(_)) {
                    items = crate::functions::as_set(items);
                }
                Ok(Value::List(items))
            }
            (Self::Map(kind), Value::Object(entries)) => {
                let converted = entries.into_iter().map(|(key, value)| {
                    let value =
                        kind.convert(value).map_err(|misfit| misfit.within(&format!("element \"{key}\"")))?;
                    Ok((key, value))
                });
                let entries = converted.collect::<Result<BTreeMap<_, _>, Misfit>>()?;
                if **kind != Self::Any {
                    return Ok(Value::Object(entries));
                }
                let (keys, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
                let values = alike(values).ok_or_else(|| one_type("map"))?;
                Ok(Value::Object(keys.into_iter().zip(values).collect()))
            }
            (Self::Any, value) => Ok(value),
            (Self::Tuple(kinds), Value::List(items)) if kinds.len() == items.len() => {
                let converted = kinds.iter().zip(items).map(|(kind, item)| kind.convert(item));
                converted.collect::<Result<_, _>>().map(Value::List).map_err(|misfit| match misfit {
                    // What is wrong with an element is not told.
                    Misfit::Type(_) => Misfit::Type("tuple required".to_owned()),
                    value => value,
                })
            }
            (Self::Object(kinds), Value::Object(entries)) => convert_object(kinds, entries),
            (wanted, value) => Err(Misfit::Type(wanted.refusal(&value))),
        }
    }

    /// What is said of a value that has another shape.
    fn refusal(&self, value: &Value) -> String {
        let is_primitive = !matches!(value, Value::List(_) | Value::Object(_));
        let tells = match (self, value) {
            (Self::Object(_), Value::List(_)) => true,
            _ => is_primitive,
        };
        if tells {
            format!("{} required, but have {}", self.name(), value.kind_name())
        } else {
            format!("{} required", self.name())
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Truth => "bool".to_owned(),
            Self::List(kind) => format!("list of {}", kind.name()),
            Self::Set(kind) => format!("set of {}", kind.name()),
            Self::Map(kind) => format!("map of {}", kind.name()),
            Self::Tuple(_) => "tuple".to_owned(),
            Self::Object(_) => "object".to_owned(),
            Self::Any => "dynamic".to_owned(),
        }
    }
}

fn one_type(of: &str) -> Misfit {
    let parts = if of == "map" { "map elements" } else { "list elements" };
    Misfit::Type(format!("all {parts} must have the same type"))
}

/// Why a value is not of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// No value of its type could be; says which of its elements it is.
    Type(String),
    /// This one is not.
    Value(String),
}

impl Misfit {
    fn of(value: &Value, text: String) -> Self {
        if matches!(value, Value::String(_)) { Self::Value(text) } else { Self::Type(text) }
    }

    fn within(self, place: &str) -> Self {
        match self {
            Self::Type(text) => Self::Type(format!("{place}: {text}")),
            value => value,
        }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Type(text) | Self::Value(text) => f.write_str(text),
        }
    }
}

fn convert_object(
    kinds: &BTreeMap<String, Kind>,
    mut entries: BTreeMap<String, Value>,
) -> Result<Value, Misfit> {
    let missing: Vec<String> =
        kinds.keys().filter(|name| !entries.contains_key(*name)).map(|name| format!("\"{name}\"")).collect();
    let missing = match missing.as_slice() {
        [] => None,
        [one] => Some(format!("attribute {one} is required")),
        [one, other] => Some(format!("attributes {one} and {other} are required")),
        [first @ .., last] => Some(format!("attributes {}, and {last} are required", first.join(", "))),
    };
    if let Some(missing) = missing {
        return Err(Misfit::Type(missing));
    }
    let converted = kinds.iter().map(|(name, kind)| {
        let value = entries.remove(name).unwrap_or(Value::Null);
        let value = kind.convert(value).map_err(|misfit| misfit.within(&format!("attribute \"{name}\"")))?;
        Ok((name.clone(), value))
    });
    converted.collect::<Result<_, Misfit>>().map(Value::Object)
}

/// What a type that needs an argument says without one.
fn one_argument(name: &str) -> Option<String> {
    Some(match name {
        "object" => "The object type constructor requires one argument specifying the attribute types and values as a map.".to_owned(),
        "tuple" => "The tuple type constructor requires one argument specifying the element types as a list.".to_owned(),
        "list" | "set" | "map" => {
            format!("The {name} type constructor requires one argument specifying the element type.")
        }
        _ => return None,
    })
}

fn only_optional() -> String {
    "Keyword \"optional\" is valid only as a modifier for object type attributes.".to_owned()
}
