//! What machines read is what their readers take: each format is taken apart again.

mod support;

use lab_verify::report::{Format, render};
use lab_verify::{Cluster, Input, Judgement, judge};
use serde_json::Value;
use support::{Node, Site, now};

/// Findings of every severity, one that is allowed, names that every format must escape, and a file that does not parse.
fn bad() -> (Site, Cluster, Judgement) {
    let site = Site::new();
    Node::new("server").tls("rpc_upgrade_mode", "true").tls("verify_https_client", "false").write(&site);
    site.set_mode("certs/agent.key", 0o640);
    site.write("a directory, with: 100% <odd> \"names\" & \u{e9}/role.json", "{\"allow_any_name\": true}");
    site.write(
        "role.hcl",
        "# lab:allow PKI301 <until> \"Friday\"\nallowed_domains = [\"nomad\"]\nallow_subdomains = true\n",
    );
    site.write("cut.hcl", "server {\n  enabled =");
    let cluster = Cluster::read(&[Input::Path(site.root.clone())], now());
    let judgement = judge(&cluster, &[]);
    assert_eq!((cluster.problems.len(), judgement.allowed.len()), (1, 1));
    assert!(judgement.findings.len() >= 3, "{:#?}", judgement.findings);
    (site, cluster, judgement)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value:#}"))
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} in {value:#}"))
}

/// What the schema of SARIF 2.1.0 requires of the properties that are used, and says of their values.
#[test]
fn sarif() {
    let (_site, cluster, judgement) = bad();
    let document: Value = serde_json::from_str(&render(&cluster, &judgement, Format::Sarif)).expect("JSON");
    assert_eq!(text(&document, "/version"), "2.1.0");
    let run = &list(&document, "/runs")[0];
    let rules = list(run, "/tool/driver/rules");
    assert!(run.pointer("/tool/driver/informationUri").is_none(), "there is no page to name");
    let mut ids: Vec<&str> = rules.iter().map(|rule| text(rule, "/id")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 41);
    let results = list(run, "/results");
    assert_eq!(results.len(), judgement.findings.len() + 1);
    for result in results {
        assert!(ids.contains(&text(result, "/ruleId")));
        assert!(["note", "warning", "error"].contains(&text(result, "/level")));
        assert!(!text(result, "/message/text").is_empty());
        for location in list(result, "/locations").iter().chain(list(result, "/relatedLocations")) {
            check_location(location);
        }
    }
    let suppressed: Vec<&Value> =
        results.iter().filter(|result| result.get("suppressions").is_some()).collect();
    assert_eq!(text(suppressed[0], "/suppressions/0/kind"), "inSource");
    assert_eq!(text(suppressed[0], "/suppressions/0/justification"), "<until> \"Friday\"");
    assert_eq!(run.pointer("/invocations/0/executionSuccessful"), Some(&Value::Bool(false)));
    let notification = &list(run, "/invocations/0/toolExecutionNotifications")[0];
    assert!(text(notification, "/message/text").contains("got: EOF"), "{notification:#}");
    check_location(&list(notification, "/locations")[0]);
}

fn check_location(location: &Value) {
    let uri = text(location, "/physicalLocation/artifactLocation/uri");
    let path = uri.strip_prefix("file://").expect("the site has an absolute path");
    assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{uri}");
    for name in ["startLine", "startColumn"] {
        let number = location.pointer(&format!("/physicalLocation/region/{name}")).and_then(Value::as_u64);
        assert!(number >= Some(1), "{location:#}");
    }
    if let Some(message) = location.get("message") {
        assert!(!text(message, "/text").is_empty());
    }
}

#[test]
fn sarif_keeps_relative_paths() {
    let cluster = Cluster::read(&[Input::Path("../../docs/examples/role.json".into())], now());
    let document: Value =
        serde_json::from_str(&render(&cluster, &judge(&cluster, &[]), Format::Sarif)).expect("JSON");
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(text(&document, uri), "../../docs/examples/role.json");
}

/// Each line is a command with properties and a message, as GitHub's runner splits them.
#[test]
fn github() {
    let (_site, cluster, judgement) = bad();
    let printed = render(&cluster, &judgement, Format::Github);
    assert_eq!(printed.lines().count(), judgement.findings.len() + 1);
    let mut files = Vec::new();
    for line in printed.lines() {
        let (head, message) =
            line.strip_prefix("::").and_then(|line| line.split_once("::")).expect("a command");
        let (command, properties) = head.split_once(' ').expect("properties");
        assert!(["notice", "warning", "error"].contains(&command) && !message.is_empty(), "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').expect("name=value");
            assert!(["file", "line", "col", "title"].contains(&name), "{line}");
            if name == "file" {
                files.push(value.replace("%3A", ":").replace("%2C", ",").replace("%25", "%"));
            }
        }
    }
    assert!(files.iter().any(|file| file.contains("a directory, with: 100% <odd>")), "{files:?}");
}

/// Well-formed XML, with the counts that it says.
#[test]
fn junit() {
    let (_site, cluster, judgement) = bad();
    let printed = render(&cluster, &judgement, Format::Junit);
    let elements = elements(&printed);
    let count = |name: &str| elements.iter().filter(|(element, _)| element == name).count();
    assert_eq!((count("testsuites"), count("testsuite"), count("testcase")), (1, 1, 42));
    let suite = &elements.iter().find(|(name, _)| name == "testsuite").expect("a suite").1;
    assert!(suite.contains("tests=\"42\"") && suite.contains("errors=\"1\""), "{suite}");
    assert!(suite.contains(&format!("failures=\"{}\"", count("failure"))), "{suite}");
    assert_eq!(count("error"), 1);
}

/// The elements of an XML document with their attributes, in order. Panics where it is not well-formed.
fn elements(xml: &str) -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start]);
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "tags are closed in their order");
            continue;
        }
        let whole = tag.trim_end_matches('/');
        let (name, attributes) = whole.split_once(' ').unwrap_or((whole, ""));
        assert_eq!(attributes.matches('"').count() % 2, 0, "{tag}");
        assert!(!attributes.contains('<'), "{tag}");
        check_text(attributes);
        found.push((name.to_owned(), attributes.to_owned()));
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
    found
}

fn check_text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;"].iter().any(|entity| text[at..].starts_with(entity));
        assert!(known, "{}", &text[at..]);
    }
    assert!(text.chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t'));
}
