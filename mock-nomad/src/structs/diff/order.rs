//! The order of the objects of a list.

use serde_json::Value as Json;

/// Sorts as the real program does, whose rule is no order: two may each come before the other. What is sorted is short, so
/// that its sort is one by insertion.
pub(super) fn in_order(mut objects: Vec<Json>) -> Vec<Json> {
    for end in 1..objects.len() {
        let mut at = end;
        while at > 0 && comes_before(&objects[at], &objects[at - 1]) {
            objects.swap(at, at - 1);
            at -= 1;
        }
    }
    objects
}

fn comes_before(one: &Json, other: &Json) -> bool {
    let parts = |object: &Json, name: &str| object[name].as_array().cloned().unwrap_or_default();
    if one["Type"] != other["Type"] {
        return rank(one) < rank(other);
    }
    let (fields, other_fields) = (parts(one, "Fields"), parts(other, "Fields"));
    let (objects, other_objects) = (parts(one, "Objects"), parts(other, "Objects"));
    let (lengths, other_lengths) = ((fields.len(), objects.len()), (other_fields.len(), other_objects.len()));
    if lengths != other_lengths {
        return lengths < other_lengths;
    }
    let key =
        |field: &Json| ["Name", "Old", "New"].map(|name| field[name].as_str().unwrap_or_default().to_owned());
    fields.iter().zip(&other_fields).any(|(one, other)| key(one) < key(other))
        || objects.iter().zip(&other_objects).any(|(one, other)| comes_before_by_name(one, other))
}

fn comes_before_by_name(one: &Json, other: &Json) -> bool {
    match (one["Name"].as_str(), other["Name"].as_str()) {
        (name, other_name) if name != other_name => name < other_name,
        _ => comes_before(one, other),
    }
}

fn rank(object: &Json) -> usize {
    ["Edited", "Added", "Deleted"].iter().position(|kind| object["Type"] == *kind).unwrap_or(3)
}
