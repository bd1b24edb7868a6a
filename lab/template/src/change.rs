//! Maps that change: every holder of one sees the change.

use std::sync::Arc;

use crate::Value;

/// `held` with the map `old` in it as `new`; `None` where it does not hold that very map, which an equal one is not.
pub(crate) fn changed(held: &Value, old: &Value, new: &Value) -> Option<Value> {
    match held {
        Value::Map(entries) => {
            if matches!(old, Value::Map(old) if Arc::ptr_eq(entries, old)) {
                return Some(new.clone());
            }
            let changes: Vec<(String, Value)> = entries
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), changed(value, old, new)?)))
                .collect();
            (!changes.is_empty()).then(|| {
                let mut entries = (**entries).clone();
                entries.extend(changes);
                Value::Map(Arc::new(entries))
            })
        }
        Value::List(items) => {
            let changes: Vec<Option<Value>> = items.iter().map(|item| changed(item, old, new)).collect();
            changes.iter().any(Option::is_some).then(|| {
                Value::list(items.iter().zip(changes).map(|(item, new)| new.unwrap_or_else(|| item.clone())))
            })
        }
        _ => None,
    }
}
