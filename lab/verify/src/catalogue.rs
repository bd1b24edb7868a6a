//! The rules and the messages, as data: what `lab verify --rules`, `lab explain` and the documentation are made from.

use std::sync::OnceLock;

use lab_hcl::{Body, Diagnostic, Reader, Source, hcl1, render};

use crate::Severity;

/// A rule of `lab verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `TLS001`
    pub code: String,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// What is wrong then.
    pub title: String,
    /// Why it matters: a measured fact or how the real program works.
    pub why: String,
    /// Where that is known from.
    pub source: String,
    /// The test that asks the real program, from the repository's root; empty where none does.
    pub proof: String,
    /// What to do, as text to paste where that is possible.
    pub fix: String,
    /// The command that shows it in the lab; empty where none does.
    pub scenario: String,
}

const RULES: [(&str, &str); 5] = [
    ("tls.hcl", include_str!("../catalogue/rules/tls.hcl")),
    ("certificates.hcl", include_str!("../catalogue/rules/certificates.hcl")),
    ("templates.hcl", include_str!("../catalogue/rules/templates.hcl")),
    ("pki.hcl", include_str!("../catalogue/rules/pki.hcl")),
    ("identity.hcl", include_str!("../catalogue/rules/identity.hcl")),
];

/// All rules, family by family.
pub fn rules() -> &'static [Rule] {
    static ALL: OnceLock<Vec<Rule>> = OnceLock::new();
    ALL.get_or_init(|| RULES.iter().flat_map(|(name, text)| entries(name, text, "rule", read_rule)).collect())
}

/// The rule of this code, in any case.
pub fn rule(code: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// Reads the blocks of one kind from an embedded file.
///
/// Panics: a file that does not parse, which the tests read first.
pub(crate) fn entries<T>(
    name: &str,
    text: &str,
    kind: &str,
    read: impl Fn(&str, &Body) -> Result<T, Diagnostic>,
) -> Vec<T> {
    let parsed = hcl1::parse(text).and_then(|body| {
        let mut reader = Reader::new(&body);
        let blocks = reader.labelled(kind)?;
        reader.finish()?;
        blocks.into_iter().map(|(label, body)| read(&label, body)).collect::<Result<Vec<T>, _>>()
    });
    parsed.unwrap_or_else(|problem| panic!("{}", render(&Source::new(name, text), &problem, false)))
}

fn read_rule(code: &str, body: &Body) -> Result<Rule, Diagnostic> {
    let mut reader = Reader::new(body);
    let severity = reader.required_string("severity")?;
    let rule = Rule {
        code: code.to_owned(),
        severity: Severity::from_name(&severity).ok_or_else(|| reader.missing("severity"))?,
        title: reader.required_string("title")?,
        why: reader.required_string("why")?,
        source: reader.required_string("source")?,
        proof: reader.string("proof")?.unwrap_or_default(),
        fix: reader.required_string("fix")?,
        scenario: reader.string("scenario")?.unwrap_or_default(),
    };
    reader.finish().map(|()| rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_five_families_is_described() {
        let wanted: Vec<String> =
            [("TLS", 1, 12), ("CERT", 101, 112), ("CT", 201, 207), ("PKI", 301, 304), ("WID", 401, 406)]
                .into_iter()
                .flat_map(|(family, first, last)| {
                    (first..=last).map(move |number| format!("{family}{number:03}"))
                })
                .collect();
        let present: Vec<&str> = rules().iter().map(|rule| rule.code.as_str()).collect();
        assert_eq!(present, wanted);
        for rule in rules() {
            assert!(!rule.title.ends_with('.') && rule.why.ends_with(['.', ':']), "{}", rule.code);
            assert!(!rule.source.is_empty() && !rule.fix.is_empty(), "{}", rule.code);
        }
    }
}
