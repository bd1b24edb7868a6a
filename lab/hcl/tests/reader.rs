//! What a reader converts, and what it says where it cannot.

use std::time::Duration;

use lab_hcl::{Body, Diagnostic, Reader, Source, hcl1, hcl2, render};

fn body(text: &str) -> Body {
    hcl2::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

fn said<T: std::fmt::Debug>(result: Result<T, Diagnostic>) -> (String, String) {
    let problem = result.expect_err("a problem");
    (problem.message, problem.label.unwrap_or_default())
}

#[test]
fn values_convert_as_the_decoders_convert_them() {
    let body = body(
        "a = \"3\"\nb = 4\nc = \"true\"\nd = 0\ne = \"1m30s\"\nf = [\"x\", 5]\ng = \"lone\"\nh = null\ni = true\nj = 1.5\nk = { x = \"1\", y = 2 }\n",
    );
    let mut reader = Reader::new(&body);
    assert_eq!(reader.integer("a"), Ok(Some(3)));
    assert_eq!(reader.string("b"), Ok(Some("4".to_owned())));
    assert_eq!(reader.bool("c"), Ok(Some(true)));
    assert_eq!(reader.bool("d"), Ok(Some(false)));
    assert_eq!(reader.duration("e"), Ok(Some(Duration::from_secs(90))));
    assert_eq!(reader.strings("f"), Ok(Some(vec!["x".to_owned(), "5".to_owned()])));
    assert_eq!(reader.strings("g"), Ok(Some(vec!["lone".to_owned()])));
    assert_eq!(reader.string("h"), Ok(None));
    assert_eq!(reader.string("i"), Ok(Some("true".to_owned())));
    assert_eq!(reader.float("j"), Ok(Some(1.5)));
    let entries = vec![("x".to_owned(), "1".to_owned()), ("y".to_owned(), "2".to_owned())];
    assert_eq!(reader.string_map("k"), Ok(Some(entries)));
    assert_eq!(reader.string("absent"), Ok(None));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn what_does_not_convert_is_said_at_its_place() {
    let text = "a = [1]\nb = \"yes\"\nc = 1.5\nd = \"5\"\ne = 7\nf = [[1]]\ng = 9\nh { x = 1 }\nh { }\nm { y = [1] }\n";
    let body = body(text);
    let mut reader = Reader::new(&body);
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(said(reader.string("a")), pair("`a` must be a string", "this is a list"));
    assert_eq!(said(reader.bool("b")), pair("`b` must be true or false", "this is a string"));
    assert_eq!(said(reader.integer("c")), pair("`c` must be a whole number", "this is a number"));
    assert_eq!(
        said(reader.duration("d")),
        pair("`d` must be a duration", "time: missing unit in duration \"5\"")
    );
    assert_eq!(said(reader.duration("e")), pair("`e` must be a duration", "this is a number"));
    assert_eq!(said(reader.strings("f")), pair("`f` must be a list of strings", "this is a list"));
    assert_eq!(said(reader.count("g", 1, 7)), pair("`g` must be from 1 to 7", "this is 9"));
    assert_eq!(said(reader.block("h")), pair("only one `h` block is allowed", "the second one"));
    assert_eq!(said(reader.object("g")), pair("`g` must be an object", "this is a number"));
    assert_eq!(said(reader.string_map("m")), pair("`y` must be a string", "this is a list"));
    assert_eq!(said(reader.required_string("name")).0, "`name` is missing");
    let problem = reader.integer("c").expect_err("no whole number");
    let shown = render(&Source::new("s.lab.hcl", text), &problem, false);
    assert!(shown.contains("s.lab.hcl:3:5"), "{shown}");
}

#[test]
fn labels_may_be_written_as_blocks() {
    for text in [
        "path \"a/b\" { x = 1 }\npath \"c\" { }",
        "path { \"a/b\" { x = 1 } \"c\" { } }",
        "{\"path\": {\"a/b\": {\"x\": 1}, \"c\": {}}}",
    ] {
        let body = hcl1::parse(text).expect("well formed");
        let mut reader = Reader::new(&body);
        let found = reader.labelled("path").expect("labels");
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a/b", "c"], "{text}");
        assert_eq!(found[0].1.items.len(), 1);
    }
    let body = hcl1::parse("path { x = 1 }").expect("well formed");
    assert_eq!(said(Reader::new(&body).labelled("path")).0, "a `path` block needs a label");
}

#[test]
fn an_attribute_is_not_a_block() {
    let body = body("tls = true\n");
    let mut reader = Reader::new(&body);
    assert_eq!(reader.block("tls"), Ok(None));
    let problem = reader.finish().expect_err("an attribute");
    assert_eq!(problem.message, "unknown attribute `tls`");
    assert_eq!(problem.label.as_deref(), Some("this must be a block"));
    assert_eq!(problem.help.as_deref(), Some("write `tls { ... }`"));
}
