//! Lines for a terminal of 80 columns.

use time::Duration;

/// How many columns a line may have.
pub(crate) const WIDTH: usize = 80;

/// A span of the cluster's time: `0:00:07`, `1:12:30`, `6d 23:00:00`.
pub fn elapsed(span: Duration) -> String {
    let seconds = span.whole_seconds().max(0);
    let clock = format!("{}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match seconds / 86_400 {
        0 => clock,
        days => format!("{days}d {clock}"),
    }
}

/// `text` in lines of at most [`WIDTH`] columns, each begun with `indent` blanks. A word too long for a line stands
/// alone on one.
pub(crate) fn wrap(text: &str, indent: usize) -> Vec<String> {
    let room = WIDTH.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let used = lines[line].chars().count();
        if used > 0 && used + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if used > 0 {
                lines[line].push(' ');
            }
            lines[line].push_str(word);
        }
    }
    lines.into_iter().map(|line| format!("{:indent$}{line}", "")).collect()
}

/// `text` after a heading: the first line begins with `head`, padded to `indent` columns, the others with blanks.
pub fn hang(head: &str, text: &str, indent: usize) -> String {
    let body = wrap(text, indent).join("\n");
    format!("{head:<indent$}{}", body.trim_start())
}

/// `1 server`, `3 servers`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_as_a_clock() {
        assert_eq!(elapsed(Duration::seconds(7)), "0:00:07");
        assert_eq!(elapsed(Duration::seconds(4350)), "1:12:30");
        assert_eq!(elapsed(Duration::days(6) + Duration::hours(23)), "6d 23:00:00");
        assert_eq!(elapsed(Duration::seconds(-1)), "0:00:00");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = "one two three ".repeat(40);
        let lines = wrap(&text, 30);
        assert!(
            lines.iter().all(|line| line.len() <= WIDTH && line.starts_with(&" ".repeat(30))),
            "{lines:?}"
        );
        assert_eq!(lines.join(" ").split_whitespace().count(), 120);
        assert_eq!(hang("  why", "because", 8), "  why   because");
        assert_eq!(wrap("", 2), ["  "]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "server"), "1 server");
        assert_eq!(count(3, "server"), "3 servers");
    }
}
