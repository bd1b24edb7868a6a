//! Reading DER, as far as the engine needs it.

/// An element: its tag, its content, and all of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The first element and what follows it; `None` where the bytes are none.
pub(super) fn element(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, first) = (*der.first()?, *der.get(1)?);
    let (length, head) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let bytes = der.get(2..2 + count)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
    };
    let end = head.checked_add(length)?;
    Some((Element { tag, content: der.get(head..end)?, whole: der.get(..end)? }, &der[end..]))
}

/// Every element of a content; `None` where something is none.
pub(super) fn elements(mut content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (one, rest) = element(content)?;
        found.push(one);
        content = rest;
    }
    Some(found)
}

/// The bits of the key in a `SubjectPublicKeyInfo`.
pub(super) fn public_key_bits(spki: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(spki)?;
    elements(outer.content)?.get(1)?.content.get(1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_no_element() {
        assert_eq!(
            element(&[0x30, 0x01, 0x05, 0x09]).map(|(one, rest)| (one.tag, one.content, rest)),
            Some((0x30, &[5][..], &[9][..]))
        );
        for bad in [&[][..], &[0x30], &[0x30, 0x05, 1], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]]
        {
            assert_eq!(element(bad), None, "{bad:?}");
        }
    }
}
