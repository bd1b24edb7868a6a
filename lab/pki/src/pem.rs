//! PEM, read as leniently as Go's `encoding/pem` reads it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// One block of a PEM text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind `BEGIN`, such as `CERTIFICATE`.
    pub label: String,
    /// Whether it has headers, as encrypted keys do.
    pub has_headers: bool,
    /// The decoded content.
    pub content: Vec<u8>,
}

/// Every well-formed block of `text` in order. What is between them, and blocks that are broken, is passed over.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(begin) = find_begin(rest) {
        let after = &rest[begin..];
        match read_block(after) {
            Some((block, behind)) => {
                blocks.push(block);
                rest = behind;
            }
            None => rest = after,
        }
    }
    blocks
}

/// The first block of `text`.
pub fn first(text: &str) -> Option<Block> {
    blocks(text).into_iter().next()
}

/// A block in lines of 64 letters, with a line feed at its end.
pub fn encode(label: &str, content: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, content), config)
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Where the label of the next block starts: a `BEGIN` at the start of a line.
fn find_begin(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find(BEGIN) {
        let at = from + found;
        from = at + BEGIN.len();
        if at == 0 || text.as_bytes()[at - 1] == b'\n' {
            return Some(from);
        }
    }
    None
}

/// Reads a block from its label on; also answers what is behind it.
fn read_block(text: &str) -> Option<(Block, &str)> {
    let (line, body) = split_line(text);
    let label = line.strip_suffix(DASHES)?;
    let (has_headers, body) = skip_headers(body);
    // The next line of dashes must be this block's end, so that broken texts are not searched again and again.
    let end = if body.starts_with(DASHES) { 0 } else { body.find("\n-----")? + 1 };
    let behind = body[end..].strip_prefix(END)?.strip_prefix(label)?.strip_prefix(DASHES)?;
    let (trailing, behind) = split_line(behind);
    if !trailing.is_empty() {
        return None;
    }
    let letters: String =
        body[..end].chars().filter(|letter| !matches!(letter, '\n' | '\r' | ' ' | '\t')).collect();
    let content = STANDARD.decode(letters).ok()?;
    Some((Block { label: label.to_owned(), has_headers, content }, behind))
}

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The first line without the blanks at its end, and what is behind it.
fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.trim_end_matches(['\r', ' ', '\t']), rest)
}

fn skip_headers(mut body: &str) -> (bool, &str) {
    let mut has_headers = false;
    loop {
        let (line, rest) = split_line(body);
        if body.is_empty() || !line.contains(':') {
            return (has_headers, body);
        }
        has_headers = true;
        body = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Vec<(String, Vec<u8>)> {
        blocks(text).into_iter().map(|block| (block.label, block.content)).collect()
    }

    #[test]
    fn text_around_blocks_and_line_endings_do_not_matter() {
        let text = "subject=x\r\n-----BEGIN A-----\r\nAQID\r\n-----END A-----\r\nmore\n-----BEGIN B-----\nBA==\n-----END B-----";
        assert_eq!(contents(text), [("A".to_owned(), vec![1, 2, 3]), ("B".to_owned(), vec![4])]);
    }

    #[test]
    fn broken_blocks_are_passed_over() {
        let good = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        for broken in [
            "-----BEGIN A-----\nA*ID\n-----END A-----\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A----\nAQID\n-----END A-----\n",
            "x-----BEGIN A-----\n",
            "-----BEGIN A-----\n",
        ] {
            assert_eq!(contents(&format!("{broken}{good}")).len(), 1, "{broken}");
        }
    }

    #[test]
    fn headers_are_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAQID\n-----END RSA PRIVATE KEY-----\n";
        let block = first(text).expect("a block");
        assert!(block.has_headers);
        assert_eq!(block.content, [1, 2, 3]);
    }

    #[test]
    fn encoding_is_read_back() {
        let content: Vec<u8> = (0..200).collect();
        let text = encode("CERTIFICATE", &content);
        assert!(text.ends_with("-----END CERTIFICATE-----\n"));
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(first(&text).expect("a block").content, content);
    }
}
