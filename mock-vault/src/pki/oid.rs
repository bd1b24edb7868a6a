//! Object identifiers as Vault takes them apart: numbers between dots, whatever they are.

/// The numbers of a dotted text.
///
/// Errors: Go's text for the first that is none.
pub(super) fn numbers(text: &str) -> Result<Vec<i64>, String> {
    let number = |part: &str| {
        let problem = match part.parse::<i64>() {
            Ok(number) => return Ok(number),
            Err(error) => match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                    "value out of range"
                }
                _ => "invalid syntax",
            },
        };
        Err(format!("strconv.Atoi: parsing {}: {problem}", lab_pki::quote(part)))
    };
    text.split('.').map(number).collect()
}
