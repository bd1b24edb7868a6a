//! The values of expressions.

mod convert;
mod for_expression;
mod operator;
mod template;
mod traversal;
mod unify;
mod value;

use std::collections::BTreeMap;

pub(crate) use self::convert::{as_number, as_string, as_truth, number_wanted, string_wanted, truth_wanted};
use self::unify::Type;
pub(crate) use self::unify::alike;
pub(crate) use self::value::{Value, whole};

use crate::diagnostic::{Range, Report};
use crate::functions;
use crate::surroundings::Surroundings;
use crate::syntax::{Expression, Kind, ObjectKey};

/// The names that an expression may use.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) names: &'a BTreeMap<String, Value>,
    pub(crate) outer: Option<&'a Scope<'a>>,
    pub(crate) strangers: Strangers,
    pub(crate) surroundings: &'a dyn Surroundings,
}

/// What becomes of names that nobody defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strangers {
    /// They are left as they are, for the client of the job to fill in.
    ForTheClient,
    /// They are reported.
    Refused,
    /// They are reported, and so are calls of functions.
    RefusedWithCalls,
}

impl<'a> Scope<'a> {
    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.names.get(name).or_else(|| self.outer?.get(name))
    }

    /// The same with more names.
    pub(crate) fn with(&'a self, names: &'a BTreeMap<String, Value>) -> Scope<'a> {
        Scope { names, outer: Some(self), ..*self }
    }

    /// Whether there are names at all.
    fn has_names(&self) -> bool {
        !self.names.is_empty() || self.outer.is_some_and(Scope::has_names)
    }

    fn all_names(&self) -> Vec<&str> {
        let outer = self.outer.map(Scope::all_names).unwrap_or_default();
        self.names.keys().map(String::as_str).chain(outer).collect()
    }
}

/// The value of an expression; [`Value::Unknown`] where it has none, which is then reported.
pub(crate) fn evaluate(expression: &Expression, scope: &Scope<'_>, report: &mut Report) -> Value {
    match &expression.kind {
        Kind::Literal(value) => value.clone(),
        Kind::Template(parts) => template::evaluate(parts, scope, report),
        Kind::Wrap(inner) | Kind::Parentheses(inner) => evaluate(inner, scope, report),
        Kind::Traversal { root, steps } => traversal::absolute(root, steps, expression.range, scope, report),
        Kind::Relative { source, steps } => {
            let value = evaluate(source, scope, report);
            traversal::follow(value, steps, report)
        }
        Kind::Index { source, key, bracket } => {
            let value = evaluate(source, scope, report);
            let key = evaluate(key, scope, report);
            traversal::index(&value, &key, *bracket, report)
        }
        Kind::Splat { source, steps } => {
            let value = evaluate(source, scope, report);
            splat(value, steps, report)
        }
        Kind::Call { name, name_range, arguments, expands, close } => {
            if scope.strangers == Strangers::RefusedWithCalls {
                let detail = "Functions may not be called here.";
                report.add(expression.range, "Function calls not allowed", detail);
                return Value::Unknown;
            }
            let call =
                functions::Call { name, name_range: *name_range, close: *close, range: expression.start };
            if !functions::is_known(&call, report) {
                return Value::Unknown;
            }
            if let ("convert", [value, kind]) = (name.as_str(), arguments.as_slice()) {
                return converted(value, kind, scope, report);
            }
            let mut values: Vec<(Value, Range)> = arguments
                .iter()
                .map(|argument| (lazily(name, argument, scope, report), argument.start))
                .collect();
            if *expands
                && let Some(last) = arguments.last()
                && !spread(&mut values, last.range, report)
            {
                return Value::Unknown;
            }
            functions::call(&call, values, scope.surroundings, report)
        }
        Kind::Conditional(parts) => conditional(parts, scope, report),
        Kind::Binary(operator, sides) => operator::binary(*operator, sides, scope, report),
        Kind::Unary(operator, operand) => {
            operator::unary(*operator, operand, expression.range, scope, report)
        }
        Kind::Tuple(items) => Value::List(items.iter().map(|item| evaluate(item, scope, report)).collect()),
        Kind::Object(entries) => object(entries, scope, report),
        Kind::For(parts) => for_expression::evaluate(parts, scope, report),
    }
}

/// `convert(value, type)`, whose second argument is not evaluated.
fn converted(value: &Expression, kind: &Expression, scope: &Scope<'_>, report: &mut Report) -> Value {
    let before = report.len();
    let given = evaluate(value, scope, report);
    let kind = crate::kind::Kind::parse_open(kind, report);
    let Some(kind) = kind.filter(|_| report.len() == before) else { return Value::Unknown };
    kind.convert(given).unwrap_or_else(|misfit| {
        let detail = format!("Invalid value for \"value\" parameter: {misfit}.");
        report.add(value.start, "Invalid function argument", detail);
        Value::Unknown
    })
}

/// `try` and `can` want to know whether an argument has a value, without a report.
fn lazily(function: &str, argument: &Expression, scope: &Scope<'_>, report: &mut Report) -> Value {
    let before = report.len();
    let value = evaluate(argument, scope, report);
    if matches!(function, "try" | "can") && report.len() > before {
        report.truncate(before);
        return Value::Unknown;
    }
    value
}

/// Puts the items of the last argument, which stands at `range`, in its place; whether it has any.
fn spread(arguments: &mut Vec<(Value, Range)>, range: Range, report: &mut Report) -> bool {
    let detail = match arguments.pop() {
        Some((Value::List(items), _)) => {
            arguments.extend(items.into_iter().map(|item| (item, range)));
            return true;
        }
        Some((Value::Unknown, _)) | None => return false,
        Some((Value::Null, _)) => "The expanding argument (indicated by ...) must not be null.",
        Some(_) => "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
    };
    report.add(range, "Invalid expanding argument value", detail);
    false
}

/// Both results are looked at, whichever counts: they must be of types that go together.
fn conditional(parts: &[Expression; 3], scope: &Scope<'_>, report: &mut Report) -> Value {
    let [condition, yes, no] = parts;
    let before = report.len();
    let yes_value = evaluate(yes, scope, report);
    let of_yes = report.split_off(before);
    let no_value = evaluate(no, scope, report);
    let of_no = report.split_off(before);
    let Some(common) = Type::of(&yes_value).unify(&Type::of(&no_value)) else {
        let why = Type::of(&yes_value).mismatch(&Type::of(&no_value));
        let detail = format!("The true and false result expressions must have consistent types. {why}.");
        report.add(yes.range.to(no.range), "Inconsistent conditional result types", detail);
        return Value::Unknown;
    };
    let value = evaluate(condition, scope, report);
    match truth_of(&value, condition.range, report) {
        Some(truth) => {
            let (value, problems) = if truth { (yes_value, of_yes) } else { (no_value, of_no) };
            report.list.extend(problems);
            common.convert(value)
        }
        None => Value::Unknown,
    }
}

/// Whether a condition, which stands at `range`, holds.
fn truth_of(value: &Value, range: Range, report: &mut Report) -> Option<bool> {
    let truth = as_truth(value);
    match value {
        Value::Unknown => {}
        Value::Null => {
            let detail = "The condition value is null. Conditions must either be true or false.";
            report.add(range, "Null condition", detail);
        }
        _ if truth.is_none() => {
            let detail = "The condition expression must be of type bool.";
            report.add(range, "Incorrect condition type", detail);
        }
        _ => {}
    }
    truth
}

fn object(entries: &[(ObjectKey, Expression)], scope: &Scope<'_>, report: &mut Report) -> Value {
    let mut object = BTreeMap::new();
    for (key, value) in entries {
        let key = match key {
            ObjectKey::Word(word) => Some(word.clone()),
            ObjectKey::Expression(expression) => {
                let key = evaluate(expression, scope, report);
                let text = as_string(&key);
                if key == Value::Null {
                    report.add(expression.range, "Null value as key", "Can't use a null value as a key.");
                } else if text.is_none() && key != Value::Unknown {
                    let detail = format!("Can't use this value as a key: {}.", string_wanted(&key));
                    report.add(expression.range, "Incorrect key type", detail);
                }
                text
            }
        };
        let value = evaluate(value, scope, report);
        match key {
            Some(key) => drop(object.insert(key, value)),
            None => return Value::Unknown,
        }
    }
    Value::Object(object)
}

/// Every item with its key.
pub(crate) fn items(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::List(items) => Some(
            items.iter().enumerate().map(|(at, item)| (Value::Number(at as f64), item.clone())).collect(),
        ),
        Value::Object(entries) => {
            Some(entries.iter().map(|(key, item)| (Value::String(key.clone()), item.clone())).collect())
        }
        _ => None,
    }
}

fn splat(value: Value, steps: &[(crate::syntax::Step, Range)], report: &mut Report) -> Value {
    let items = match value {
        Value::Unknown => return Value::Unknown,
        Value::Null => Vec::new(),
        Value::List(items) => items,
        single => vec![single],
    };
    Value::List(items.into_iter().map(|item| traversal::follow(item, steps, report)).collect())
}
