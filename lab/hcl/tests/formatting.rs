//! Texts as the real program formats them: `vault policy fmt` of Vault 1.21.1, and the printer of HCL in it.

use lab_hcl::hcl1;

/// Texts, each with what became of it.
const FORMATTED: &str = include_str!("formatted.txt");

#[test]
fn texts_are_formatted_as_the_real_program_does_it() {
    let mut count = 0;
    for record in FORMATTED.split("\n===== ") {
        let (_, record) = record.split_once('\n').expect("a number before the text");
        let (text, expected) = record.split_once("\n----- becomes\n").expect("what became of it");
        // The last record has the file's own line break behind it, as the others have the one before the next.
        let expected = if count + 1 == FORMATTED.matches("----- becomes").count() {
            expected.strip_suffix('\n').expect("the end of the file")
        } else {
            expected
        };
        assert_eq!(hcl1::format(text).expect(text), expected, "{text}");
        count += 1;
    }
    assert!(count > 100, "{count} texts");
}
