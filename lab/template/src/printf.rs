//! `printf`, with what it says of wrong verbs.

use crate::Value;
use crate::format::{display, float};
use crate::quote::{quote, quote_char};

#[derive(Clone, Copy, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// As `fmt.Sprintf`.
pub(crate) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut text = String::new();
    let mut values = values.iter();
    let mut characters = format.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut flags = read_flags(&mut characters);
        flags.width = read_number(&mut characters, &mut values);
        if characters.next_if_eq(&'.').is_some() {
            flags.precision = Some(read_number(&mut characters, &mut values).unwrap_or(0));
        }
        match characters.next() {
            None => text.push_str("%!(NOVERB)"),
            Some('%') => text.push('%'),
            Some(verb) => match values.next() {
                None => text.push_str(&format!("%!{verb}(MISSING)")),
                Some(value) => text.push_str(&one(verb, flags, value)),
            },
        }
    }
    let extra: Vec<String> = values
        .map(|value| match value {
            Value::Nil | Value::Missing => "<nil>".to_owned(),
            value => format!("{}={}", value.type_name(), display(value)),
        })
        .collect();
    if !extra.is_empty() {
        text.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    text
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn read_flags(characters: &mut Characters<'_>) -> Flags {
    let mut flags = Flags::default();
    loop {
        match characters.peek() {
            Some('+') => flags.plus = true,
            Some('-') => flags.minus = true,
            Some('#') => flags.sharp = true,
            Some(' ') => flags.space = true,
            Some('0') => flags.zero = true,
            _ => return flags,
        }
        characters.next();
    }
}

/// A width or precision; nobody needs one above a thousand, and a larger one must not fill the memory.
fn read_number<'v>(
    characters: &mut Characters<'_>,
    values: &mut impl Iterator<Item = &'v Value>,
) -> Option<usize> {
    if characters.next_if_eq(&'*').is_some() {
        return match values.next() {
            Some(Value::Integer(number)) => usize::try_from(*number).ok().map(|number| number.min(1000)),
            _ => None,
        };
    }
    let mut number = None;
    while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
        characters.next();
        number = Some((number.unwrap_or(0) * 10 + digit as usize).min(1000));
    }
    number
}

fn one(verb: char, flags: Flags, value: &Value) -> String {
    let numeric = matches!(value, Value::Integer(_) | Value::Float(_));
    let shown = match verb {
        'T' => Some(if matches!(value, Value::Nil | Value::Missing) {
            "<nil>".to_owned()
        } else {
            value.type_name().to_owned()
        }),
        'v' if flags.sharp => Some(go_syntax(value)),
        'v' if numeric => number('v', flags, value),
        'v' => Some(display(value)),
        _ if numeric => number(verb, flags, value),
        _ => other(verb, flags, value),
    };
    let Some(shown) = shown else { return bad_verb(verb, value) };
    let width = flags.width.unwrap_or(0);
    let missing = width.saturating_sub(shown.chars().count());
    if flags.minus {
        format!("{shown}{}", " ".repeat(missing))
    } else if flags.zero && numeric {
        let (sign, digits) = shown.split_at(usize::from(shown.starts_with(['+', '-', ' '])));
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{shown}", " ".repeat(missing))
    }
}

fn number(verb: char, flags: Flags, value: &Value) -> Option<String> {
    let (negative, digits) = match value {
        Value::Integer(number) => (*number < 0, integer(verb, flags, number.unsigned_abs())?),
        Value::Float(number) => (number.is_sign_negative(), floating(verb, flags, number.abs())?),
        _ => return None,
    };
    let sign = match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    Some(format!("{sign}{digits}"))
}

fn integer(verb: char, flags: Flags, number: u64) -> Option<String> {
    let prefix =
        |prefix: &str, digits: String| if flags.sharp { format!("{prefix}{digits}") } else { digits };
    Some(match verb {
        'v' | 'd' => number.to_string(),
        'x' => prefix("0x", format!("{number:x}")),
        'X' => prefix("0X", format!("{number:X}")),
        'o' => prefix("0", format!("{number:o}")),
        'b' => prefix("0b", format!("{number:b}")),
        'c' => u32::try_from(number)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
            .to_string(),
        'q' => quote_char(
            u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        ),
        'U' => format!("U+{number:04X}"),
        _ => return None,
    })
}

fn floating(verb: char, flags: Flags, number: f64) -> Option<String> {
    Some(match (verb, flags.precision) {
        ('v' | 'g' | 'G', _) => float(number),
        ('f' | 'F', precision) => format!("{number:.*}", precision.unwrap_or(6)),
        ('e', precision) => {
            let shown = format!("{number:.*e}", precision.unwrap_or(6));
            let (mantissa, exponent) = shown.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        _ => return None,
    })
}

fn other(verb: char, flags: Flags, value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(truth) if verb == 't' => return Some(truth.to_string()),
        Value::Text(text) | Value::Number(text) => text,
        // A list or map passes the verb on to what it holds.
        Value::List(items) | Value::Texts(items) => {
            let items: Vec<String> = items.iter().map(|item| inner(verb, flags, item)).collect();
            return Some(format!("[{}]", items.join(" ")));
        }
        Value::Map(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}:{}", inner(verb, flags, &Value::from(key.as_str())), inner(verb, flags, value))
            };
            return Some(format!("map[{}]", entries.iter().map(entry).collect::<Vec<_>>().join(" ")));
        }
        _ => return None,
    };
    let cut: String = text.chars().take(flags.precision.unwrap_or(usize::MAX)).collect();
    match verb {
        's' => Some(cut),
        'q' => Some(quote(&cut)),
        'x' => Some(cut.bytes().map(|byte| format!("{byte:02x}")).collect()),
        'X' => Some(cut.bytes().map(|byte| format!("{byte:02X}")).collect()),
        _ => None,
    }
}

/// What a list or map holds, which takes the verb but not the width.
fn inner(verb: char, flags: Flags, value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        value => one(verb, Flags { width: None, ..flags }, value),
    }
}

fn go_syntax(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Number(text) => quote(text),
        Value::List(items) | Value::Texts(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("{}{{{}}}", value.type_name(), items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}:{}", quote(key), go_syntax(value))).collect();
            format!("{}{{{}}}", value.type_name(), entries.join(", "))
        }
        value => display(value),
    }
}

fn bad_verb(verb: char, value: &Value) -> String {
    match value {
        Value::Nil | Value::Missing => format!("%!{verb}(<nil>)"),
        value => format!("%!{verb}({}={})", value.type_name(), display(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_flags_and_complaints_are_gos() {
        let cases: &[(&str, &[Value], &str)] = &[
            (
                "%05d|%-5s|%5s|%t",
                &[42.into(), "ab".into(), "cd".into(), true.into()],
                "00042|ab   |   cd|true",
            ),
            ("%d", &["x".into()], "%!d(string=x)"),
            ("%s", &[5.into()], "%!s(int=5)"),
            ("%d", &[], "%!d(MISSING)"),
            ("a", &[1.into()], "a%!(EXTRA int=1)"),
            ("%", &[], "%!(NOVERB)"),
            (
                "%q %x %X %c %U %#x %o %b",
                &[
                    "a\"".into(),
                    "hi".into(),
                    255.into(),
                    65.into(),
                    65.into(),
                    255.into(),
                    8.into(),
                    5.into(),
                ],
                "\"a\\\"\" 6869 FF A U+0041 0xff 10 101",
            ),
            (
                "%.2f %e %v %g %+d %6.2f|%.3s",
                &[
                    Value::Float(2.5),
                    Value::Float(12345.678),
                    Value::Float(1e21),
                    Value::Float(0.5),
                    5.into(),
                    Value::Float(7.12345),
                    "abcdef".into(),
                ],
                "2.50 1.234568e+04 1e+21 0.5 +5   7.12|abc",
            ),
            (
                "%s %d %v %T %#v",
                &[
                    Value::texts(["a", "b"]),
                    Value::list([1.into()]),
                    Value::Nil,
                    Value::Nil,
                    Value::texts(["a"]),
                ],
                "[a b] [1] <nil> <nil> []string{\"a\"}",
            ),
            ("%s %%", &[Value::Nil], "%!s(<nil>) %"),
            ("%99999999999d", &[1.into()], &format!("{:>1000}", 1)),
        ];
        for (format, values, shown) in cases {
            assert_eq!(sprintf(format, values), *shown, "{format}");
        }
    }
}
