//! Writing an HCL1 text again in the form that `vault policy fmt` gives it: its words and comments stay, its spaces go.

mod print;
mod tree;

use super::parser;
use crate::Diagnostic;

/// Formats an HCL1 text as the real programs do.
///
/// Errors: those of [`parse`](super::parse) for a text that is no HCL1.
pub fn format(text: &str) -> Result<String, Diagnostic> {
    let text = text.replace("\r\n", "\n");
    parser::parse(&text)?;
    Ok(print::print(&tree::read(&text)) + "\n")
}

#[cfg(test)]
mod tests {
    use super::format;

    #[track_caller]
    fn becomes(text: &str, expected: &str) {
        assert_eq!(format(text).expect(text), expected, "{text}");
    }

    #[test]
    fn spaces_are_set_and_neighbours_aligned() {
        becomes(
            "path   \"a/*\" {capabilities=[\"read\" ,\"list\"]\n\n\n  min_wrapping_ttl=\"1m\" # at least\n max=1 // no\n}",
            "path \"a/*\" {\n  capabilities = [\"read\", \"list\"]\n\n  min_wrapping_ttl = \"1m\" # at least\n  max              = 1    // no\n}\n",
        );
        becomes("a {}\nb {}\n\nc {}\nd = 1", "a {}\nb {}\n\nc {}\n\nd = 1\n");
    }

    #[test]
    fn comments_stay_where_they_are() {
        becomes(
            "# of nothing\n\n# of a\na { # open\n # alone\n\n b = [ 1, # one\n 2 ]\n# end\n}\n# last",
            "# of nothing\n\n# of a\na {\n  # open\n\n  # alone\n\n  b = [\n    1, # one\n    2,\n  ]\n\n  # end\n}\n\n# last\n\n",
        );
    }
}
