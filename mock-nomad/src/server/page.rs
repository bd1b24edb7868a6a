//! Lists in pages, of what a filter lets through.

use rmpv::Value;
use serde::Serialize;

use crate::filter::Filter;
use crate::seam::RpcError;
use crate::structs::QueryOptions;

/// What of a list is asked for.
pub(super) struct Page<'a> {
    options: &'a QueryOptions,
    filter: Option<Filter>,
}

impl<'a> Page<'a> {
    /// Reads the filter; the error is the real program's.
    pub(super) fn of(options: &'a QueryOptions) -> Result<Self, RpcError> {
        let filter = match options.filter.as_str() {
            "" => None,
            text => Some(Filter::parse(text).map_err(|error| {
                let text =
                    format!("failed to create result paginator: failed to read filter expression: {error}");
                RpcError::coded(400, &text)
            })?),
        };
        Ok(Self { options, filter })
    }

    /// The page of a list that is in order of `key`, and where the next one begins. The filter looks at the whole
    /// objects, `stub` makes of them what is shown.
    pub(super) fn take<T: Serialize>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
        stub: impl Fn(&T) -> Value,
    ) -> Result<(Value, String), RpcError> {
        let (page, next) = self.choose(items, key)?;
        Ok((page.iter().map(stub).collect(), next))
    }

    /// The same, as the objects themselves.
    pub(super) fn choose<T: Serialize>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, String), RpcError> {
        let forward: Box<dyn Iterator<Item = T>> = match self.options.reverse {
            true => Box::new(items.into_iter().rev()),
            false => Box::new(items.into_iter()),
        };
        let mut page = Vec::new();
        for item in forward {
            if self.is_before(|| key(&item)) || !self.lets_through(&item)? {
                continue;
            }
            let most = self.options.per_page;
            if most != 0 && page.len() as i64 >= most {
                let next = if most > 0 { key(&item) } else { String::new() };
                return Ok((page, next));
            }
            page.push(item);
        }
        Ok((page, String::new()))
    }

    fn is_before(&self, key: impl Fn() -> String) -> bool {
        let from = &self.options.next_token;
        if from.is_empty() {
            return false;
        }
        if self.options.reverse { key() > *from } else { key() < *from }
    }

    fn lets_through(&self, item: &impl Serialize) -> Result<bool, RpcError> {
        let Some(filter) = &self.filter else { return Ok(true) };
        let value = serde_json::to_value(item).map_err(|error| RpcError::new(error.to_string()))?;
        filter
            .matches(&value)
            .map_err(|error| RpcError::coded(400, &format!("failed to read result page: {error}")))
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn take(options: &QueryOptions) -> (Vec<i64>, String) {
        let page = Page::of(options).expect("a good filter");
        let (found, next) =
            page.take(vec![1_i64, 2, 3, 4], ToString::to_string, |item| (*item).into()).expect("a page");
        (found.as_array().expect("a list").iter().filter_map(Value::as_i64).collect(), next)
    }

    #[test]
    fn pages_follow_each_other() {
        let options = |per_page, next: &str, reverse| QueryOptions {
            per_page,
            next_token: next.into(),
            reverse,
            ..QueryOptions::default()
        };
        assert_eq!(take(&options(0, "", false)), (vec![1, 2, 3, 4], String::new()));
        assert_eq!(take(&options(2, "", false)), (vec![1, 2], "3".into()));
        assert_eq!(take(&options(2, "3", false)), (vec![3, 4], String::new()));
        assert_eq!(take(&options(2, "", true)), (vec![4, 3], "2".into()));
        assert_eq!(take(&options(2, "2", true)), (vec![2, 1], String::new()));
        assert_eq!(take(&options(-1, "", false)), (vec![], String::new()));
    }
}
