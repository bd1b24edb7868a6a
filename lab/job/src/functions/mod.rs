//! The functions that a job file may call.

mod cidr;
mod collection;
mod crypto;
mod encoding;
mod file;
mod format;
mod glob;
mod number;
mod string;
mod time;
mod yaml;

pub(crate) use self::collection::as_set;

use std::sync::OnceLock;

use crate::diagnostic::{Range, Report};
use crate::eval::{Value, as_number, as_string, number_wanted, string_wanted, whole};
use crate::surroundings::Surroundings;

/// A call, for reports about it.
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) name_range: Range,
    /// The closing parenthesis.
    pub(crate) close: Range,
    pub(crate) range: Range,
}

/// Why a function has no result.
#[derive(Debug)]
enum Failure {
    /// The argument of this number is not what it must be.
    Argument(usize, String),
    /// It does not work with these arguments together.
    Function(String),
}

type Outcome = Result<Value, Failure>;

/// A function: its name, its parameters, how many of them must be there, whether the last may be repeated.
struct Function {
    name: &'static str,
    parameters: &'static [&'static str],
    required: usize,
    variadic: bool,
    body: Body,
}

#[derive(Clone, Copy)]
enum Body {
    Plain(fn(&[Value]) -> Outcome),
    /// One that looks at the machine.
    Outside(fn(&[Value], &dyn Surroundings) -> Outcome),
}

const fn plain(
    name: &'static str,
    parameters: &'static [&'static str],
    body: fn(&[Value]) -> Outcome,
) -> Function {
    Function { name, parameters, required: parameters.len(), variadic: false, body: Body::Plain(body) }
}

/// One that looks at the machine.
const fn outside(
    name: &'static str,
    parameters: &'static [&'static str],
    body: fn(&[Value], &dyn Surroundings) -> Outcome,
) -> Function {
    Function { name, parameters, required: parameters.len(), variadic: false, body: Body::Outside(body) }
}

/// With any number of arguments like the last, but at least `required`.
const fn variadic(
    name: &'static str,
    parameters: &'static [&'static str],
    required: usize,
    body: fn(&[Value]) -> Outcome,
) -> Function {
    Function { name, parameters, required, variadic: true, body: Body::Plain(body) }
}

fn all() -> &'static [Function] {
    static ALL: OnceLock<Vec<Function>> = OnceLock::new();
    ALL.get_or_init(|| {
        let families = [
            string::FUNCTIONS,
            file::FUNCTIONS,
            crypto::FUNCTIONS,
            yaml::FUNCTIONS,
            cidr::FUNCTIONS,
            format::FUNCTIONS,
            collection::FUNCTIONS,
            number::FUNCTIONS,
            encoding::FUNCTIONS,
            time::FUNCTIONS,
        ];
        families.into_iter().flatten().map(|function| Function { ..*function }).collect()
    })
}

/// Whether there is a function of this name; that there is none is reported.
pub(crate) fn is_known(call: &Call<'_>, report: &mut Report) -> bool {
    if all().iter().any(|function| function.name == call.name) {
        return true;
    }
    let mut names: Vec<&str> = all().iter().map(|function| function.name).collect();
    names.sort_unstable();
    let hint = crate::decode::suggestion(call.name, names.into_iter());
    let detail = format!("There is no function named \"{}\".{hint}", call.name);
    report.add(call.name_range, "Call to unknown function", detail);
    false
}

/// Calls a function; [`Value::Unknown`] where it has no result, which is then reported.
pub(crate) fn call(
    call: &Call<'_>,
    arguments: Vec<(Value, Range)>,
    surroundings: &dyn Surroundings,
    report: &mut Report,
) -> Value {
    let Some(function) = all().iter().find(|function| function.name == call.name) else {
        return Value::Unknown;
    };
    if !right_number(function, call, &arguments, report) {
        return Value::Unknown;
    }
    let lazy = matches!(function.name, "try" | "can");
    if !lazy && arguments.iter().any(|(value, _)| value.has_unknown()) {
        return Value::Unknown;
    }
    let values: Vec<Value> = arguments.iter().map(|(value, _)| value.clone()).collect();
    let outcome = match function.body {
        _ if file::is_one(function.name) && !surroundings.has_files() => {
            Err(fail("filesystem function disabled"))
        }
        Body::Plain(body) => body(&values),
        Body::Outside(body) => body(&values, surroundings),
    };
    match outcome {
        Ok(value) => value,
        Err(Failure::Argument(at, text)) => {
            let parameter = function.parameters.get(at).or(function.parameters.last()).unwrap_or(&"");
            let range = arguments.get(at).map_or(call.range, |(_, range)| *range);
            let detail = format!("Invalid value for \"{parameter}\" parameter: {text}.");
            report.add(range, "Invalid function argument", detail);
            Value::Unknown
        }
        Err(Failure::Function(text)) => {
            let detail = format!("Call to function \"{}\" failed: {text}.", call.name);
            report.add(call.range, "Error in function call", detail);
            Value::Unknown
        }
    }
}

fn right_number(
    function: &Function,
    call: &Call<'_>,
    arguments: &[(Value, Range)],
    report: &mut Report,
) -> bool {
    let (name, wanted) = (function.name, function.required);
    let at_least = if function.variadic { "at least " } else { "" };
    if arguments.len() < wanted {
        let missing = function.parameters.get(arguments.len()).unwrap_or(&"");
        let detail = format!(
            "Function \"{name}\" expects {at_least}{wanted} argument(s). Missing value for \"{missing}\"."
        );
        report.add(call.close, "Not enough function arguments", detail);
        return false;
    }
    if !function.variadic && arguments.len() > function.parameters.len() {
        let detail = format!("Function \"{name}\" expects only {} argument(s).", function.parameters.len());
        report.add(arguments[function.parameters.len()].1, "Too many function arguments", detail);
        return false;
    }
    true
}

fn text(arguments: &[Value], at: usize) -> Result<String, Failure> {
    let value = arguments.get(at).unwrap_or(&Value::Null);
    if *value == Value::Null {
        return Err(Failure::Argument(at, "argument must not be null".to_owned()));
    }
    as_string(value).ok_or_else(|| Failure::Argument(at, string_wanted(value)))
}

fn number(arguments: &[Value], at: usize) -> Result<f64, Failure> {
    let value = arguments.get(at).unwrap_or(&Value::Null);
    if *value == Value::Null {
        return Err(Failure::Argument(at, "argument must not be null".to_owned()));
    }
    as_number(value).ok_or_else(|| Failure::Argument(at, number_wanted(value)))
}

fn integer(arguments: &[Value], at: usize) -> Result<i64, Failure> {
    whole(number(arguments, at)?)
        .ok_or_else(|| Failure::Argument(at, "a whole number is required".to_owned()))
}

fn list(arguments: &[Value], at: usize) -> Result<&[Value], Failure> {
    match arguments.get(at) {
        Some(Value::List(items)) => Ok(items),
        other => {
            let have = other.map_or("nothing", Value::kind_name);
            Err(Failure::Argument(at, format!("list of any single type required, but have {have}")))
        }
    }
}

fn fail(text: impl Into<String>) -> Failure {
    Failure::Function(text.into())
}
