//! Number literals.

use crate::Value;
use crate::quote::unquote;

/// The value of a literal that the lexer took for a number or a character constant; the error is Go's.
pub(crate) fn parse(literal: &str) -> Result<Value, String> {
    if literal.starts_with('\'') {
        let text = unquote(literal).filter(|text| text.chars().count() == 1);
        return match text.and_then(|text| text.chars().next()) {
            Some(c) => Ok(Value::Integer(i64::from(c as u32))),
            None => Err(format!("malformed character constant: {literal}")),
        };
    }
    let plain = literal.replace('_', "");
    if let Some(number) = integer(&plain) {
        return i64::try_from(number)
            .map(Value::Integer)
            .map_err(|_| format!("integer overflow: {literal:?}"));
    }
    match plain.parse::<f64>() {
        // Without these it is an integer that is too large.
        Ok(number) if plain.contains(['.', 'e', 'E']) && number.is_finite() => Ok(Value::Float(number)),
        Ok(_) if !plain.contains(['.', 'e', 'E']) => Err(format!("integer overflow: {literal:?}")),
        _ => Err(format!("illegal number syntax: {literal:?}")),
    }
}

fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_go_reads_them() {
        for (literal, value) in [
            ("0x1F", Value::Integer(31)),
            ("1_000", Value::Integer(1000)),
            ("017", Value::Integer(15)),
            ("-5", Value::Integer(-5)),
            ("'a'", Value::Integer(97)),
            ("1.5", Value::Float(1.5)),
            ("1e3", Value::Float(1000.0)),
        ] {
            assert_eq!(parse(literal), Ok(value), "{literal}");
        }
        assert_eq!(parse("'xx'"), Err("malformed character constant: 'xx'".to_owned()));
        assert_eq!(
            parse("99999999999999999999"),
            Err("integer overflow: \"99999999999999999999\"".to_owned())
        );
    }
}
