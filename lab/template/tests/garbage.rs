//! Whatever comes in: a text or an error, soon.

use lab_template::{Error, NoFunctions, Options, Template, Value};
use proptest::prelude::*;

fn run(text: &str) -> Result<String, Error> {
    Template::parse("t", text, &Options::default(), &NoFunctions)?.execute(&Value::Missing, &mut NoFunctions)
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "{{ ",
        " }}",
        "{{- ",
        " -}}",
        "{{/*",
        "*/}}",
        "if ",
        "range ",
        "with ",
        "else ",
        "end ",
        "define ",
        "template ",
        "block ",
        "break ",
        "$x ",
        ":= ",
        "= ",
        ", ",
        "| ",
        "( ",
        ") ",
        ".a",
        ". ",
        "\"s\" ",
        "'c' ",
        "`r` ",
        "1 ",
        "-2.5 ",
        "0x ",
        "nil ",
        "true ",
        "len ",
        "index ",
        "printf ",
        "\"%*d\" ",
        "eq ",
        "and ",
        "\n",
        "é",
        "\\",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn templates_survive_garbage(text in pieces()) {
        let _ = run(&text);
    }
}

#[test]
fn nothing_nests_or_runs_without_end() {
    for text in [
        format!("{{{{ {}", "(".repeat(50_000)),
        format!("{{{{ {}1 }}}}", "(".repeat(50_000)),
        "{{ if true }}".repeat(50_000),
        format!("{{{{ if 0 }}}}{}{{{{ end }}}}", "{{ else if 0 }}".repeat(50_000)),
    ] {
        let message = run(&text).expect_err("too deep").to_string();
        assert!(
            message.contains("nested deeper than 100 levels") || message.contains("unclosed"),
            "{message}"
        );
    }
    let recursive = "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}";
    let message = run(recursive).expect_err("endless").to_string();
    assert!(message.ends_with("exceeded maximum template depth (60)"), "{message}");
    let message = run("{{ range 1000000000 }}{{ end }}").expect_err("long").to_string();
    assert!(message.ends_with("the template does not come to an end"), "{message}");
    let message = run("{{ range 100 }}{{ range 1000 }}{{ printf \"%1000d%1000d\" 1 1 }}{{ end }}{{ end }}")
        .expect_err("large");
    assert!(message.to_string().ends_with("the text gets too long"), "{message}");
}
