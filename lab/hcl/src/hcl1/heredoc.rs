//! `<<EOF` and `<<-EOF`.

use super::scanner::Scanner;

/// Reads a heredoc whose first `<` has been read, with the line that ends it.
pub(super) fn scan(scanner: &mut Scanner<'_>) -> Result<(), &'static str> {
    if scanner.read() != Some('<') {
        return Err("heredoc expected second '<', didn't see it");
    }
    let start = scanner.offset();
    let mut c = scanner.read();
    if c == Some('-') {
        c = scanner.read();
    }
    while c.is_some_and(|c| c == '_' || c.is_alphanumeric()) {
        c = scanner.read();
    }
    match c {
        None => return Err("heredoc not terminated"),
        Some('\n') => {}
        Some(_) => return Err("invalid characters in heredoc anchor"),
    }
    let mark = scanner.since(start).trim_end_matches('\r');
    let anchor = mark.strip_prefix('-').unwrap_or(mark);
    if anchor.is_empty() {
        return Err("zero-length heredoc anchor");
    }
    let mut line = scanner.offset();
    loop {
        match scanner.read() {
            None => return Err("heredoc not terminated"),
            // After `<<-EOF` a bare `EOF` does not end it: the real scanner compares the length with that of `-EOF`.
            Some('\n') if scanner.since(line).len() >= mark.len() && is_end(scanner.since(line), anchor) => {
                return Ok(());
            }
            Some('\n') => line = scanner.offset(),
            Some(_) => {}
        }
    }
}

fn is_end(line: &str, anchor: &str) -> bool {
    line.trim_end_matches('\r').trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']) == anchor
}

/// The text of a heredoc token: what is between its first line and the end mark, with the blanks before the mark.
/// After `<<-` those blanks are taken from every line, if every line has them.
pub(super) fn text(token: &str) -> String {
    let token = token.replace("\r\n", "\n");
    let Some((mark, rest)) = token.split_once('\n') else { return String::new() };
    let anchor = mark.trim_start_matches(['<', '-']).trim_end_matches('\r');
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let text = rest.strip_suffix(anchor).unwrap_or(rest);
    if !mark.starts_with("<<-") {
        return text.to_owned();
    }
    let (body, indent) = text.split_at(text.rfind('\n').map_or(0, |newline| newline + 1));
    if body.lines().all(|line| line.starts_with(indent)) {
        body.split_inclusive('\n').map(|line| line.strip_prefix(indent).unwrap_or(line)).collect()
    } else {
        body.to_owned()
    }
}
