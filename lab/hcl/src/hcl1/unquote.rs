//! The text that a quoted string stands for.

/// Takes off the quotes and resolves the escapes; `${...}` stays as it is written. `None` where there are no quotes, or
/// an octal escape is too large for a byte.
pub(super) fn unquote(token: &str) -> Option<String> {
    let inner = token.strip_prefix('"')?.strip_suffix('"')?.replace("\r\n", "\n");
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.as_str();
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("${") {
            let (interpolation, after) = rest.split_at(interpolation_length(rest));
            text.push_str(interpolation);
            rest = after;
        } else if c == '\\' {
            rest = escape(&rest[1..], &mut text)?;
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(text)
}

fn interpolation_length(text: &str) -> usize {
    let mut braces = 0_usize;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        if braces == 0 {
            return index + 1;
        }
    }
    text.len()
}

fn escape<'a>(rest: &'a str, text: &mut String) -> Option<&'a str> {
    let first = rest.chars().next()?;
    let (digits, radix) = match first {
        '0'..='7' => return numeric(rest, 0, 3, 8, text),
        'x' => (2, 16),
        'u' => (4, 16),
        'U' => (8, 16),
        _ => {
            text.push(match first {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                '\\' | '"' => first,
                _ => return None,
            });
            return Some(&rest[1..]);
        }
    };
    numeric(rest, 1, digits, radix, text)
}

fn numeric<'a>(rest: &'a str, skip: usize, digits: usize, radix: u32, text: &mut String) -> Option<&'a str> {
    let code = u32::from_str_radix(rest.get(skip..skip + digits)?, radix).ok()?;
    if radix == 8 && code > 255 {
        return None;
    }
    // Half of a surrogate pair stands for no character.
    text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(&rest[skip + digits..])
}
