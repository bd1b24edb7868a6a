//! The pages made from the catalogue are what the catalogue says.

use std::path::Path;

use lab_verify::{catalogue, pages};

/// Writes the pages where `LAB_WRITE_DOCS` is set, and compares them otherwise.
#[test]
fn the_pages_are_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, page) in [("rules.md", pages::rules()), ("messages.md", pages::messages_page())] {
        let path = docs.join(name);
        if std::env::var_os("LAB_WRITE_DOCS").is_some() {
            std::fs::write(&path, &page).expect("docs can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, page, "docs/{name}: run this test with LAB_WRITE_DOCS=1");
    }
}

/// What was measured on a real program is measured again by a test, which names the rule.
#[test]
fn what_was_measured_is_measured_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for rule in catalogue::rules() {
        if rule.proof.is_empty() {
            assert!(!rule.source.contains("measured"), "{}: which test measures it?", rule.code);
            continue;
        }
        let test = std::fs::read_to_string(root.join(&rule.proof)).unwrap_or_default();
        assert!(test.contains(&rule.code), "{} does not say {}", rule.proof, rule.code);
    }
}
