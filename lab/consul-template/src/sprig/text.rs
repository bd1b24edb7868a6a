//! Texts: cutting, joining, indenting.

use lab_template::{Signature, Type, Value, quote};

use super::{Arguments, at, integer_at, text_at, unknown};

/// How long a text may get by repetition.
const MOST: usize = 16 << 20;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Integer, Text};
    Some(match name {
        "hello" => Signature::fixed(&[]),
        "trim" | "nospace" | "initials" => Signature::fixed(&[Text]),
        "trimall" | "trimAll" | "trimSuffix" | "trimPrefix" | "contains" | "hasPrefix" | "hasSuffix"
        | "split" | "splitList" => Signature::fixed(&[Text, Text]),
        "trunc" | "abbrev" | "repeat" | "indent" | "nindent" | "wrap" => Signature::fixed(&[Integer, Text]),
        "substr" | "abbrevboth" => Signature::fixed(&[Integer, Integer, Text]),
        "wrapWith" => Signature::fixed(&[Integer, Text, Text]),
        "splitn" => Signature::fixed(&[Text, Integer, Text]),
        "replace" => Signature::fixed(&[Text, Text, Text]),
        "plural" => Signature::fixed(&[Text, Text, Integer]),
        "quote" | "squote" | "cat" => Signature::variadic(&[], Any),
        "join" => Signature::fixed(&[Text, Any]),
        "toString" | "toStrings" | "sortAlpha" => Signature::fixed(&[Any]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let text = |index: usize| text_at(arguments, index);
    let number = |index: usize| integer_at(arguments, index);
    Ok(Value::from(match name {
        "hello" => "Hello!".to_owned(),
        "trim" => text(0).trim().to_owned(),
        "nospace" => text(0).split_whitespace().collect(),
        "initials" => text(0).split_whitespace().filter_map(|word| word.chars().next()).collect(),
        "trimall" | "trimAll" => text(1).trim_matches(|c| text(0).contains(c)).to_owned(),
        "trimSuffix" => text(1).strip_suffix(text(0)).unwrap_or(text(1)).to_owned(),
        "trimPrefix" => text(1).strip_prefix(text(0)).unwrap_or(text(1)).to_owned(),
        "contains" => return Ok(Value::Bool(text(1).contains(text(0)))),
        "hasPrefix" => return Ok(Value::Bool(text(1).starts_with(text(0)))),
        "hasSuffix" => return Ok(Value::Bool(text(1).ends_with(text(0)))),
        "splitList" => return Ok(Value::texts(split(text(0), text(1), -1))),
        "split" => return Ok(numbered(split(text(0), text(1), -1))),
        "splitn" => return Ok(numbered(split(text(0), text(2), number(1)))),
        "trunc" => truncated(number(0), text(1)),
        "substr" => substring(number(0), number(1), text(2))?,
        "abbrev" => abbreviated(0, number(0), text(1)),
        "abbrevboth" => abbreviated(number(0), number(1), text(2)),
        "repeat" => repeated(text(1), number(0))?,
        "indent" => indented(number(0), text(1))?,
        "nindent" => format!("\n{}", indented(number(0), text(1))?),
        "wrap" => wrapped(text(1), number(0), "\n", false),
        "wrapWith" => wrapped(text(2), number(0), text(1), true),
        "replace" => text(2).replace(text(0), text(1)),
        "plural" => text(usize::from(number(2) != 1)).to_owned(),
        "quote" => joined(arguments, |value| quote(&value.display())),
        "squote" => joined(arguments, |value| format!("'{}'", value.display())),
        "cat" => joined(arguments, Value::display).trim().to_owned(),
        "join" => texts_of(at(arguments, 1)).join(text(0)),
        "toString" => at(arguments, 0).display(),
        "toStrings" => return Ok(Value::texts(texts_of(at(arguments, 0)))),
        "sortAlpha" => {
            let mut texts = texts_of(at(arguments, 0));
            texts.sort();
            return Ok(Value::texts(texts));
        }
        _ => return unknown(name),
    }))
}

/// The elements of a list as texts, without those that are nothing; of anything else itself.
fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Missing | Value::Nil => Vec::new(),
        Value::List(items) | Value::Texts(items) => present(items).map(Value::display).collect(),
        other => vec![other.display()],
    }
}

fn present(values: &[Value]) -> impl Iterator<Item = &Value> {
    values.iter().filter(|value| !matches!(value, Value::Missing | Value::Nil))
}

fn joined(values: &[Value], written: impl Fn(&Value) -> String) -> String {
    present(values).map(written).collect::<Vec<_>>().join(" ")
}

/// Splits as Go does, in `most` parts unless that is negative: an empty separator stands between all characters.
fn split(separator: &str, whole: &str, most: i64) -> Vec<String> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if !separator.is_empty() {
        return whole.splitn(most, separator).map(str::to_owned).collect();
    }
    let mut parts = Vec::new();
    let mut rest = whole;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 == most {
            parts.push(rest.to_owned());
            break;
        }
        parts.push(c.to_string());
        rest = &rest[c.len_utf8()..];
    }
    parts
}

/// `_0`, `_1` and so on.
fn numbered(parts: Vec<String>) -> Value {
    Value::map(parts.into_iter().enumerate().map(|(index, part)| (format!("_{index}"), Value::from(part))))
}

/// Bytes of a text, which Go may cut within a character.
fn cut(text: &str, from: usize, to: usize) -> String {
    let bytes = text.as_bytes().get(from..to.min(text.len())).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn truncated(length: i64, text: &str) -> String {
    let kept = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX).min(text.len());
    if length < 0 { cut(text, text.len() - kept, text.len()) } else { cut(text, 0, kept) }
}

fn substring(start: i64, end: i64, text: &str) -> Result<String, String> {
    let length = text.len();
    let place = |number: i64| usize::try_from(number).ok().filter(|place| *place <= length);
    let outside = |range: String| Err(format!("runtime error: slice bounds out of range {range}"));
    let end_place = match place(end) {
        Some(place) => place,
        None if start >= 0 => length,
        None if end < 0 => return outside(format!("[:{end}]")),
        None => return outside(format!("[:{end}] with length {length}")),
    };
    let start_place = usize::try_from(start).unwrap_or(0);
    if start_place > end_place {
        return outside(format!("[{start_place}:{end_place}]"));
    }
    Ok(cut(text, start_place, end_place))
}

/// The text with an ellipsis for what is more than `width`, and for what stands before `offset`.
fn abbreviated(offset: i64, width: i64, text: &str) -> String {
    let (offset, width) = (usize::try_from(offset).unwrap_or(0), usize::try_from(width).unwrap_or(0));
    let length = text.len();
    if width < 4 || offset > 0 && width < 7 || length <= width {
        return text.to_owned();
    }
    let shown = width - 3;
    let offset = offset.min(length - shown);
    if offset <= 4 {
        format!("{}...", cut(text, 0, shown))
    } else if offset + shown < length {
        let rest = cut(text, offset, length);
        // What remains is abbreviated in turn, unless there is no room for an ellipsis.
        let rest = if shown < 4 { String::new() } else { abbreviated(0, shown as i64, &rest) };
        format!("...{rest}")
    } else {
        format!("...{}", cut(text, length - shown, length))
    }
}

fn repeated(text: &str, count: i64) -> Result<String, String> {
    let Ok(count) = usize::try_from(count) else { return Err("strings: negative Repeat count".to_owned()) };
    match text.len().checked_mul(count) {
        Some(length) if length <= MOST => Ok(text.repeat(count)),
        _ => Err("strings: Repeat output length overflow".to_owned()),
    }
}

fn indented(blanks: i64, text: &str) -> Result<String, String> {
    let blanks = repeated(" ", blanks)?;
    if text.matches('\n').count().saturating_mul(blanks.len()) > MOST {
        return Err("strings: Repeat output length overflow".to_owned());
    }
    Ok(format!("{blanks}{}", text.replace('\n', &format!("\n{blanks}"))))
}

/// Breaks lines at blanks so that they have at most `width` bytes; longer words are left whole unless `breaks` them.
fn wrapped(text: &str, width: i64, newline: &str, breaks: bool) -> String {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let newline = if newline.is_empty() { "\n" } else { newline };
    let bytes = text.as_bytes();
    let mut lines: Vec<u8> = Vec::new();
    let mut start = 0;
    while bytes.len() - start > width {
        if bytes[start] == b' ' {
            start += 1;
            continue;
        }
        let within = &bytes[start..=start + width];
        let (end, next) = match within.iter().rposition(|byte| *byte == b' ') {
            Some(blank) => (start + blank, start + blank + 1),
            None if breaks => (start + width, start + width),
            None => match bytes[start + width..].iter().position(|byte| *byte == b' ') {
                Some(blank) => (start + width + blank, start + width + blank + 1),
                None => break,
            },
        };
        lines.extend_from_slice(&bytes[start..end]);
        lines.extend_from_slice(newline.as_bytes());
        start = next;
    }
    lines.extend_from_slice(&bytes[start..]);
    String::from_utf8_lossy(&lines).into_owned()
}
