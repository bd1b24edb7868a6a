//! Text as the real program lays it out.

use std::time::Duration;

use lab_world::format_duration;

/// How wide a line may be.
const LINE: usize = 78;
/// What a line that is too long costs.
const TOO_LONG: usize = 100_000;

/// A paragraph in lines of at most 78 characters, as even as they can be: the last line aside, the sum of the squares
/// of what is left over is the least there is.
pub(super) fn wrap(text: &str) -> String {
    lines(text, LINE).join("\n")
}

/// The same with blanks before every line.
pub(super) fn wrap_indented(text: &str, indent: usize) -> String {
    let indented = |line: &String| format!("{}{line}", " ".repeat(indent));
    lines(text, LINE - indent).iter().map(indented).collect::<Vec<_>>().join("\n")
}

fn lines(text: &str, limit: usize) -> Vec<String> {
    let words: Vec<&str> = text.trim().split([' ', '\n']).collect();
    // For each word: the least cost of what begins with it, and the word that begins the line after it.
    let mut best: Vec<(usize, usize)> = vec![(0, words.len()); words.len() + 1];
    for first in (0..words.len()).rev() {
        let rest = length(&words[first..]);
        if rest <= limit || first + 1 == words.len() {
            continue;
        }
        let cost = |next: usize| {
            let used = length(&words[first..next]);
            let left = limit.abs_diff(used);
            left * left + best[next].0 + if used > limit { TOO_LONG } else { 0 }
        };
        let cheapest = (first + 1..words.len()).map(|next| (cost(next), next)).min();
        best[first] = cheapest.unwrap_or((0, words.len()));
    }
    let mut lines = Vec::new();
    let mut first = 0;
    while first < words.len() {
        let next = best[first].1;
        lines.push(words[first..next].join(" "));
        first = next;
    }
    lines
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len() + 1).sum::<usize>().saturating_sub(1)
}

/// A duration without the zeros at its end: `24h`, `1m`, `1h30s`.
pub(super) fn short_duration(seconds: u64) -> String {
    let text = format_duration(Duration::from_secs(seconds));
    let text = match text.strip_suffix("m0s") {
        Some(start) => format!("{start}m"),
        None => text,
    };
    match text.find("h0m") {
        Some(hours) if hours > 0 => format!("{}{}", &text[..=hours], &text[hours + 3..]),
        _ => text,
    }
}

/// A duration of days and more with the largest unit at its end, as the health checks write it: `2d4w`, `24h0m0s1y`. Of
/// one unit there is always more than one.
pub(super) fn age(length: Duration) -> String {
    const DAY: u64 = 86_400;
    let (mut rest, mut text) = (length, String::new());
    for (name, days) in [("y", 365), ("mo", 30), ("w", 7), ("d", 1)] {
        let unit = Duration::from_secs(days * DAY);
        if rest > unit {
            let count = rest.as_secs() / unit.as_secs();
            text = format!("{count}{name}{text}");
            rest -= Duration::from_secs(count * unit.as_secs());
        }
    }
    if rest.is_zero() { text } else { format_duration(rest) + &text }
}

/// A path without slashes around it.
pub(super) fn sanitize(path: &str) -> String {
    path.trim().trim_matches('/').to_owned()
}

/// A path with one slash at its end, and none before it; nothing stays nothing.
pub(super) fn with_slash(path: &str) -> String {
    match path.trim().trim_matches('/') {
        "" => String::new(),
        path => format!("{path}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_even_rather_than_full() {
        let text = "* This mount hasn't configured any authority information access (AIA) fields; this may make \
                    it harder for systems to find missing certificates in the chain or to validate revocation \
                    status of certificates. Consider updating /config/urls or the newly generated issuer with \
                    this information.";
        let wanted = "  * This mount hasn't configured any authority information access (AIA)
  fields; this may make it harder for systems to find missing certificates
  in the chain or to validate revocation status of certificates. Consider
  updating /config/urls or the newly generated issuer with this information.";
        assert_eq!(wrap_indented(text, 2), wanted);
        assert_eq!(wrap("short"), "short");
        assert_eq!(wrap(""), "");
        assert_eq!(wrap(&"x".repeat(100)), "x".repeat(100));
    }

    #[test]
    fn durations_lose_their_zeros() {
        for (seconds, text) in
            [(0, "0s"), (30, "30s"), (60, "1m"), (3600, "1h"), (3630, "1h30s"), (86400, "24h")]
        {
            assert_eq!(short_duration(seconds), text);
        }
        assert_eq!(short_duration(36600), "10h10m");
    }

    #[test]
    fn long_durations_end_in_their_largest_unit() {
        let age_of = |days: u64, seconds: u64| age(Duration::from_secs(days * 86_400 + seconds));
        let told =
            [age_of(7, 0), age_of(8, 0), age_of(30, 0), age_of(365, 0), age_of(730, 0), age_of(1100, 18_182)];
        assert_eq!(told, ["7d", "24h0m0s1w", "2d4w", "5d12mo", "2y", "5h3m2s5d3y"]);
        assert_eq!((age_of(0, 0).as_str(), age_of(0, 90).as_str()), ("", "1m30s"));
    }
}
