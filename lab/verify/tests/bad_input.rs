//! Whatever a path leads to, the answer is a finding or an error, soon, and nothing is written.

mod support;

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use lab_verify::{Cluster, Input, Problem, judge};
use support::{Node, Site, codes, now};

fn problems(path: &std::path::Path) -> Vec<Problem> {
    Cluster::read(&[Input::Path(path.to_owned())], now()).problems
}

fn messages(site: &Site) -> Vec<String> {
    problems(&site.root).into_iter().map(|problem| problem.message).collect()
}

#[test]
fn paths_that_lead_nowhere() {
    let site = Site::new();
    assert_eq!(problems(&site.path("missing"))[0].message, "no such file or directory");
    assert_eq!(messages(&site), ["there are no files in it"]);
    site.write("empty.hcl", "");
    assert!(problems(&site.path("empty.hcl"))[0].message.starts_with("the file is empty"));
    site.write("notes.txt", "hello");
    assert!(messages(&site)[0].starts_with("nothing in it is configuration"));
}

#[test]
fn directories_that_lead_back() {
    let site = Site::new();
    site.write("etc/nomad.hcl", "data_dir = \"/d\"\nclient { enabled = true }\n");
    symlink(&site.root, site.path("etc/loop")).expect("a link");
    symlink(site.path("a"), site.path("b")).expect("a link");
    symlink(site.path("b"), site.path("a")).expect("a link");
    let messages = messages(&site).join("\n");
    assert!(messages.contains("a directory loop, not followed"), "{messages}");
    assert!(messages.contains("symbolic link"), "{messages}");
}

#[test]
fn things_that_are_no_files() {
    let site = Site::new();
    let _listener = UnixListener::bind(site.path("nomad.hcl")).expect("a socket");
    assert!(messages(&site)[0].contains("a socket"));
    let made = Command::new("mkfifo").arg(site.path("pipe.hcl")).status().expect("mkfifo");
    assert!(made.success());
    assert!(messages(&site).iter().any(|message| message.contains("a pipe")), "and it is not waited for");
    let node = Node::new("server").tls("cert_file", "\"/nomad.hcl\"").tls("key_file", "\"/pipe.hcl\"");
    node.write(&site);
    let cluster = Cluster::read(&[Input::Path(site.path("etc")), Input::Path(site.root.clone())], now());
    assert!(codes(&judge(&cluster, &[])).contains(&"TLS001".to_owned()));
}

#[test]
fn files_that_are_too_large_or_no_text() {
    let site = Site::new();
    let file = std::fs::File::create(site.path("nomad.hcl")).expect("a file");
    file.set_len(1 << 30).expect("a sparse gigabyte");
    assert!(messages(&site)[0].contains("1073741824 bytes"), "{:?}", messages(&site));
    site.write("binary.hcl", [0x7f, b'E', b'L', b'F', 0xff, 0xfe]);
    assert!(messages(&site).iter().any(|message| message.contains("not a text file")));
    Node::new("server").tls("ca_file", "\"/nomad.hcl\"").tls("cert_file", "\"/binary.hcl\"").write(&site);
    let cluster = Cluster::read(&[Input::Path(site.root.clone())], now());
    let found: Vec<String> =
        judge(&cluster, &[]).findings.into_iter().map(|finding| finding.message).collect();
    assert!(found.iter().filter(|message| message.contains("is of no use")).count() == 2, "{found:#?}");
}

#[test]
fn files_that_do_not_parse() {
    let site = Site::new();
    for (text, wanted) in [
        ("server {\n  enabled = true\n", "object expected closing RBRACE got: EOF"),
        ("server { enabled = \"tr", "literal not terminated"),
        ("{\"server\": [", "expected"),
        ("client { enabled = true }\ntls {\n  rcp = true\n}\n", "unexpected keys rcp"),
    ] {
        site.write("nomad.hcl", text);
        let found = problems(&site.root);
        assert!(found[0].is_syntax() && found[0].message.contains(wanted), "{text:?}: {found:#?}");
    }
}

#[test]
fn a_name_of_sixteen_kilobytes() {
    let site = Site::new();
    let mut node = Node::new("server");
    let long = vec!["a".repeat(60); 270].join(".");
    node.names.push(long);
    node.common_name = "x".repeat(16_000);
    node.write(&site);
    for finding in site.judge().findings {
        let label = finding.place.map(|place| place.label).unwrap_or_default();
        assert!(finding.message.len() < 1000 && label.len() < 1000, "{}", finding.rule.code);
    }
}

#[test]
fn nothing_is_written() {
    let site = Site::new();
    Node::new("server").write(&site);
    let listed = || {
        let output = Command::new("find").arg(&site.root).args(["-printf", "%p %s %m %T+ %C+\n"]).output();
        String::from_utf8(output.expect("find").stdout).expect("text")
    };
    let before = listed();
    site.judge();
    assert_eq!(listed(), before);
}
