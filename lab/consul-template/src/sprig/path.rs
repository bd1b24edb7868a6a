//! Paths of files.

use lab_template::{Signature, Type, Value};

use super::{Arguments, text_at, unknown};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    matches!(
        name,
        "base" | "dir" | "clean" | "ext" | "isAbs" | "osBase" | "osDir" | "osClean" | "osExt" | "osIsAbs"
    )
    .then_some(Signature::fixed(&[Type::Text]))
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let path = text_at(arguments, 0);
    Ok(Value::from(match name {
        "base" | "osBase" => base(path).to_owned(),
        "dir" | "osDir" => clean(path.rfind('/').map_or("", |slash| &path[..=slash])),
        "clean" | "osClean" => clean(path),
        "ext" | "osExt" => {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.rfind('.').map_or("", |dot| &name[dot..]).to_owned()
        }
        "isAbs" | "osIsAbs" => return Ok(Value::Bool(path.starts_with('/'))),
        _ => return unknown(name),
    }))
}

fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    match path.trim_end_matches('/') {
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

/// The shortest path to the same place, by its text alone.
fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    match (is_absolute, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}
