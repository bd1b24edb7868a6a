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
            let by_zero = matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo) && right == 0.0;
            if by_zero && operator == BinaryOperator::Divide {
                report.add(whole, "Division by zero", "Dividing by zero is not allowed.");
                return Value::Unknown;
            }
            // What is left of a division by zero is all of it.
            if by_zero { Value::Number(left) } else { arithmetic(operator, left, right) }
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

fn arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Value {
    match operator {
        BinaryOperator::Add => Value::Number(left + right),
        BinaryOperator::Subtract => Value::Number(left - right),
        BinaryOperator::Multiply => Value::Number(left * right),
        BinaryOperator::Divide => Value::Number(left / right),
        BinaryOperator::Modulo => Value::Number(left % right),
        BinaryOperator::Greater => Value::Bool(left > right),
        BinaryOperator::GreaterEqual => Value::Bool(left >= right),
        BinaryOperator::Less => Value::Bool(left < right),
        _ => Value::Bool(left <= right),
    }
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
