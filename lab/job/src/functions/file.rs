//! Functions on files and their names, which only the command line has.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Failure, Function, fail, glob, outside, plain, text};
use crate::eval::Value;
use crate::surroundings::{Surroundings, Unreadable};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("basename", &["path"], |given| Ok(Value::String(base(&text(given, 0)?)))),
    plain("dirname", &["path"], |given| {
        let path = text(given, 0)?;
        let end = path.rfind('/').map_or(0, |at| at + 1);
        Ok(Value::String(clean(&path[..end])))
    }),
    outside("abspath", &["path"], |given, outside| {
        let path = text(given, 0)?;
        Ok(Value::String(if path.starts_with('/') {
            clean(&path)
        } else {
            join(&outside.directory(), &path)
        }))
    }),
    outside("pathexpand", &["path"], |given, outside| expanded(text(given, 0)?, outside).map(Value::String)),
    outside("file", &["path"], |given, outside| {
        let path = text(given, 0)?;
        let read = String::from_utf8(contents(&path, outside)?);
        read.map(Value::String).map_err(|_| {
            fail(format!(
                "contents of {path} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded \
                 contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead"
            ))
        })
    }),
    outside("filebase64", &["path"], |given, outside| {
        Ok(Value::String(STANDARD.encode(contents(&text(given, 0)?, outside)?)))
    }),
    outside("fileexists", &["path"], |given, outside| {
        let path = place(text(given, 0)?, outside)?;
        match outside.look_at(&path) {
            Err(Unreadable::Missing) => Ok(Value::Bool(false)),
            Err(Unreadable::Other) => Err(fail(format!("failed to stat {path}"))),
            Ok(entry) if entry.is_file => Ok(Value::Bool(true)),
            Ok(entry) => Err(fail(format!("{path} is not a regular file, but {:?}", entry.mode))),
        }
    }),
    outside("fileset", &["path", "pattern"], |given, outside| {
        let path = join(".", &text(given, 0)?);
        let pattern = join(&path, &format!("./{}", text(given, 1)?));
        let found = glob::find(&pattern, outside)
            .map_err(|told| fail(format!("failed to glob pattern ({pattern}): {told}")))?;
        let files = found.into_iter().filter(|file| outside.look_at(file).is_ok_and(|entry| entry.is_file));
        let mut files: Vec<String> = files.map(|file| relative(&path, &file)).collect();
        files.sort_unstable();
        Ok(Value::List(files.into_iter().map(Value::String).collect()))
    }),
];

/// Whether a function is one of these.
pub(super) fn is_one(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.name == name)
}

fn contents(path: &str, outside: &dyn Surroundings) -> Result<Vec<u8>, Failure> {
    let path = place(path.to_owned(), outside)?;
    outside.read_file(&path).map_err(|fault| match fault {
        Unreadable::Missing => fail(format!("no file exists at {path}")),
        Unreadable::Other => fail(format!("failed to read {path}")),
    })
}

/// Where a file is, as messages name it.
fn place(path: String, outside: &dyn Surroundings) -> Result<String, Failure> {
    let path = expanded(path, outside).map_err(|failure| match failure {
        Failure::Function(told) => fail(format!("failed to expand ~: {told}")),
        other => other,
    })?;
    Ok(join(".", &path))
}

/// A path with the user's home for a leading `~`.
fn expanded(path: String, outside: &dyn Surroundings) -> Result<String, Failure> {
    match path.strip_prefix('~') {
        None => Ok(path),
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => match outside.home() {
            Some(home) => Ok(join(&home, &format!("./{rest}"))),
            None => Err(fail("the home directory is not known: the environment has no HOME")),
        },
        Some(_) => Err(fail("cannot expand user-specific home dir")),
    }
}

/// The last part of a path.
fn base(path: &str) -> String {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match (name.is_empty(), path.is_empty()) {
        (true, true) => ".".to_owned(),
        (true, false) => "/".to_owned(),
        _ => name.to_owned(),
    }
}

/// A path below another, unless it stands for itself.
pub(super) fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') { clean(path) } else { clean(&format!("{directory}/{path}")) }
}

/// The shortest path that means the same.
fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    match (is_absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// A path as seen from a directory.
fn relative(directory: &str, path: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    let (from, to) = (parts(directory), parts(path));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let parts: Vec<String> = up.chain(to[common..].iter().cloned()).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_seen_from_elsewhere() {
        for (path, cleaned) in
            [("", "."), ("a//b/./c/..", "a/b"), ("/../x", "/x"), ("../x", "../x"), ("a/..", "."), ("/", "/")]
        {
            assert_eq!(clean(path), cleaned, "{path}");
        }
        assert_eq!(relative("a/b", "a/b/c/d"), "c/d");
        assert_eq!(relative(".", "x"), "x");
        assert_eq!(relative("a", "b/c"), "../b/c");
    }
}
