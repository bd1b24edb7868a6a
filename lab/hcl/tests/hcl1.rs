//! HCL1 held against what the real parsers say: each message was taken from `nomad config validate` and
//! `consul-template -once -dry` on the same input. (On an octal escape above 377 the real ones panic.)

use lab_hcl::{Body, Kind, Number, Reader, hcl1};

fn error(text: &str) -> String {
    hcl1::parse(text).expect_err(text).to_string()
}

fn body(text: &str) -> Body {
    hcl1::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

fn string(text: &str) -> String {
    let body = body(text);
    body.value("a").and_then(|value| value.as_str()).expect("a string").to_owned()
}

#[test]
fn syntax_errors_are_the_real_ones() {
    for (text, message) in [
        ("a = \"b\n", "At 1:7: literal not terminated"),
        ("log = \"\n", "At 1:8: literal not terminated"),
        ("datacenter", "At 1:12: key 'datacenter' expected start of object ('{') or assignment ('=')"),
        ("server { enabled }", "At 1:18: key 'enabled' expected start of object ('{') or assignment ('=')"),
        ("datacenter = foo", "At 1:14: Unknown token: 1:14 IDENT foo"),
        ("server { enabled = true", "At 1:26: object expected closing RBRACE got: EOF"),
        ("server { enabled = true } }", "At 1:27: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACE"),
        ("= 3", "At 1:1: no object keys found!"),
        ("a b = {}", "At 1:5: nested object expected: LBRACE got: ASSIGN"),
        (
            "client { servers = [\"a\" \"b\"] }\n",
            "At 1:25: error parsing list, expected comma or list end, got: STRING",
        ),
        ("client { servers = [\"a\"", "At 1:24: error parsing list, expected comma or list end, got: EOF"),
        ("client { servers = [a] }\n", "At 1:21: unexpected token while parsing list: IDENT"),
        ("region = \"a\\qb\"\n", "At 1:13: illegal char escape"),
        ("/ hello\n", "At 1:1: expected '/' for comment"),
        ("/* hello\n", "At 2:1: comment not terminated"),
        ("region = <<EOF\nfoo\n", "At 3:1: heredoc not terminated"),
        ("region = <EOF\nfoo\n", "At 1:11: heredoc expected second '<', didn't see it"),
        ("region = <<\nfoo\n", "At 1:12: zero-length heredoc anchor"),
        ("region = <<E!\nfoo\n", "At 1:13: invalid characters in heredoc anchor"),
        ("region = @\n", "At 1:10: illegal char"),
        ("a = <<-EOF\n    one\nEOF\n", "At 4:1: heredoc not terminated"),
        ("a = \"\\400\"", "At 1:5: illegal char escape"),
        ("@ = 1\n", "At 1:1: illegal char"),
        ("ports { http = 0x }\n", "At 1:18: illegal hexadecimal number"),
        ("ports { http = +1 }\n", "At 1:16: Unknown token: 1:16 ADD +"),
        ("region = \"${a\"\n", "At 2:1: literal not terminated"),
        ("region = \"a\"\r\ntls {\r\n rpc = \"x\r\n}", "At 3:10: literal not terminated"),
        ("\u{feff}region = \"a\"\n", "At 1:1: illegal char"),
        ("region = \"a\0b\"\n", "At 1:15: literal not terminated"),
        ("plugin \"docker\" = { config { a = 1 } }\n", "At 1:17: nested object expected: LBRACE got: ASSIGN"),
        (
            "client { servers = [{a=}] }\n",
            "At 1:21: error while trying to parse object within list: At 1:24: Unknown token: 1:24 RBRACE }",
        ),
        ("{ { } }", "expected: STRING got: LBRACE"),
        ("{\"tls\": {\"rpc\": tru}}", "1:19: illegal char"),
        ("{\"tls\" {\"rpc\": true}}", "expected: STRING got: LBRACE"),
    ] {
        assert_eq!(error(text), message, "{text:?}");
    }
    let problem = hcl1::parse_bytes(b"region = \"\xff\"\n").expect_err("not text");
    assert_eq!(problem.to_string(), "At 1:11: illegal UTF-8 encoding");
}

#[test]
fn what_the_real_parsers_accept_is_accepted() {
    for (text, items) in [
        ("", 0),
        ("datacenter = \"a\" region = \"b\"\n", 2),
        ("datacenter = \"a\", region = \"b\"", 2),
        ("datacenter =", 0),
        ("a = 1\ndatacenter =", 1),
        ("client { servers = [\"a\", \"b\",] }", 1),
        ("client { servers = [\"a\",, \"b\"] }", 1),
        ("tls { rpc = true }\ntls { http = true }", 2),
        ("tls = { rpc = true }", 1),
        ("tls = [{ rpc = true }, { http = true }]", 2),
        ("\"tls\" { \"rpc\" = true }", 1),
        ("a.b = 1", 1),
        ("# c\n// d\n/* e */ a = 1 # f", 1),
        ("{\"tls\": {\"rpc\": true}}", 1),
        ("{\"tls\": {\"rpc\": true}", 1),
        ("{\"tls\": {\"rpc\": true,}}", 1),
        ("{\"region\": null}", 1),
        ("region = \"a\"\r\ntls {\r\n rpc = true\r\n}\r\n", 2),
        ("é = 1", 1),
    ] {
        assert_eq!(body(text).items.len(), items, "{text:?}");
    }
}

#[test]
fn the_strict_json_reader_misses_braces() {
    let problem = hcl1::parse_json("{\"tls\": {\"rpc\": true}").expect_err("a brace is missing");
    assert_eq!((problem.message.as_str(), problem.span.start), ("`{` is not closed", 0));
    let problem = hcl1::parse_json("{\"tls\": {\"rpc\": ").expect_err("a value is missing");
    assert_eq!(problem.message, "expected: value got: EOF");
    let problem = hcl1::parse_json("{} x").expect_err("more text");
    assert_eq!(problem.message, "1:4: illegal char");
    let problem = hcl1::parse_json("{}{}").expect_err("more text");
    assert_eq!(problem.message, "expected: EOF got: LBRACE");
    assert_eq!(hcl1::parse_json("{\"a\": [1, 2], \"b\": [{}, {}]}\n").map(|body| body.items.len()), Ok(3));
}

#[test]
fn names_have_a_case_unless_asked_otherwise() {
    let body = body("TLS { RPC = true }");
    assert_eq!(Reader::caseless(&body).blocks("tls").len(), 1);
    let mut exact = Reader::new(&body);
    assert_eq!(exact.blocks("tls").len(), 0);
    assert_eq!(exact.finish().expect_err("another case").help.as_deref(), Some("did you mean `tls`?"));
}

#[test]
fn strings_resolve_escapes_and_keep_templates() {
    assert_eq!(string(r#"a = "a\x41\u0042\n\101\"\\""#), "aAB\nA\"\\");
    assert_eq!(string(r#"a = "${x "y" {z}}\t{{ with secret }}""#), "${x \"y\" {z}}\t{{ with secret }}");
    assert_eq!(string("a = \"${x\ny}\""), "${x\ny}");
    assert_eq!(string(r#"a = "\ud800""#), "\u{fffd}");
    assert_eq!(string("a = <<EOF\n one\n two\n  EOF\n"), " one\n two\n  ");
    assert_eq!(string("a = <<-EOF\n    one\n      two\n    EOF\n"), "one\n  two\n");
    assert_eq!(string("a = <<-EOF\n  one\n    EOF\n"), "  one\n");
    assert_eq!(string("a = <<EOF\nEOF\n"), "");
    assert_eq!(string("a = <<EOF\r\none\r\nEOF\r\n"), "one\n");
}

#[test]
fn numbers_keep_their_text() {
    for (text, number) in [("0700", 0o700), ("0x1226", 4646), ("-1", -1), ("4646", 4646)] {
        assert_eq!(
            body(&format!("a = {text}")).value("a").map(|v| v.kind.clone()),
            Some(Kind::Number(Number::new(text)))
        );
        assert_eq!(Number::new(text).integer(), Ok(number));
    }
    assert_eq!(body("a = 4e3").value("a").map(|v| v.kind.clone()), Some(Kind::Number(Number::new("4e3"))));
}

#[test]
fn blocks_keep_their_labels_and_places() {
    let text = "path \"pki_int/issue/*\" {\n  capabilities = [\"update\"]\n}\n";
    let body = body(text);
    let block = body.blocks_of("path").next().expect("a block");
    assert_eq!(block.label(), Some("pki_int/issue/*"));
    assert_eq!(&text[block.labels[0].span.range()], "\"pki_int/issue/*\"");
    assert_eq!(&text[block.span.range()], text.trim_end());
    let value = block.body.value("capabilities").expect("an attribute");
    assert_eq!(&text[value.span.range()], "[\"update\"]");
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    for (open, close) in [("a {", "}"), ("a = [", "]"), ("a = [[", "]]"), ("[", "")] {
        let text = format!("x = [{}{}]", open.repeat(100_000), close.repeat(100_000));
        assert!(hcl1::parse(&text).is_err(), "{open}");
    }
    let text = "a {".repeat(100_000);
    assert_eq!(error(&text), "At 1:387: nested deeper than 128 levels");
    // Brackets of lists in lists are nothing to the real reader.
    let json = format!("{{\"a\":{}", "[".repeat(100_000));
    assert_eq!(error(&json), "unexpected token while parsing list: EOF");
    assert!(hcl1::parse(&"{\"a\":".repeat(100_000)).is_err());
}
