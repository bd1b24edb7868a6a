//! HCL2: scenario and job files.

use lab_hcl::{Kind, Number, Reader, hcl2};

const SCENARIO: &str = r#"scenario "rpc-upgrade-mode" {
  servers   = 3
  delay     = -1.5
  on        = all(clients)
  hosts     = [server-1, "server-2"]
  message   = "it is ${name} $${kept}"
  meta      = { role = "x", "quoted key" = true }
  nothing   = null
  assert {
    condition = plaintext_rpc == refused && clients == ready
  }
  text = <<-EOT
    one ${two}
      three
    EOT
}
"#;

#[test]
fn literals_become_values_and_the_rest_stays_source() {
    let body = hcl2::parse(SCENARIO).expect("well formed");
    let scenario = body.blocks_of("scenario").next().expect("a block");
    assert_eq!(scenario.label(), Some("rpc-upgrade-mode"));
    let kind = |name: &str| scenario.body.value(name).map(|value| value.kind.clone()).expect(name);
    assert_eq!(kind("servers"), Kind::Number(Number::new("3")));
    assert_eq!(kind("delay"), Kind::Number(Number::new("-1.5")));
    assert_eq!(kind("on"), Kind::Expression("all(clients)".into()));
    assert_eq!(kind("message"), Kind::String("it is ${name} ${kept}".into()));
    assert_eq!(kind("nothing"), Kind::Null);
    assert_eq!(kind("text"), Kind::String("one ${two}\n  three\n".into()));
    let Kind::List(hosts) = kind("hosts") else { panic!("a list") };
    assert_eq!(hosts[0].kind, Kind::Expression("server-1".into()));
    assert_eq!(&SCENARIO[hosts[1].span.range()], "\"server-2\"");
    let Kind::Object(meta) = kind("meta") else { panic!("an object") };
    assert_eq!(meta.attributes().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["role", "quoted key"]);
    let assert = scenario.body.blocks_of("assert").next().expect("a block");
    let condition = assert.body.value("condition").expect("an attribute");
    assert_eq!(condition.kind, Kind::Expression("plaintext_rpc == refused && clients == ready".into()));
    assert_eq!(&SCENARIO[condition.span.range()], "plaintext_rpc == refused && clients == ready");
    assert_eq!(&SCENARIO[scenario.kind_span.range()], "scenario");
}

#[test]
fn syntax_errors_point_at_their_place() {
    for (text, message, offset) in [
        ("a = ", "a value is missing", 2),
        ("b = 1\na {\n  c =\n}\n", "a value is missing", 14),
        ("a = \"x", "a string is not closed", 4),
        ("a = \"x\nb = \"y\"\n", "a string is not closed", 4),
        ("a = \"x\ny\"\n", "a string is not closed", 4),
        ("t = <<E\n \"{ it's\n  E\na = [1\n", "`[` is not closed", 25),
        ("a {\n", "`{` is not closed", 2),
        ("a = [1, 2\n", "`[` is not closed", 4),
        ("a = 1 b = 2", "expected newline or eof", 6),
        ("a = 1\na = 2\n", "invalid attribute; expected unique attribute key; found redefined attribute", 6),
    ] {
        let problem = hcl2::parse(text).expect_err(text);
        assert_eq!((problem.message.as_str(), problem.span.start), (message, offset), "{text:?}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    for open in ["a {", "a = [", "a = (", "a = \"${\"${", "a = {a = {", "a = !!!!!!!!", "a = b ? c : d ? "] {
        assert!(hcl2::parse(&open.repeat(20_000)).is_err(), "{open}");
    }
    assert!(hcl2::parse(&format!("a = {}1", "[".repeat(20_000))).is_err());
    assert!(hcl2::parse(&format!("a = 1{}", " + 1".repeat(20_000))).is_err());
}

#[test]
fn a_reader_names_what_is_unknown() {
    let body = hcl2::parse("servers = 3\nclients {}\nsevers = 1\n").expect("well formed");
    let mut reader = Reader::new(&body);
    assert_eq!(reader.integer("servers"), Ok(Some(3)));
    assert_eq!(reader.integer("clients"), Ok(None));
    let problem = reader.finish().expect_err("unknown items");
    assert_eq!(problem.message, "unknown block `clients`");
    assert_eq!(problem.help.as_deref(), Some("write `clients = ...`"));
    let mut reader = Reader::new(&body);
    assert_eq!(reader.integer("servers"), Ok(Some(3)));
    assert_eq!(reader.blocks("clients").len(), 1);
    let problem = reader.finish().expect_err("unknown items");
    assert_eq!(problem.message, "unknown attribute `severs`");
    assert_eq!(problem.help.as_deref(), Some("did you mean `servers`?"));
}
