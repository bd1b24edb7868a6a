//! The fields that every request and reply carries.

use std::time::Duration;

use lab_wire::rpc::from_value;
use rmpv::Value;
use serde::de::DeserializeOwned;

use crate::seam::RpcError;

/// The fields of a request, read without a type of its own.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a>(pub(crate) &'a Value);

impl<'a> Body<'a> {
    /// A field, where it is there and not nil.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        let found = self.0.as_map()?.iter().find(|(key, _)| key.as_str() == Some(name))?;
        (!found.1.is_nil()).then_some(&found.1)
    }

    /// A text; empty when there is none.
    pub(crate) fn string(self, name: &str) -> &'a str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number; 0 when there is none.
    pub(crate) fn integer(self, name: &str) -> i64 {
        self.get(name)
            .and_then(|value| value.as_i64().or_else(|| value.as_u64().map(|_| i64::MAX)))
            .unwrap_or(0)
    }

    /// An index; 0 when there is none.
    pub(crate) fn index(self, name: &str) -> u64 {
        self.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// A flag; false when there is none.
    pub(crate) fn boolean(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The elements of a list.
    pub(crate) fn list(self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The texts of a list.
    pub(crate) fn strings(self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    /// An object; the error of one that does not have the shape is what net/rpc would say.
    pub(crate) fn object<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, RpcError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        from_value(value.clone())
            .map(Some)
            .map_err(|error| RpcError::new(format!("msgpack decode error: {error}")))
    }
}

/// A map as RPC bodies are.
pub(crate) fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// What a query asks beside its subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueryOptions {
    pub(crate) region: String,
    pub(crate) namespace: String,
    pub(crate) min_query_index: u64,
    pub(crate) max_query_time: Duration,
    pub(crate) allow_stale: bool,
    pub(crate) prefix: String,
    pub(crate) auth_token: String,
    /// 0: everything at once.
    pub(crate) per_page: i64,
    pub(crate) next_token: String,
    pub(crate) reverse: bool,
    pub(crate) filter: String,
}

impl QueryOptions {
    /// The options in a request.
    pub(crate) fn of(body: Body<'_>) -> Self {
        Self {
            region: body.string("Region").to_owned(),
            namespace: match body.string("Namespace") {
                "" => "default".to_owned(),
                namespace => namespace.to_owned(),
            },
            min_query_index: body.index("MinQueryIndex"),
            max_query_time: Duration::from_nanos(body.integer("MaxQueryTime").max(0).unsigned_abs()),
            allow_stale: body.boolean("AllowStale"),
            prefix: body.string("Prefix").to_owned(),
            auth_token: body.string("AuthToken").to_owned(),
            per_page: body.integer("PerPage"),
            next_token: body.string("NextToken").to_owned(),
            reverse: body.boolean("Reverse"),
            filter: body.string("Filter").to_owned(),
        }
    }

    /// These options as fields of a request; add the subject's own to them.
    pub(crate) fn fields(&self) -> Vec<(Value, Value)> {
        let nanos = i64::try_from(self.max_query_time.as_nanos()).unwrap_or(i64::MAX);
        let fields = [
            ("Region", self.region.as_str().into()),
            ("Namespace", self.namespace.as_str().into()),
            ("MinQueryIndex", self.min_query_index.into()),
            ("MaxQueryTime", nanos.into()),
            ("AllowStale", self.allow_stale.into()),
            ("Prefix", self.prefix.as_str().into()),
            ("AuthToken", self.auth_token.as_str().into()),
            ("Filter", self.filter.as_str().into()),
            ("PerPage", self.per_page.into()),
            ("NextToken", self.next_token.as_str().into()),
            ("Reverse", self.reverse.into()),
            ("Forwarded", false.into()),
        ];
        fields.into_iter().map(|(name, value): (&str, Value)| (name.into(), value)).collect()
    }

    /// Whether an object of `namespace` is asked for.
    pub(crate) fn wants(&self, namespace: &str) -> bool {
        self.namespace == "*" || self.namespace == namespace
    }
}

/// What a reply says of the state it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueryMeta {
    pub(crate) index: u64,
    /// How long ago the answering server heard of its leader; zero at the leader.
    pub(crate) last_contact: Duration,
    pub(crate) known_leader: bool,
    /// Where the next page begins; empty: there is none.
    pub(crate) next_token: String,
}

impl QueryMeta {
    /// A reply's body: the subject's fields and these.
    pub(crate) fn reply<'name>(self, fields: impl IntoIterator<Item = (&'name str, Value)>) -> Value {
        let last_contact = i64::try_from(self.last_contact.as_nanos()).unwrap_or(i64::MAX);
        let meta = [
            ("Index", self.index.into()),
            ("LastContact", last_contact.into()),
            ("KnownLeader", self.known_leader.into()),
            ("NextToken", self.next_token.into()),
        ];
        Value::Map(fields.into_iter().chain(meta).map(|(name, value)| (name.into(), value)).collect())
    }

    /// The meta fields of a reply.
    pub(crate) fn of(reply: Body<'_>) -> Self {
        Self {
            index: reply.index("Index"),
            last_contact: Duration::from_nanos(reply.integer("LastContact").max(0).unsigned_abs()),
            known_leader: reply.boolean("KnownLeader"),
            next_token: reply.string("NextToken").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_wire() {
        let options = QueryOptions {
            region: "global".into(),
            namespace: "*".into(),
            min_query_index: 7,
            max_query_time: Duration::from_secs(3),
            allow_stale: true,
            prefix: "a".into(),
            ..QueryOptions::default()
        };
        let body = Value::Map(options.fields());
        assert_eq!(QueryOptions::of(Body(&body)), options);
        assert!(options.wants("prod"));
        assert_eq!(QueryOptions::of(Body(&Value::Nil)).namespace, "default");
    }
}
