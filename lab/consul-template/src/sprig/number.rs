//! Whole numbers, and rounding.

use lab_template::{Signature, Type, Value};

use super::{Arguments, at, integer_at, text_at, unknown};

/// How many numbers a list gets at most.
const MOST: usize = 1_000_000;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Integer, Text};
    Some(match name {
        "atoi" => Signature::fixed(&[Text]),
        "int" | "int64" | "float64" | "toDecimal" | "add1" | "ceil" | "floor" => Signature::fixed(&[Any]),
        "add" => Signature::variadic(&[], Any),
        "mul" | "max" | "biggest" | "min" | "maxf" | "minf" => Signature::variadic(&[Any], Any),
        "sub" | "div" | "mod" => Signature::fixed(&[Any, Any]),
        "until" => Signature::fixed(&[Integer]),
        "untilStep" => Signature::fixed(&[Integer, Integer, Integer]),
        "seq" => Signature::variadic(&[], Integer),
        "round" => Signature::variadic(&[Any, Integer], Any),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let numbers = || arguments.iter().map(integer);
    let reals = || arguments.iter().map(float);
    let (one, other) = (integer(at(arguments, 0)), integer(at(arguments, 1)));
    let divided = |result: Option<i64>| result.ok_or("runtime error: integer divide by zero".to_owned());
    let number = |index| integer_at(arguments, index);
    Ok(Value::Integer(match name {
        "atoi" => text_at(arguments, 0).parse().unwrap_or(0),
        "int" | "int64" => one,
        "toDecimal" => i64::from_str_radix(&at(arguments, 0).display(), 8).unwrap_or(0),
        "add1" => one.wrapping_add(1),
        "add" => numbers().fold(0, i64::wrapping_add),
        "mul" => numbers().fold(1, i64::wrapping_mul),
        "sub" => one.wrapping_sub(other),
        "div" if other == -1 => one.wrapping_neg(),
        "div" => divided(one.checked_div(other))?,
        "mod" if other == -1 => 0,
        "mod" => divided(one.checked_rem(other))?,
        "max" | "biggest" => numbers().max().unwrap_or(0),
        "min" => numbers().min().unwrap_or(0),
        "float64" => return Ok(Value::Float(float(at(arguments, 0)))),
        "ceil" => return Ok(Value::Float(float(at(arguments, 0)).ceil())),
        "floor" => return Ok(Value::Float(float(at(arguments, 0)).floor())),
        "maxf" => return Ok(Value::Float(reals().fold(f64::NEG_INFINITY, f64::max))),
        "minf" => return Ok(Value::Float(reals().fold(f64::INFINITY, f64::min))),
        "round" => return Ok(Value::Float(rounded(arguments))),
        "until" => return steps(0, number(0), if number(0) < 0 { -1 } else { 1 }).map(Value::list),
        "untilStep" => return steps(number(0), number(1), number(2)).map(Value::list),
        "seq" => return sequence(arguments),
        _ => return unknown(name),
    }))
}

/// As the library that Sprig asks reads numbers: texts with their base before them, fractions cut off, anything else 0.
pub(super) fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        Value::Float(number) => *number as i64,
        Value::Bool(truth) => i64::from(*truth),
        Value::Text(text) | Value::Number(text) => {
            let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
            with_base(whole).unwrap_or(0)
        }
        _ => 0,
    }
}

fn with_base(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
}

/// The same for fractions.
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Integer(number) => *number as f64,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Text(text) | Value::Number(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// `round VALUE PLACES [FROM]`: up from a half on, or from another fraction.
fn rounded(arguments: Arguments<'_>) -> f64 {
    let from = arguments.get(2).map_or(0.5, float);
    let power = 10_f64.powi(i32::try_from(integer_at(arguments, 1)).unwrap_or(0));
    let digits = power * float(at(arguments, 0));
    (if digits.fract() >= from { digits.ceil() } else { digits.floor() }) / power
}

/// The numbers from `start` up or down to `stop`, which is not among them.
fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<Value>, String> {
    let mut numbers = Vec::new();
    let mut next = start;
    while if stop < start { step < 0 && next > stop } else { step > 0 && next < stop } {
        if numbers.len() == MOST {
            return Err(format!("a list of more than {MOST} numbers"));
        }
        numbers.push(Value::Integer(next));
        let Some(following) = next.checked_add(step) else { break };
        next = following;
    }
    Ok(numbers)
}

/// `seq [FIRST [STEP]] LAST`, as the program of that name.
fn sequence(arguments: Arguments<'_>) -> Result<Value, String> {
    let number = |index| integer_at(arguments, index);
    let (first, step, last) = match arguments.len() {
        1 => (1, None, number(0)),
        2 => (number(0), None, number(1)),
        3 => (number(0), Some(number(1)), number(2)),
        _ => return Ok(Value::from("")),
    };
    let one = if last < first { -1 } else { 1 };
    if step.is_some_and(|step| one < 0 && step > 0) {
        return Ok(Value::from(""));
    }
    let numbers = steps(first, last.saturating_add(one), step.unwrap_or(one))?;
    Ok(Value::from(numbers.iter().map(Value::display).collect::<Vec<_>>().join(" ")))
}
