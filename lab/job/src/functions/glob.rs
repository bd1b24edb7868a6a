//! Files by patterns: `*`, `?`, `[a-z]`, `{one,other}`, and `**` for any directories.

use std::collections::BTreeSet;

use super::file::join;
use crate::surroundings::Surroundings;

const BAD: &str = "syntax error in pattern";
/// How deep directories are followed.
const MOST_DEPTH: usize = 64;

/// What stands where a pattern says.
///
/// Errors: the pattern is none.
pub(super) fn find(pattern: &str, outside: &dyn Surroundings) -> Result<BTreeSet<String>, &'static str> {
    let mut found = BTreeSet::new();
    // Where there is no directory, nothing is matched and no mistake is seen.
    let known = pattern.find(['*', '?', '[', '{', '\\']).and_then(|at| pattern[..at].rfind('/'));
    if known
        .is_some_and(|at| at > 0 && !outside.look_at(&pattern[..at]).is_ok_and(|entry| entry.is_directory))
    {
        return Ok(found);
    }
    for pattern in alternatives(pattern)? {
        let (root, rest) = pattern.strip_prefix('/').map_or((".", pattern.as_str()), |rest| ("/", rest));
        let parts: Vec<&str> = rest.split('/').collect();
        descend(root, &parts, outside, MOST_DEPTH, &mut found)?;
    }
    Ok(found)
}

/// The patterns that one with braces stands for.
fn alternatives(pattern: &str) -> Result<Vec<String>, &'static str> {
    let Some(open) = pattern.find('{') else { return Ok(vec![pattern.to_owned()]) };
    let mut depth = 0;
    let mut start = open + 1;
    let mut options = Vec::new();
    for (at, c) in pattern.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => {
                options.push(&pattern[start..at]);
                start = at + 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    options.push(&pattern[start..at]);
                    let whole = |option: &&str| format!("{}{option}{}", &pattern[..open], &pattern[at + 1..]);
                    let all: Result<Vec<_>, _> =
                        options.iter().map(whole).map(|pattern| alternatives(&pattern)).collect();
                    return Ok(all?.concat());
                }
            }
            _ => {}
        }
    }
    Err(BAD)
}

fn descend(
    base: &str,
    parts: &[&str],
    outside: &dyn Surroundings,
    depth: usize,
    found: &mut BTreeSet<String>,
) -> Result<(), &'static str> {
    let Some((part, rest)) = parts.split_first().filter(|_| depth > 0) else {
        found.insert(base.to_owned());
        return Ok(());
    };
    let is_directory = |path: &str| outside.look_at(path).is_ok_and(|entry| entry.is_directory);
    if *part == "**" {
        for name in outside.names_in(base) {
            let path = join(base, &name);
            if is_directory(&path) && depth > 1 {
                descend(&path, parts, outside, depth - 1, found)?;
            }
            if rest.is_empty() {
                found.insert(path);
            }
        }
        return if rest.is_empty() { Ok(()) } else { descend(base, rest, outside, depth - 1, found) };
    }
    let names = if part.contains(['*', '?', '[', '\\']) {
        let pattern: Vec<char> = part.chars().collect();
        let mut names = Vec::new();
        for name in outside.names_in(base) {
            if matches(&pattern, &name.chars().collect::<Vec<_>>())? {
                names.push(name);
            }
        }
        names
    } else {
        vec![(*part).to_owned()]
    };
    for path in names.iter().map(|name| join(base, name)) {
        match rest {
            [] if outside.look_at(&path).is_ok() => drop(found.insert(path)),
            [] => {}
            rest if is_directory(&path) => descend(&path, rest, outside, depth - 1, found)?,
            _ => {}
        }
    }
    Ok(())
}

/// Whether a name is of a pattern.
fn matches(pattern: &[char], name: &[char]) -> Result<bool, &'static str> {
    let Some((first, rest)) = pattern.split_first() else { return Ok(name.is_empty()) };
    match (first, name.split_first()) {
        ('*', _) => {
            for skipped in 0..=name.len() {
                if matches(rest, &name[skipped..])? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        ('?', Some((_, name))) => matches(rest, name),
        ('[', found) => {
            let end = rest.iter().position(|c| *c == ']').ok_or(BAD)?;
            let (is_in, pattern) = (&rest[..end], &rest[end + 1..]);
            let Some((c, name)) = found else { return Ok(false) };
            Ok(of_class(is_in, *c)? && matches(pattern, name)?)
        }
        ('\\', found) => {
            let (literal, rest) = rest.split_first().ok_or(BAD)?;
            match found {
                Some((c, name)) if c == literal => matches(rest, name),
                _ => Ok(false),
            }
        }
        (literal, Some((c, name))) if literal == c => matches(rest, name),
        _ => Ok(false),
    }
}

/// `a-z0`, or `^a-z0` for every other.
fn of_class(class: &[char], c: char) -> Result<bool, &'static str> {
    let (is_other, mut class) = match class.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, class),
    };
    if class.is_empty() {
        return Err(BAD);
    }
    let mut is_in = false;
    while let Some((low, rest)) = class.split_first() {
        let (high, rest) = match rest {
            ['-', high, rest @ ..] => (high, rest),
            rest => (low, rest),
        };
        if *low == '-' {
            return Err(BAD);
        }
        is_in |= (*low..=*high).contains(&c);
        class = rest;
    }
    Ok(is_in != is_other)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn names_are_matched() {
        let is_match = |pattern: &str, name: &str| {
            matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
        };
        for (pattern, name) in [("*", ""), ("a*c", "abbc"), ("?[^x]", "ab"), ("[a-c]1", "b1"), ("\\*", "*")] {
            assert_eq!(is_match(pattern, name), Ok(true), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "b"), ("?", ""), ("[a-c]", "d"), ("*b", "abc")] {
            assert_eq!(is_match(pattern, name), Ok(false), "{pattern} {name}");
        }
        assert_eq!(is_match("[a", "a"), Err(BAD));
        assert_eq!(alternatives("x{a,b{c,d}}y").expect("good"), ["xay", "xbcy", "xbdy"]);
        assert_eq!(alternatives("{a"), Err(BAD));
    }
}
