//! CT207: several names by pkiCert from one path.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::rules::subject::Rendered;
use crate::templating::{parameter, request};

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let mut names: BTreeMap<String, Vec<(String, usize, usize)>> = BTreeMap::new();
    for (index, rendering) in rendered.templating.renderings.iter().enumerate() {
        for (call, found) in rendering.issuing_calls().filter(|(_, call)| call.function == "pkiCert") {
            let name = parameter(found, "common_name").unwrap_or_default().to_owned();
            names.entry(request(found).0).or_default().push((name, index, call));
        }
    }
    let report = |(path, calls): (String, Vec<(String, usize, usize)>)| {
        let (first, index, call) = &calls[0];
        let (other, other_index, other_call) = calls.iter().find(|(name, ..)| name != first)?;
        let message = format!("pkiCert asks {path} for {first:?} and for {other:?}");
        let place = |index: usize, call: usize| {
            Some(rendered.templating.call_place(index, call, "before 0.30 the same certificate"))
        };
        Some(
            rendered
                .finding("CT207", message)
                .at(place(*index, *call))
                .with(place(*other_index, *other_call)),
        )
    };
    names.into_iter().filter_map(report).collect()
}
