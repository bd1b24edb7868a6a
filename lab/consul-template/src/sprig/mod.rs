//! The functions of Sprig, which consul-template and Nomad's `-t` give to templates as `sprig_NAME`.

mod case;
mod date;
mod decimal;
mod dictionary;
mod encoding;
mod general;
mod list;
mod number;
mod path;
mod pattern;
mod text;
mod url;

use lab_template::{Signature, Value};
use time::OffsetDateTime;

pub(crate) use self::dictionary::{entries, merge};
pub(crate) use self::encoding::decoded;
pub(crate) use self::pattern::{compile, replaced};

/// Sprig's functions, with what they need from outside.
#[derive(Clone, Copy, Debug)]
pub struct Sprig {
    /// How values are written as JSON: on one line, or with so many spaces a level.
    pub json: fn(&Value, Option<usize>) -> String,
    /// The time.
    pub now: OffsetDateTime,
    /// Whether the functions are there, too, whose result depends on the time: Nomad has them, consul-template has not.
    pub tells_time: bool,
}

/// What a function is given.
type Arguments<'a> = &'a [Value];

/// A group of functions: what each takes, and what it gives.
struct Group {
    signature: fn(&str) -> Option<Signature>,
    call: fn(&str, Arguments<'_>) -> Result<Value, String>,
}

const GROUPS: [Group; 10] = [
    Group { signature: text::signature, call: text::call },
    Group { signature: case::signature, call: case::call },
    Group { signature: number::signature, call: number::call },
    Group { signature: decimal::signature, call: decimal::call },
    Group { signature: list::signature, call: list::call },
    Group { signature: dictionary::signature, call: dictionary::call },
    Group { signature: general::signature, call: general::call },
    Group { signature: encoding::signature, call: encoding::call },
    Group { signature: path::signature, call: path::call },
    Group { signature: url::signature, call: url::call },
];

impl Sprig {
    /// What a function takes, by its name with `sprig_`; `None` where there is none.
    pub fn signature(&self, name: &str) -> Option<Signature> {
        let name = name.strip_prefix("sprig_")?;
        let plain = plain_name(name);
        GROUPS
            .iter()
            .find_map(|group| (group.signature)(&plain))
            .or_else(|| pattern::signature(&plain))
            .or_else(|| date::signature(name, self.tells_time))
    }

    /// Calls a function by its name with `sprig_`. An error is a message, which the template's error goes round.
    pub fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let name = name.strip_prefix("sprig_").unwrap_or(name);
        let plain = plain_name(name);
        match plain.as_str() {
            "toJson" => return Ok(escape_html(&(self.json)(at(arguments, 0), None)).into()),
            "toRawJson" => return Ok((self.json)(at(arguments, 0), None).into()),
            "toPrettyJson" => return Ok(escape_html(&(self.json)(at(arguments, 0), Some(2))).into()),
            _ => {}
        }
        if pattern::signature(&plain).is_some() {
            return pattern::call(&plain, arguments, plain != name);
        }
        match GROUPS.iter().find(|group| (group.signature)(&plain).is_some()) {
            // The other form of it gives nothing instead of an error.
            Some(_) if name == "fromJson" => Ok(general::call(name, arguments).unwrap_or(Value::Nil)),
            Some(group) => (group.call)(&plain, arguments),
            None => date::call(name, arguments, self.now),
        }
    }

    /// Whether a function changes the map that it is given first, and gives that map.
    pub fn changes_first(name: &str) -> bool {
        let plain = plain_name(name.strip_prefix("sprig_").unwrap_or_default());
        matches!(plain.as_str(), "set" | "unset" | "merge" | "mergeOverwrite")
    }
}

/// `mustFirst` is `first` with another way to fail, which a template does not notice.
fn plain_name(name: &str) -> String {
    const TWICE: [&str; 27] = [
        "Append",
        "Chunk",
        "Compact",
        "DeepCopy",
        "First",
        "FromJson",
        "Has",
        "Initial",
        "Last",
        "Merge",
        "MergeOverwrite",
        "Prepend",
        "Push",
        "RegexFind",
        "RegexFindAll",
        "RegexMatch",
        "RegexReplaceAll",
        "RegexReplaceAllLiteral",
        "RegexSplit",
        "Rest",
        "Reverse",
        "Slice",
        "ToJson",
        "ToPrettyJson",
        "ToRawJson",
        "Uniq",
        "Without",
    ];
    match name.strip_prefix("must").filter(|rest| TWICE.contains(rest)) {
        Some(rest) => rest[..1].to_ascii_lowercase() + &rest[1..],
        None => name.to_owned(),
    }
}

/// What Go escapes so that JSON can stand in HTML.
pub(crate) fn escape_html(json: &str) -> String {
    json.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn at(arguments: Arguments<'_>, index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Nil)
}

/// An argument whose signature says that it is a text.
fn text_at(arguments: Arguments<'_>, index: usize) -> &str {
    at(arguments, index).as_text().unwrap_or_default()
}

/// An argument whose signature says that it is a whole number.
fn integer_at(arguments: Arguments<'_>, index: usize) -> i64 {
    match at(arguments, index) {
        Value::Integer(number) => *number,
        _ => 0,
    }
}

/// The kind of a value, as Go's `reflect` names it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Missing | Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Integer(_) => "int",
        Value::Float(_) => "float64",
        Value::Number(_) | Value::Text(_) => "string",
        Value::List(_) | Value::Texts(_) => "slice",
        Value::Map(_) => "map",
        Value::Object(object) if object.type_name.starts_with('*') => "ptr",
        Value::Object(_) => "struct",
        Value::NilPointer(_) => "ptr",
    }
}

fn unknown<T>(name: &str) -> Result<T, String> {
    Err(format!("{name:?} is not a defined function"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_clocks_in_consul_templates_functions() {
        let sprig = Sprig {
            json: |value, _| value.to_json().to_string(),
            now: OffsetDateTime::UNIX_EPOCH,
            tells_time: false,
        };
        assert_eq!(sprig.signature("sprig_now"), None);
        assert_eq!(sprig.signature("upper"), None);
        let all = Sprig { tells_time: true, ..sprig };
        let now = all.call("sprig_now", &[]).expect("a time");
        let day = all.call("sprig_date", &[Value::from("2006-01-02"), now]);
        assert_eq!(day, Ok(Value::from("1970-01-01")));
    }
}
