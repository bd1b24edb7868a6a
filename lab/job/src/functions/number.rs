//! Functions on numbers.

use super::{Failure, Function, Outcome, fail, integer, number, plain, text, variadic};
use crate::eval::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    plain("abs", &["num"], |given| Ok(Value::Number(number(given, 0)?.abs()))),
    plain("ceil", &["num"], |given| Ok(Value::Number(number(given, 0)?.ceil()))),
    plain("floor", &["num"], |given| Ok(Value::Number(number(given, 0)?.floor()))),
    plain("log", &["num", "base"], |given| Ok(Value::Number(number(given, 0)?.log(number(given, 1)?)))),
    plain("pow", &["num", "power"], |given| Ok(Value::Number(number(given, 0)?.powf(number(given, 1)?)))),
    plain("signum", &["num"], |given| {
        let number = number(given, 0)?;
        Ok(Value::Number(if number == 0.0 { 0.0 } else { number.signum() }))
    }),
    plain("parseint", &["number", "base"], parse_int),
    variadic("max", &["numbers"], 0, |given| extreme(given, f64::max)),
    variadic("min", &["numbers"], 0, |given| extreme(given, f64::min)),
];

fn extreme(given: &[Value], better: fn(f64, f64) -> f64) -> Outcome {
    if given.is_empty() {
        return Err(fail("must pass at least one number"));
    }
    let mut best = number(given, 0)?;
    for at in 1..given.len() {
        best = better(best, number(given, at)?);
    }
    Ok(Value::Number(best))
}

fn parse_int(given: &[Value]) -> Outcome {
    let source = text(given, 0)?;
    let base =
        u32::try_from(integer(given, 1)?).ok().filter(|base| (2..=62).contains(base)).ok_or_else(|| {
            Failure::Argument(1, "base must be a whole number between 2 and 62 inclusive".to_owned())
        })?;
    parsed(&source, base)
        .map(Value::Number)
        .ok_or_else(|| Failure::Argument(0, format!("cannot parse \"{source}\" as a base {base} integer")))
}

/// Beyond base 36 capital letters come after small ones.
fn parsed(source: &str, base: u32) -> Option<f64> {
    let (sign, digits) = match source.as_bytes() {
        [b'-', ..] => (-1.0, &source[1..]),
        [b'+', ..] => (1.0, &source[1..]),
        _ => (1.0, source),
    };
    let digit = |c: char| match c {
        '0'..='9' | 'a'..='z' => c.to_digit(36),
        'A'..='Z' if base > 36 => Some(c as u32 - 'A' as u32 + 36),
        'A'..='Z' => c.to_digit(36),
        _ => None,
    };
    let value = |sum: Option<f64>, c: char| {
        Some(sum? * f64::from(base) + f64::from(digit(c).filter(|digit| *digit < base)?))
    };
    let exact = i64::from_str_radix(digits, base.min(36)).ok().filter(|_| base <= 36);
    let sum = digits.chars().fold((!digits.is_empty()).then_some(0.0), value)?;
    Some(sign * exact.map_or(sum, |exact| exact as f64))
}
