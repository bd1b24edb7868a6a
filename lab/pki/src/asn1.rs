//! The words of Go's `encoding/asn1`, by which requests are read there, for what is wrong with their outer layers.

use std::borrow::Cow;

use crate::Error;
use crate::der::{Reader, tag};

/// A reader over the content of the SEQUENCE at the front of `bytes`, which Go reads into its type `go_type`, and the
/// whole SEQUENCE.
pub(crate) fn sequence<'a>(bytes: &'a [u8], go_type: &str) -> Result<(Reader<'a>, &'a [u8]), Error> {
    let header = header(bytes).map_err(Error::Asn1)?;
    if header.tag != tag::SEQUENCE {
        return Err(Error::Asn1(mismatch(&header, go_type).into()));
    }
    match Reader::new(bytes).element(tag::SEQUENCE) {
        Some(element) => Ok((Reader::new(element.content), element.whole)),
        None => Err(Error::Asn1("syntax error: data truncated".into())),
    }
}

/// Where fields are missing or of another kind, without the detail that Go has.
pub(crate) fn truncated() -> Error {
    Error::Asn1("syntax error: sequence truncated".into())
}

struct Header {
    tag: u8,
    length: usize,
    size: usize,
}

fn header(bytes: &[u8]) -> Result<Header, Cow<'static, str>> {
    let truncated = "syntax error: truncated tag or length";
    let (&tag, rest) = bytes.split_first().ok_or("syntax error: sequence truncated")?;
    let (&first, rest) = rest.split_first().ok_or(truncated)?;
    if first < 0x80 {
        return Ok(Header { tag, length: usize::from(first), size: 2 });
    }
    if first == 0x80 {
        return Err("syntax error: indefinite length found (not DER)".into());
    }
    let count = usize::from(first & 0x7f);
    let mut length = 0;
    for index in 0..count {
        let &byte = rest.get(index).ok_or(truncated)?;
        if length >= 1 << 23 {
            return Err("structure error: length too large".into());
        }
        length = length << 8 | usize::from(byte);
        if length == 0 {
            return Err("structure error: superfluous leading zeros in length".into());
        }
    }
    if length < 0x80 {
        Err("structure error: non-minimal length".into())
    } else {
        Ok(Header { tag, length, size: 2 + count })
    }
}

fn mismatch(header: &Header, go_type: &str) -> String {
    let Header { tag, length, size } = header;
    let (class, number, is_compound) = (tag >> 6, tag & 0x1f, tag & 0x20 != 0);
    format!(
        "structure error: tags don't match (16 vs {{class:{class} tag:{number} length:{length} \
         isCompound:{is_compound}}}) {{optional:false explicit:false application:false private:false \
         defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}} {go_type} @{size}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_layers_are_refused_in_go_words() {
        let text =
            |bytes: &[u8]| sequence(bytes, "certificateRequest").map(drop).expect_err("broken").to_string();
        assert_eq!(text(&[]), "asn1: syntax error: sequence truncated");
        assert_eq!(text(&[0x30]), "asn1: syntax error: truncated tag or length");
        assert_eq!(text(&[0x30, 0x82, 1]), "asn1: syntax error: truncated tag or length");
        assert_eq!(text(&[0x30, 0x80, 0, 0]), "asn1: syntax error: indefinite length found (not DER)");
        assert_eq!(text(&[0x30, 0x81, 1, 0]), "asn1: structure error: non-minimal length");
        assert_eq!(text(&[0x30, 0x82, 0, 1]), "asn1: structure error: superfluous leading zeros in length");
        assert_eq!(text(&[0x30, 5, 0]), "asn1: syntax error: data truncated");
        assert_eq!(
            text(b"nonsense"),
            "asn1: structure error: tags don't match (16 vs {class:1 tag:14 length:111 isCompound:true}) \
             {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 \
             timeType:0 set:false omitEmpty:false} certificateRequest @2"
        );
    }
}
