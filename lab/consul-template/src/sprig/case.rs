//! Capitals and small letters.

use lab_template::{Signature, Type, Value};

use super::{Arguments, text_at, unknown};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    matches!(
        name,
        "upper" | "lower" | "title" | "untitle" | "swapcase" | "snakecase" | "kebabcase" | "camelcase"
    )
    .then_some(Signature::fixed(&[Type::Text]))
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let text = text_at(arguments, 0);
    Ok(Value::from(match name {
        "upper" => text.to_uppercase(),
        "lower" => text.to_lowercase(),
        "title" => after(text, is_separator, char::to_uppercase),
        "untitle" => after(text, char::is_whitespace, char::to_lowercase),
        "swapcase" => swapped(text),
        "snakecase" => separated(text, '_'),
        "kebabcase" => separated(text, '-'),
        "camelcase" => camel(text),
        _ => return unknown(name),
    }))
}

/// Changes the first character, and each behind one that `separates`.
fn after<I: Iterator<Item = char>>(text: &str, separates: fn(char) -> bool, change: fn(char) -> I) -> String {
    let mut changed = String::new();
    let mut is_first = true;
    for c in text.chars() {
        if is_first {
            changed.extend(change(c))
        } else {
            changed.push(c)
        }
        is_first = separates(c);
    }
    changed
}

/// What stands between words: in ASCII anything but letters, digits and the underscore, beyond it blanks.
fn is_separator(c: char) -> bool {
    match c {
        '_' => false,
        c if c.is_ascii() => !c.is_ascii_alphanumeric(),
        c => c.is_whitespace(),
    }
}

fn swapped(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_uppercase() {
                c.to_lowercase().collect()
            } else if c.is_lowercase() {
                c.to_uppercase().collect()
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// `some_words` as `SomeWords`: connectors go where one stands between two words, and capitals in a row become small.
fn camel(text: &str) -> String {
    let start = text.find(|c| !is_connector(c)).unwrap_or(text.len());
    let (mut written, mut rest) = (text[..start].to_owned(), text[start..].chars());
    let Some(first) = rest.next() else { return written };
    let mut in_capitals = first.is_uppercase();
    let mut previous = upper(first);
    for c in rest {
        let mut c = c;
        if is_connector(c) && is_connector(previous) {
            written.push(previous);
            continue;
        }
        if is_connector(previous) {
            in_capitals = c.is_uppercase();
            c = upper(c);
        } else {
            if in_capitals && c.is_uppercase() {
                c = lower(c);
            } else {
                in_capitals = false;
            }
            written.push(previous);
        }
        previous = c;
    }
    written.push(previous);
    written
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// What a word is made of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    /// Begins with a capital.
    Capital,
    Small,
    Connector,
    Punctuation,
    Other,
}

fn kind_of(c: char) -> Kind {
    match c {
        c if is_connector(c) => Kind::Connector,
        c if c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c) => Kind::Punctuation,
        c if c.is_uppercase() => Kind::Capital,
        c if c.is_alphabetic() => Kind::Small,
        c if c.is_numeric() => Kind::Number,
        _ => Kind::Other,
    }
}

/// Takes the first word off: a row of one kind, where one capital begins a word of small letters.
fn next_word(text: &str) -> Option<(Kind, &str, &str)> {
    let first = kind_of(text.chars().next()?);
    let row = |text: &str, kind: Kind| text.find(|c| kind_of(c) != kind).unwrap_or(text.len());
    let mut end = row(text, first);
    if first == Kind::Capital {
        let rest = &text[end..];
        let last = text[..end].chars().next_back().map_or(0, char::len_utf8);
        match rest.chars().next().map(kind_of) {
            Some(Kind::Small) if end == last => end += row(rest, Kind::Small),
            // The last of several capitals begins the next word.
            Some(Kind::Small) => end -= last,
            _ => {}
        }
    }
    Some((first, &text[..end], &text[end..]))
}

/// `FirstName` as `first_name`, with any connector. A number belongs to the word before it, unless small letters follow.
fn separated(text: &str, connector: char) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((kind, word, after)) = next_word(rest) {
        words.push((kind, word));
        rest = after;
    }
    let mut written = String::new();
    let mut place = 0;
    let push = |written: &mut String, (kind, word): (Kind, &str)| match kind {
        Kind::Connector => written.extend(word.chars().map(|_| connector)),
        Kind::Capital => written.push_str(&word.to_lowercase()),
        _ => written.push_str(word),
    };
    let kind_at = |place: usize| words.get(place).map(|(kind, _)| *kind);
    let splits =
        |kind: Option<Kind>| kind.is_some_and(|kind| kind != Kind::Connector && kind != Kind::Punctuation);
    let is_joined = |kind: Option<Kind>| matches!(kind, Some(Kind::Small | Kind::Number));
    while place < words.len() {
        let kind = words[place].0;
        push(&mut written, words[place]);
        place += 1;
        match kind {
            Kind::Connector | Kind::Punctuation => continue,
            Kind::Number => {}
            _ if kind_at(place) != Some(Kind::Number) || place + 1 == words.len() => {
                // A number at the end of all is a word of its own.
                if kind_at(place) == Some(Kind::Number) {
                    continue;
                }
                if splits(kind_at(place)) {
                    written.push(connector);
                }
                continue;
            }
            _ => {
                if kind_at(place + 1) == Some(Kind::Small) {
                    written.push(connector);
                }
                push(&mut written, words[place]);
                place += 1;
                if kind_at(place) != Some(Kind::Small) {
                    if splits(kind_at(place)) {
                        written.push(connector);
                    }
                    continue;
                }
            }
        }
        while is_joined(kind_at(place)) {
            push(&mut written, words[place]);
            place += 1;
        }
        if splits(kind_at(place)) {
            written.push(connector);
        }
    }
    written
}
