//! Operators.

use super::convert::{number_wanted, truth_wanted};
use super::{Scope, Value, as_number, as_truth, evaluate};
use crate::diagnostic::{Range, Report};
use crate::syntax::{BinaryOperator, Expression, UnaryOperator};

/// `left operator right`
pub(super) fn binary(
    operator: BinaryOperator,
    sides: &[Expression; 2],
    scope: &Scope<'_>,
    report: &mut Report,
) -> Value {
    let [left, right] = sides;
    let (left_value, right_value) = (evaluate(left, scope, report), evaluate(right, scope, report));
    if left_value == Value::Unknown || right_value == Value::Unknown {
        return Value::Unknown;
    }
    let whole = left.range.to(right.range);
    match operator {
        BinaryOperator::Equal => Value::Bool(left_value == right_value),
        BinaryOperator::NotEqual => Value::Bool(left_value != right_value),
        BinaryOperator::And | BinaryOperator::Or => {
            let left = operand(&left_value, left, "left", as_truth, truth_wanted, report);
            let right = operand(&right_value, right, "right", as_truth, truth_wanted, report);
            match both(left, right, whole, report) {
                Some((left, right)) if operator == BinaryOperator::And => Value::Bool(left && right),
                Some((left, right)) => Value::Bool(left || right),
                None => Value::Unknown,
            }
        }
        _ => {
            let left = operand(&left_value, left, "left", as_number, number_wanted, report);
            let right = operand(&right_value, right, "right", as_number, number_wanted, report);
            let Some((left, right)) = both(left, right, whole, report) else { return Value::Unknown };
            arithmetic(operator, left, right).unwrap_or_else(|told| {
                report.add(whole, "Operation failed", format!("Error during operation: {told}."));
                Value::Unknown
            })
        }
    }
}

/// Both sides, if both are there; a null is reported.
fn both<T>(
    left: Result<T, Missing>,
    right: Result<T, Missing>,
    whole: Range,
    report: &mut Report,
) -> Option<(T, T)> {
    match (left, right) {
        (Ok(left), Ok(right)) => Some((left, right)),
        (Err(Missing::Reported), _) | (_, Err(Missing::Reported)) => None,
        _ => {
            fail_on_null(whole, report);
            None
        }
    }
}

fn fail_on_null(range: Range, report: &mut Report) {
    report.add(range, "Operation failed", "Error during operation: argument must not be null.");
}

/// What two numbers make. Infinity is a number; what is none, is refused.
fn arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Result<Value, &'static str> {
    let (number, told) = match operator {
        BinaryOperator::Add => (left + right, "can't compute sum of opposing infinities"),
        BinaryOperator::Subtract => (left - right, "can't subtract infinity from itself"),
        BinaryOperator::Multiply => (left * right, "can't multiply zero by infinity"),
        BinaryOperator::Divide => (left / right, "can't divide zero by zero or infinity by infinity"),
        // What is left of a division by zero is all of it.
        BinaryOperator::Modulo if right == 0.0 => (left, ""),
        BinaryOperator::Modulo if right.is_infinite() => {
            (f64::NAN, "can't use modulo with zero and infinity")
        }
        BinaryOperator::Modulo => (left % right, "can't use modulo with zero and infinity"),
        BinaryOperator::Greater => return Ok(Value::Bool(left > right)),
        BinaryOperator::GreaterEqual => return Ok(Value::Bool(left >= right)),
        BinaryOperator::Less => return Ok(Value::Bool(left < right)),
        _ => return Ok(Value::Bool(left <= right)),
    };
    if number.is_nan() { Err(told) } else { Ok(Value::Number(number)) }
}

/// `!operand`, `-operand`, which stands at `whole`.
pub(super) fn unary(
    operator: UnaryOperator,
    inner: &Expression,
    whole: Range,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Value {
    let value = evaluate(inner, scope, report);
    if value == Value::Unknown {
        return Value::Unknown;
    }
    let result = match operator {
        UnaryOperator::Not => {
            operand(&value, inner, "unary", as_truth, truth_wanted, report).map(|truth| Value::Bool(!truth))
        }
        UnaryOperator::Negate => operand(&value, inner, "unary", as_number, number_wanted, report)
            .map(|number| Value::Number(-number)),
    };
    result.unwrap_or_else(|missing| {
        if missing == Missing::Null {
            fail_on_null(whole, report);
        }
        Value::Unknown
    })
}

/// Why an operand cannot be worked with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Null,
    Reported,
}

fn operand<T>(
    value: &Value,
    expression: &Expression,
    which: &str,
    convert: fn(&Value) -> Option<T>,
    wanted: fn(&Value) -> String,
    report: &mut Report,
) -> Result<T, Missing> {
    if *value == Value::Null {
        return Err(Missing::Null);
    }
    convert(value).ok_or_else(|| {
        let detail = format!("Unsuitable value for {which} operand: {}.", wanted(value));
        report.add(expression.range, "Invalid operand", detail);
        Missing::Reported
    })
}
