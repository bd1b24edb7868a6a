//! Functions on lists and objects.

use std::collections::BTreeMap;

use super::{Failure, Function, Outcome, fail, integer, list, plain, text, variadic};
use crate::eval::{Value, whole};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("length", &["collection"], length),
    plain("element", &["list", "index"], element),
    plain("lookup", &["inputMap", "key", "default"], lookup),
    variadic("merge", &["maps"], 0, merge),
    variadic("concat", &["seqs"], 0, concat),
    plain("keys", &["inputMap"], |given| {
        Ok(Value::List(object(given, 0)?.keys().map(|key| Value::String(key.clone())).collect()))
    }),
    plain("values", &["mapping"], |given| Ok(Value::List(object(given, 0)?.values().cloned().collect()))),
    plain("contains", &["list", "value"], |given| match &given[0] {
        Value::List(items) => Ok(Value::Bool(items.contains(&given[1]))),
        _ => Err(fail("argument must be list, tuple, or set")),
    }),
    plain("distinct", &["list"], |given| Ok(Value::List(unique(list(given, 0)?.iter())))),
    plain("compact", &["list"], |given| {
        let items = list(given, 0)?;
        let texts = (0..items.len()).filter(|at| items[*at] != Value::Null).map(|at| text(items, at));
        let texts = texts.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|text| !text.is_empty());
        Ok(Value::List(texts.map(Value::String).collect()))
    }),
    plain("flatten", &["list"], |given| {
        let Value::List(items) = &given[0] else {
            return Err(fail("can only flatten lists, sets and tuples"));
        };
        let mut flat = Vec::new();
        flatten(items, &mut flat);
        Ok(Value::List(flat))
    }),
    plain("index", &["collection", "value"], |given| {
        let items = list(given, 0)?;
        let Value::Number(at) = given[1] else { return Err(fail("key for tuple must be number")) };
        let at = whole(at).and_then(|at| usize::try_from(at).ok());
        let item = at.and_then(|at| items.get(at));
        item.cloned().ok_or_else(|| fail(format!("key must be between 0 and {} inclusive", items.len())))
    }),
    plain("sort", &["list"], |given| {
        let items = list(given, 0)?;
        let mut texts = (0..items.len()).map(|at| text(items, at)).collect::<Result<Vec<_>, _>>()?;
        texts.sort();
        Ok(Value::List(texts.into_iter().map(Value::String).collect()))
    }),
    plain("slice", &["list", "start_index", "end_index"], slice),
    plain("chunklist", &["list", "size"], |given| {
        let size =
            usize::try_from(integer(given, 1)?).map_err(|_| fail("the size argument must be positive"))?;
        let items = list(given, 0)?;
        let size = if size == 0 { items.len().max(1) } else { size };
        Ok(Value::List(items.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect()))
    }),
    variadic("coalesce", &["vals"], 0, |given| {
        let first = given.iter().find(|value| **value != Value::Null);
        first.cloned().ok_or_else(|| {
            fail(if given.is_empty() {
                "all arguments must have the same type"
            } else {
                "no non-null arguments"
            })
        })
    }),
    variadic("coalescelist", &["vals"], 0, |given| {
        let first = given.iter().find(|value| matches!(value, Value::List(items) if !items.is_empty()));
        first.cloned().ok_or_else(|| fail("no non-null arguments"))
    }),
    variadic("range", &["params"], 0, range),
    plain("zipmap", &["keys", "values"], |given| {
        let (keys, values) = (list(given, 0)?, list(given, 1)?);
        if keys.len() != values.len() {
            return Err(fail(format!(
                "number of keys ({}) does not match number of values ({})",
                keys.len(),
                values.len()
            )));
        }
        let keys = (0..keys.len()).map(|at| text(keys, at)).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Object(keys.into_iter().zip(values.iter().cloned()).collect()))
    }),
    variadic("setunion", &["sets"], 1, |given| {
        let mut all = Vec::new();
        for at in 0..given.len() {
            all.extend(list(given, at)?.iter());
        }
        Ok(Value::List(unique(all.into_iter())))
    }),
    variadic("setintersection", &["sets"], 1, |given| {
        let mut common = list(given, 0)?.to_vec();
        for at in 1..given.len() {
            let other = list(given, at)?;
            common.retain(|item| other.contains(item));
        }
        Ok(Value::List(unique(common.iter())))
    }),
    variadic("setproduct", &["sets"], 1, |given| {
        let mut rows = vec![Vec::new()];
        for at in 0..given.len() {
            let items = list(given, at)?;
            if rows.len().saturating_mul(items.len()) > 100_000 {
                return Err(fail("the product is too large"));
            }
            rows = rows
                .iter()
                .flat_map(|row| {
                    items.iter().map(move |item| [row.as_slice(), std::slice::from_ref(item)].concat())
                })
                .collect();
        }
        Ok(Value::List(rows.into_iter().map(Value::List).collect()))
    }),
    variadic("try", &["expressions"], 0, |given| {
        given.iter().find(|value| !value.has_unknown()).cloned().ok_or_else(|| {
            fail(if given.is_empty() {
                "at least one argument is required"
            } else {
                "no expression succeeded"
            })
        })
    }),
    // With two arguments it is seen to before they are evaluated.
    plain("convert", &["value", "type"], |given| Ok(given[0].clone())),
    plain("can", &["expression"], |given| Ok(Value::Bool(!given[0].has_unknown()))),
];

fn object(given: &[Value], at: usize) -> Result<&BTreeMap<String, Value>, Failure> {
    match given.get(at) {
        Some(Value::Object(entries)) => Ok(entries),
        Some(Value::Null) => Err(Failure::Argument(at, "argument must not be null".to_owned())),
        _ => Err(Failure::Argument(at, "must have map or object type".to_owned())),
    }
}

fn length(given: &[Value]) -> Outcome {
    let count = match &given[0] {
        Value::List(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => return Err(fail("collection must be a list, a map or a tuple")),
    };
    Ok(Value::Number(count as f64))
}

fn element(given: &[Value]) -> Outcome {
    let (items, at) = (list(given, 0)?, integer(given, 1)?);
    if items.is_empty() {
        return Err(fail("cannot use element function with an empty list"));
    }
    // A negative one counts from the end.
    let at = at.rem_euclid(items.len() as i64);
    Ok(items[usize::try_from(at).unwrap_or(0)].clone())
}

fn lookup(given: &[Value]) -> Outcome {
    let key = text(given, 1)?;
    match object(given, 0)?.get(&key).or(given.get(2)) {
        Some(found) => Ok(found.clone()),
        None => Err(fail(format!("lookup failed to find key \"{key}\""))),
    }
}

fn merge(given: &[Value]) -> Outcome {
    let mut all = BTreeMap::new();
    for value in given {
        match value {
            Value::Null => {}
            Value::Object(entries) => all.extend(entries.clone()),
            other => {
                let kind = other.kind_name();
                return Err(fail(format!("arguments must be maps or objects, got \"{kind}\"")));
            }
        }
    }
    Ok(Value::Object(all))
}

fn concat(given: &[Value]) -> Outcome {
    let mut all = Vec::new();
    for (at, value) in given.iter().enumerate() {
        let Value::List(items) = value else {
            let why = format!("all arguments must be lists or tuples; got {}", value.kind_name());
            return Err(Failure::Argument(at, why));
        };
        all.extend(items.iter().cloned());
    }
    Ok(Value::List(all))
}

fn flatten(items: &[Value], flat: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flatten(inner, flat),
            other => flat.push(other.clone()),
        }
    }
}

fn unique<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

/// The items of a set: each once, texts and numbers in order.
pub(crate) fn as_set(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by(|one, other| match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.total_cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => std::cmp::Ordering::Equal,
    });
    unique(items.iter())
}

fn slice(given: &[Value]) -> Outcome {
    let items = list(given, 0)?;
    let refuse = |at: usize, why: &str| Err(Failure::Argument(at, why.to_owned()));
    let (start, end) = (integer(given, 1)?, integer(given, 2)?);
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        let (at, which) = if start < 0 { (1, "start") } else { (2, "end") };
        return refuse(at, &format!("{which} index must not be less than zero"));
    };
    if from > items.len() {
        return refuse(1, "start index must not be greater than the length of the list");
    }
    if to > items.len() {
        return refuse(2, "end index must not be greater than the length of the list");
    }
    if from > to {
        return refuse(1, "start index must not be greater than end index");
    }
    Ok(Value::List(items[from..to].to_vec()))
}

fn range(given: &[Value]) -> Outcome {
    let (start, end, step) = match given.len() {
        1 => (0.0, super::number(given, 0)?, 1.0),
        2 => (super::number(given, 0)?, super::number(given, 1)?, 1.0),
        3 => (super::number(given, 0)?, super::number(given, 1)?, super::number(given, 2)?),
        _ => return Err(fail("must have one, two, or three arguments")),
    };
    let step = if end < start && given.len() < 3 { -1.0 } else { step };
    let mut numbers = Vec::new();
    let mut at = start;
    while (step == 0.0 && at != end) || (step > 0.0 && at < end) || (step < 0.0 && at > end) {
        if numbers.len() >= 1024 {
            return Err(fail(
                "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step",
            ));
        }
        numbers.push(Value::Number(at));
        at += step;
    }
    Ok(Value::List(numbers))
}
