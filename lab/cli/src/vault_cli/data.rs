//! Data on a command line: `key=value`, `key=@file`, `key=-`, `@file` and `-`.

use lab_wire::go_json;
use serde_json::{Map, Value};

use super::session::Session;
use crate::stand_in::unread;

/// Reads the pairs of a command line.
///
/// Errors: the real program's words, `invalid key/value pair "b": format must be key=value`.
pub(super) fn parse(session: &Session<'_>, arguments: &[String]) -> Result<Map<String, Value>, String> {
    let mut input = Input { session, is_consumed: false };
    let mut data = Map::new();
    for argument in arguments.iter().filter(|argument| !argument.is_empty()) {
        add(&mut data, argument, &mut input)
            .map_err(|problem| format!("invalid key/value pair {argument:?}: {problem}"))?;
    }
    Ok(data)
}

/// Standard input, which can be read once.
struct Input<'a> {
    session: &'a Session<'a>,
    is_consumed: bool,
}

impl Input<'_> {
    fn read(&mut self) -> Result<String, String> {
        if std::mem::replace(&mut self.is_consumed, true) {
            return Err("stdin already consumed".to_owned());
        }
        Ok(self.session.stdin())
    }
}

fn add(data: &mut Map<String, Value>, argument: &str, input: &mut Input<'_>) -> Result<(), String> {
    let Some((key, value)) = argument.split_once('=') else {
        let text = match argument.strip_prefix('@') {
            Some(path) => read("", path)?,
            None if argument == "-" => input.read()?,
            None => return Err("format must be key=value".to_owned()),
        };
        data.extend(object(&text)?);
        return Ok(());
    };
    let value = match value.strip_prefix('@') {
        Some(path) => read("error reading file: ", path)?,
        None if value == "-" => input.read()?,
        None if value.starts_with("\\@") => value[1..].to_owned(),
        None => value.to_owned(),
    };
    // A key that is repeated becomes a list.
    match data.get_mut(key) {
        Some(Value::Array(values)) => values.push(value.into()),
        Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        None => {
            data.insert(key.to_owned(), value.into());
        }
    }
    Ok(())
}

fn read(before: &str, path: &str) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{before}{}", unread(path.as_ref(), &error)))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text that is a JSON object; `null` is an empty one.
///
/// Errors: the words of Go's package.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    // What stands behind the first value is not looked at.
    match serde_json::Deserializer::from_str(text).into_iter().next() {
        Some(Ok(Value::Object(map))) => Ok(map),
        Some(Ok(Value::Null)) => Ok(Map::new()),
        Some(Ok(other)) => {
            let kind = go_json::kind(&other);
            Err(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
        }
        None => Err("EOF".to_owned()),
        Some(Err(error)) => Err(go_json::complaint(text.as_bytes()).unwrap_or_else(|| error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Environment, Flags};

    fn read_all(words: &[&str]) -> Result<Value, String> {
        let environment = Environment::default();
        let session = Session {
            flags: Flags::default(),
            anywhere: super::super::options::Anywhere::default(),
            environment: &environment,
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse(&session, &words).map(Value::Object)
    }

    #[test]
    fn pairs_and_their_mistakes() {
        assert_eq!(
            read_all(&["a=1", "b=", "c=\\@x", "d=e=f", "a=2", ""]),
            Ok(serde_json::json!({"a": ["1", "2"], "b": "", "c": "@x", "d": "e=f"}))
        );
        for (word, told) in [
            ("b", r#"invalid key/value pair "b": format must be key=value"#),
            (
                "b=@nope",
                r#"invalid key/value pair "b=@nope": error reading file: open nope: no such file or directory"#,
            ),
            ("@nope", r#"invalid key/value pair "@nope": open nope: no such file or directory"#),
        ] {
            assert_eq!(read_all(&[word]), Err(told.to_owned()));
        }
        assert_eq!(object("path"), Err("invalid character 'p' looking for beginning of value".into()));
        assert_eq!(object(""), Err("EOF".into()));
        assert_eq!(object("{"), Err("unexpected EOF".into()));
    }
}
