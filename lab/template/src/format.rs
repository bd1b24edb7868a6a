//! How Go's `fmt` prints values.

use crate::Value;

/// As `%v` prints it.
pub(crate) fn display(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// As a template prints the value of an action.
pub(crate) fn print(value: &Value) -> String {
    match value {
        Value::Missing | Value::Nil => "<no value>".to_owned(),
        value => display(value),
    }
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Missing | Value::Nil | Value::NilPointer(_) => text.push_str("<nil>"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => text.push_str(&number.to_string()),
        Value::Float(number) => text.push_str(&float(*number)),
        Value::Number(shown) | Value::Text(shown) => text.push_str(shown),
        Value::List(items) | Value::Texts(items) => {
            text.push('[');
            joined(text, items.iter(), |text, item| write(item, text));
            text.push(']');
        }
        Value::Map(entries) => {
            text.push_str("map[");
            joined(text, entries.iter(), |text, (key, value)| {
                text.push_str(key);
                text.push(':');
                write(value, text);
            });
            text.push(']');
        }
        Value::Object(object) => match object.method("String") {
            Some(shown) => write(shown, text),
            None => {
                text.push_str(if object.type_name.starts_with('*') { "&{" } else { "{" });
                joined(text, object.fields.iter(), |text, (_, value)| write(value, text));
                text.push('}');
            }
        },
    }
}

fn joined<T>(text: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(' ');
        }
        write(text, item);
    }
}

/// As `%v` prints a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{number}")
}

/// As `fmt.Sprint` does: a space between two operands of which neither is a string.
pub(crate) fn sprint(values: &[Value]) -> String {
    let mut text = String::new();
    let mut previous_is_text = true;
    for (index, value) in values.iter().enumerate() {
        let is_text = value.as_text().is_some();
        if index > 0 && !is_text && !previous_is_text {
            text.push(' ');
        }
        write(value, &mut text);
        previous_is_text = is_text;
    }
    text
}

/// As `fmt.Sprintln` does: a space between all operands, and a newline.
pub(crate) fn sprintln(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(display).collect();
    format!("{}\n", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_go_prints_them() {
        for (number, shown) in [
            (1.0, "1"),
            (2.5, "2.5"),
            (999999.0, "999999"),
            (1234567.0, "1.234567e+06"),
            (1e20, "1e+20"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-3.25, "-3.25"),
            (0.0, "0"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(float(number), shown);
        }
    }
}
