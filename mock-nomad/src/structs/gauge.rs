//! Figures that agents tell of themselves.

use std::collections::BTreeMap;

/// One figure as it is now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gauge {
    /// Its name with dots, `nomad.client.uptime`.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Gauge {
    /// A figure about what `labels` say.
    #[expect(clippy::cast_precision_loss, reason = "figures are read by people and drawn")]
    pub(crate) fn new<const N: usize>(name: &str, labels: [(&str, &str); N], value: u64) -> Self {
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { name: name.to_owned(), labels, value: value as f64 }
    }
}
