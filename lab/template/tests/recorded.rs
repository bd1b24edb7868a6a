//! Templates held against what consul-template 0.41.1 printed or said of them, which is what Go's `text/template`
//! prints and says. `recorded.txt` holds the recordings.

use lab_template::{Functions, MissingKey, Options, Signature, Template, Type, Value};

/// The four of consul-template's functions that the recordings use.
struct Helpers;

impl Functions for Helpers {
    fn signature(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "parseJSON" | "toUpper" => Signature::fixed(&[Type::Text]),
            "split" => Signature::fixed(&[Type::Text, Type::Text]),
            "join" => Signature::fixed(&[Type::Text, Type::Texts]),
            _ => return None,
        })
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let text = |index: usize| arguments[index].as_text().expect("a string");
        Ok(match name {
            "parseJSON" => match serde_json::from_str(text(0)) {
                Ok(json) => Value::from_json(&json),
                Err(error) if error.is_eof() => return Err("unexpected end of JSON input".to_owned()),
                Err(error) => return Err(error.to_string()),
            },
            "toUpper" => Value::from(text(0).to_uppercase()),
            "split" => Value::texts(text(1).split(text(0))),
            "join" => {
                let items: Vec<&str> =
                    arguments[1].items().unwrap_or_default().iter().filter_map(Value::as_text).collect();
                Value::from(items.join(text(0)))
            }
            _ => return Err("unknown".to_owned()),
        })
    }
}

#[test]
fn every_recording_is_reproduced() {
    let options = Options { missing_key: MissingKey::Zero, ..Options::default() };
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in include_str!("recorded.txt").split("=== template\n").skip(1) {
        let case = case.strip_suffix('\n').expect("a whole case");
        let (template, kind, expected) = ["output", "error"]
            .into_iter()
            .find_map(|kind| {
                case.split_once(&format!("\n=== {kind}\n")).map(|(one, other)| (one, kind, other))
            })
            .expect("an output or an error");
        let result = Template::parse("", template, &options, &Helpers)
            .and_then(|parsed| parsed.execute(&Value::Missing, &mut Helpers));
        let got = match (&result, kind) {
            (Ok(text), "output") => text.clone(),
            (Err(error), "error") => error.to_string(),
            other => format!("{other:?}"),
        };
        count += 1;
        if got != expected {
            wrong.push(format!("{template}\n  want {expected:?}\n  got  {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 150, "only {count} recordings were found");
}

#[test]
fn missing_keys_follow_the_option() {
    let data = Value::map([("known".to_owned(), Value::from("x"))]);
    for (missing_key, template, expected) in [
        (MissingKey::Invalid, "{{ .known }}{{ .other.deeper }}", Ok("x<no value>")),
        (MissingKey::Zero, "{{ .other }}", Ok("<no value>")),
        (
            MissingKey::Zero,
            "{{ .other.deeper }}",
            Err(
                "template: t:1:9: executing \"t\" at <.other.deeper>: nil pointer evaluating interface {}.deeper",
            ),
        ),
        (
            MissingKey::Error,
            "{{ .other }}",
            Err("template: t:1:3: executing \"t\" at <.other>: map has no entry for key \"other\""),
        ),
        (
            MissingKey::Error,
            "{{ template \"x\" }}{{ define \"x\" }}{{ .a }}{{ end }}",
            Err("template: t:1:37: executing \"x\" at <.a>: nil data; no entry for key \"a\""),
        ),
    ] {
        let options = Options { missing_key, ..Options::default() };
        let result =
            Template::parse("t", template, &options, &Helpers).and_then(|t| t.execute(&data, &mut Helpers));
        assert_eq!(
            result.map_err(|error| error.to_string()),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{template}"
        );
    }
}

#[test]
fn delimiters_can_be_chosen() {
    let options = Options { left_delimiter: "<<".into(), right_delimiter: ">>".into(), ..Options::default() };
    let template =
        Template::parse("t", "{{ x }} <<- \"a\" | toUpper >>", &options, &Helpers).expect("well formed");
    assert_eq!(template.execute(&Value::Missing, &mut Helpers).as_deref(), Ok("{{ x }}A"));
}

#[test]
fn structures_and_nil_pointers_are_gos() {
    let secret = Value::object(
        "*dependency.Secret",
        vec![("Data", Value::map([("a".to_owned(), Value::Number("5".into()))]))],
    );
    let data =
        Value::map([("s".to_owned(), secret), ("n".to_owned(), Value::NilPointer("*dependency.Secret"))]);
    let options = Options { missing_key: MissingKey::Zero, ..Options::default() };
    for (template, expected) in [
        (
            "{{ .s.Data.a }} {{ if .n }}a{{ else }}b{{ end }} {{ printf \"%s\" .s.Data.a }} {{ eq .s.Data.a \"5\" }}",
            Ok("5 b 5 true"),
        ),
        ("{{ .s }}", Ok("&{map[a:5]}")),
        (
            "{{ .s.Foo }}",
            Err(
                "template: t:1:5: executing \"t\" at <.s.Foo>: can't evaluate field Foo in type *dependency.Secret",
            ),
        ),
        (
            "{{ .n.Data }}",
            Err(
                "template: t:1:5: executing \"t\" at <.n.Data>: nil pointer evaluating *dependency.Secret.Data",
            ),
        ),
    ] {
        let result =
            Template::parse("t", template, &options, &Helpers).and_then(|t| t.execute(&data, &mut Helpers));
        assert_eq!(
            result.map_err(|error| error.to_string()),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{template}"
        );
    }
}
