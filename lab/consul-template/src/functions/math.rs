//! Arithmetic. The operands come in the order of a pipeline: `7 | subtract 2` is 5.

use lab_template::{Signature, Type, Value};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    matches!(name, "add" | "subtract" | "multiply" | "divide" | "modulo" | "minimum" | "maximum")
        .then_some(Signature::fixed(&[Type::Any, Type::Any]))
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let [second, first] = arguments else { return Err(format!("{name:?} is not a defined function")) };
    match (first, second) {
        (Value::Integer(one), Value::Integer(other)) => whole(name, *one, *other).map(Value::Integer),
        (Value::Integer(one), Value::Float(other)) => real(name, *one as f64, *other).map(Value::Float),
        (Value::Float(one), Value::Integer(other)) => real(name, *one, *other as f64).map(Value::Float),
        (Value::Float(one), Value::Float(other)) => real(name, *one, *other).map(Value::Float),
        (Value::Integer(_) | Value::Float(_), other) | (other, _) => {
            let shown = lab_template::quote(&other.display());
            Err(format!("{name}: unknown type for {shown} ({})", other.type_name()))
        }
    }
}

fn whole(name: &str, one: i64, other: i64) -> Result<i64, String> {
    Ok(match name {
        "add" => one.wrapping_add(other),
        "subtract" => one.wrapping_sub(other),
        "multiply" => one.wrapping_mul(other),
        "divide" | "modulo" if other == 0 => return Err("runtime error: integer divide by zero".to_owned()),
        "divide" => one.wrapping_div(other),
        "modulo" => one.wrapping_rem(other),
        "minimum" => one.min(other),
        _ => one.max(other),
    })
}

fn real(name: &str, one: f64, other: f64) -> Result<f64, String> {
    Ok(match name {
        "add" => one + other,
        "subtract" => one - other,
        "multiply" => one * other,
        "divide" => one / other,
        "modulo" => return Err(format!("modulo: unknown type for \"{one}\" (float64)")),
        "minimum" => one.min(other),
        _ => one.max(other),
    })
}
