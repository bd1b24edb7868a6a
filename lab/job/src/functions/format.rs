//! `format` and `formatlist`.

use super::{Failure, Function, Outcome, fail, text, variadic};
use crate::eval::{Value, as_number, as_string, number_wanted, string_wanted, truth_wanted, whole};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("format", &["format", "args"], 1, |given| {
        Ok(Value::String(format(&text(given, 0)?, given.get(1..).unwrap_or_default())?))
    }),
    variadic("formatlist", &["format", "args"], 1, format_list),
];

fn format_list(given: &[Value]) -> Outcome {
    let pattern = text(given, 0)?;
    let arguments = given.get(1..).unwrap_or_default();
    let lengths = arguments.iter().filter_map(|argument| match argument {
        Value::List(items) => Some(items.len()),
        _ => None,
    });
    let count = lengths.max().unwrap_or(1);
    let mut lines = Vec::new();
    for at in 0..count {
        let row = arguments.iter().map(|argument| match argument {
            Value::List(items) => {
                items.get(at).cloned().ok_or_else(|| fail("argument lists must have the same length"))
            }
            single => Ok(single.clone()),
        });
        let row = row.collect::<Result<Vec<_>, _>>()?;
        lines.push(Value::String(format(&pattern, &row)?));
    }
    Ok(Value::List(lines))
}

/// A verb such as `%-05.2f`.
#[derive(Default)]
struct Verb {
    minus: bool,
    plus: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

fn format(pattern: &str, arguments: &[Value]) -> Result<String, Failure> {
    let mut out = String::new();
    // How many have been used, and which is the next.
    let (mut used, mut next) = (0, 0);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (verb, following, index) = verb(after)?;
        rest = following;
        if verb.letter == '%' {
            out.push('%');
            continue;
        }
        let at = index.unwrap_or(next);
        // Where the percent sign stands, and all of the verb.
        let start = pattern.len() - after.len() - 1;
        let written = &pattern[start..pattern.len() - rest.len()];
        if !"vsqtdboxXfFeEgG".contains(verb.letter) {
            let letter = verb.letter;
            return Err(fail(format!(
                "unsupported format verb '{letter}' in \"{written}\" at offset {start}"
            )));
        }
        let Some(argument) = arguments.get(at) else {
            return Err(fail(format!(
                "not enough arguments for \"{written}\" at {start}: need index {} but have {} total",
                at + 1,
                arguments.len()
            )));
        };
        next = at + 1;
        used = used.max(next);
        let unsuitable = |why: String| fail(format!("unsupported value for \"{written}\" at {start}: {why}"));
        out.push_str(&pad(&verb, write(&verb, argument).map_err(unsuitable)?));
    }
    out.push_str(rest);
    if used < arguments.len() {
        let why = format!("too many arguments; only {used} used by format string");
        return Err(Failure::Argument(used + 1, why));
    }
    Ok(out)
}

/// The verb after a percent sign, what follows it, and the argument that it names.
fn verb(text: &str) -> Result<(Verb, &str, Option<usize>), Failure> {
    let mut verb = Verb::default();
    let mut index = None;
    let mut characters = text.char_indices().peekable();
    let digits = |characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>| {
        let mut number = 0_usize;
        while let Some((_, digit)) = characters.next_if(|(_, c)| c.is_ascii_digit()) {
            number = number.saturating_mul(10).saturating_add(digit as usize - '0' as usize).min(10_000);
        }
        number
    };
    while let Some((at, c)) = characters.next() {
        match c {
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            '#' => verb.sharp = true,
            ' ' => {}
            '0' => verb.zero = true,
            '[' => {
                index = digits(&mut characters).checked_sub(1);
                characters.next_if(|(_, c)| *c == ']');
            }
            '1'..='9' => {
                let first = c as usize - '0' as usize;
                let mut number = first;
                while let Some((_, digit)) = characters.next_if(|(_, c)| c.is_ascii_digit()) {
                    number = (number * 10 + digit as usize - '0' as usize).min(10_000);
                }
                verb.width = number;
            }
            '.' => verb.precision = Some(digits(&mut characters)),
            letter => {
                verb.letter = letter;
                return Ok((verb, &text[at + letter.len_utf8()..], index));
            }
        }
    }
    Err(fail("unterminated format verb"))
}

/// A value by its verb; an error says what the verb wants.
fn write(verb: &Verb, argument: &Value) -> Result<String, String> {
    if *argument == Value::Null && verb.letter != 'v' {
        return Err("null value cannot be formatted".to_owned());
    }
    let string = || as_string(argument).ok_or_else(|| string_wanted(argument));
    let number = || as_number(argument).ok_or_else(|| number_wanted(argument));
    let cut = |text: String| match verb.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    };
    let signed = |text: String| if verb.plus && !text.starts_with('-') { format!("+{text}") } else { text };
    let integer = || Ok::<i64, String>(number()?.trunc() as i64);
    Ok(match verb.letter {
        'v' if verb.sharp => argument.to_json().to_string(),
        'v' => match argument {
            Value::List(_) | Value::Object(_) => argument.to_json().to_string(),
            Value::Null | Value::Unknown => "null".to_owned(),
            _ => string()?,
        },
        's' => cut(string()?),
        'q' => serde_json::Value::String(cut(string()?)).to_string(),
        't' => match argument {
            Value::Bool(truth) => truth.to_string(),
            other => return Err(truth_wanted(other)),
        },
        'd' => signed(integer()?.to_string()),
        'b' => signed(format!("{:b}", integer()?)),
        'o' => signed(format!("{:o}", integer()?)),
        'x' => signed(format!("{:x}", integer()?)),
        'X' => signed(format!("{:X}", integer()?)),
        'f' | 'F' => signed(format!("{:.*}", verb.precision.unwrap_or(6), number()?)),
        'e' => signed(format!("{:.*e}", verb.precision.unwrap_or(6), number()?)),
        'g' | 'G' => {
            let number = number()?;
            signed(whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string()))
        }
        other => return Err(format!("unsupported format verb '{other}'")),
    })
}

fn pad(verb: &Verb, text: String) -> String {
    let missing = verb.width.saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if verb.minus {
        return format!("{text}{}", " ".repeat(missing));
    }
    if verb.zero && !matches!(verb.letter, 's' | 'q' | 'v' | 't') {
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => (&text[..1], digits),
            None => ("", text.as_str()),
        };
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{text}", " ".repeat(missing))
}
