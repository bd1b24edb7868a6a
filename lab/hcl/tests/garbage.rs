//! Whatever comes in: a value or an error, at a place inside the text.

use lab_hcl::{Diagnostic, Source, hcl1, hcl2, render};
use proptest::prelude::*;

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a".to_owned()),
        Just(" = ".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just("\"".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("${".to_owned()),
        Just("\\".to_owned()),
        Just("<<EOF\n".to_owned()),
        Just("<<-E\n".to_owned()),
        Just("EOF\n".to_owned()),
        Just("0x".to_owned()),
        Just("1.5e".to_owned()),
        Just("true".to_owned()),
        Just("/*".to_owned()),
        Just("#".to_owned()),
        Just("(".to_owned()),
        Just(":".to_owned()),
        Just("\u{e9}".to_owned()),
        ".{0,3}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check(text: &str, problem: &Diagnostic) {
    assert!(problem.span.start <= text.len() + 1, "{text:?}: {problem:?}");
    let shown = render(&Source::new("x.hcl", text), problem, false);
    assert!(shown.contains("error"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn hcl1_survives_garbage(text in pieces()) {
        if let Err(problem) = hcl1::parse(&text) {
            check(&text, &problem);
        }
    }

    #[test]
    fn json_survives_garbage(text in pieces()) {
        if let Err(problem) = hcl1::parse(&format!("{{\"a\": {text}")) {
            check(&format!("{{\"a\": {text}"), &problem);
        }
    }

    #[test]
    fn hcl2_survives_garbage(text in pieces()) {
        if let Err(problem) = hcl2::parse(&text) {
            check(&text, &problem);
        }
    }

    #[test]
    fn bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = hcl1::parse_bytes(&bytes);
    }
}
