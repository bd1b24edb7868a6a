//! `# lab:allow CODE reason`: what the owner of a file knows and accepts.

/// A comment that allows a rule to be broken in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) code: String,
    /// Why; an allowance without a reason does not count.
    pub(crate) reason: String,
}

/// The allowances in a text, whatever starts a comment in it.
pub(crate) fn allowances(text: &str) -> Vec<Allowance> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    text.lines().filter_map(allowance).collect()
}

const MARK: &str = "lab:allow ";

fn allowance(line: &str) -> Option<Allowance> {
    let (before, after) = line.split_once(MARK)?;
    let comment = before.trim_end();
    if !["#", "//", "/*", "--"].iter().any(|start| comment.ends_with(start)) {
        return None;
    }
    let after = after.trim().trim_end_matches("*/}}").trim_end_matches("*/");
    let (code, reason) = after.split_once(char::is_whitespace)?;
    let reason = reason.trim();
    (!reason.is_empty()).then(|| Allowance { code: code.to_ascii_uppercase(), reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_a_reason_are_wanted() {
        let text = "tls {\n  # lab:allow TLS002 migration until Friday\n  rpc = true // lab:allow tls003 see above\r\n}\n\
                    # lab:allow CERT110\n{{/* lab:allow CT202 one process */}}\nnot lab:allow TLS001 a comment";
        let found: Vec<(String, String)> =
            allowances(text).into_iter().map(|Allowance { code, reason }| (code, reason)).collect();
        let wanted =
            [("TLS002", "migration until Friday"), ("TLS003", "see above"), ("CT202", "one process")];
        assert_eq!(found, wanted.map(|(code, reason)| (code.to_owned(), reason.to_owned())));
    }
}
