//! Looking into a ClientHello for the versions that a client offered.

/// The versions of the first record of a connection, as Go counts them: those of the extension, or all that its one
/// field stands for. Empty where it is no ClientHello.
pub(super) fn offered_versions(record: &[u8]) -> Vec<u16> {
    read(record).unwrap_or_default()
}

fn read(record: &[u8]) -> Option<Vec<u16>> {
    let mut rest = record.get(5..)?;
    (take(&mut rest, 1)? == [1]).then_some(())?;
    take(&mut rest, 3)?;
    let legacy = number(take(&mut rest, 2)?);
    take(&mut rest, 32)?;
    vector(&mut rest, 1)?;
    vector(&mut rest, 2)?;
    vector(&mut rest, 1)?;
    let Some(mut extensions) = vector(&mut rest, 2) else { return Some(up_to(legacy)) };
    while !extensions.is_empty() {
        let kind = number(take(&mut extensions, 2)?);
        let mut content = vector(&mut extensions, 2)?;
        if kind == 43 {
            return Some(vector(&mut content, 1)?.chunks_exact(2).map(number).collect());
        }
    }
    Some(up_to(legacy))
}

/// The versions that Go knows up to one.
fn up_to(legacy: u16) -> Vec<u16> {
    [0x304, 0x303, 0x302, 0x301].into_iter().filter(|&version| version <= legacy).collect()
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// What a length of `size` bytes stands in front of.
fn vector<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let length = take(rest, size)?.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    take(rest, length)
}

fn number(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u16::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut record = vec![22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3];
        record.extend([0; 32]);
        record.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
        record.extend(extensions);
        record
    }

    #[test]
    fn versions_come_from_the_extension_or_from_the_field() {
        assert_eq!(offered_versions(&hello(&[0, 7, 0, 43, 0, 3, 2, 3, 3])), [0x303]);
        assert_eq!(offered_versions(&hello(&[0, 4, 0, 23, 0, 0])), [0x303, 0x302, 0x301]);
        assert_eq!(offered_versions(&hello(&[])), [0x303, 0x302, 0x301]);
        assert!(offered_versions(b"GET / HTTP/1.1").is_empty());
        for length in 0..50 {
            offered_versions(&hello(&[0, 7, 0, 43, 0, 3, 2, 3, 3])[..length]);
        }
    }
}
