//! Under which names calls are counted and measured.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Each call with its counter below `nomad.rpc` and its sample below `nomad`; `-`: it has none.
const METHODS: &str = include_str!("methods.txt");

/// The names of a call's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) counter: Option<&'static str>,
    pub(crate) sample: Option<&'static str>,
}

/// What is measured of a call; of an unknown one nothing.
pub(crate) fn measured(method: &str) -> Measured {
    static TABLE: OnceLock<BTreeMap<&str, Measured>> = OnceLock::new();
    TABLE.get_or_init(table).get(method).copied().unwrap_or_default()
}

fn table() -> BTreeMap<&'static str, Measured> {
    let some = |word: &'static str| Some(word).filter(|word| *word != "-");
    let row = |line: &'static str| {
        let mut words = line.split(' ');
        let method = words.next()?;
        Some((method, Measured { counter: some(words.next()?), sample: some(words.next()?) }))
    };
    METHODS.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_measured_under_the_names_of_the_real_program() {
        assert_eq!(
            measured("Node.List"),
            Measured { counter: Some("node.list"), sample: Some("client.list") }
        );
        assert_eq!(measured("Status.Ping"), Measured { counter: Some("status.read"), sample: None });
        assert_eq!(measured("Nobody.Knows"), Measured::default());
        assert_eq!(table().len(), METHODS.lines().count());
    }
}
