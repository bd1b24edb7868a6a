//! The parameters that every request may have.

use rmpv::Value;

use super::decode::duration;
use super::{ApiError, ApiRequest};
use crate::structs::QueryOptions;

/// A request's parameters.
pub(super) struct Query(QueryOptions);

impl Query {
    /// Reads them; what cannot be read is told as the real program tells it.
    pub(super) fn of(request: &ApiRequest, region: &str) -> Result<Self, ApiError> {
        let bad = |text: &str| ApiError::new(400, text);
        let Self(common) = Self::of_write(request, region);
        let mut options = QueryOptions {
            prefix: request.parameter("prefix").unwrap_or_default().to_owned(),
            next_token: request.parameter("next_token").unwrap_or_default().to_owned(),
            filter: request.parameter("filter").unwrap_or_default().to_owned(),
            reverse: request.parameter("reverse") == Some("true"),
            ..common
        };
        options.allow_stale = match request.parameter("stale") {
            None | Some("false") => false,
            Some("" | "true") => true,
            Some(_) => return Err(bad("Expect `true` or `false` for `stale` query string parameter")),
        };
        if let Some(wait) = request.parameter("wait").filter(|wait| !wait.is_empty()) {
            options.max_query_time = duration(wait).map_err(|_| bad("Invalid wait time"))?;
        }
        if let Some(index) = request.parameter("index").filter(|index| !index.is_empty()) {
            options.min_query_index = index.parse().map_err(|_| bad("Invalid index"))?;
        }
        if let Some(count) = request.parameter("per_page").filter(|count| !count.is_empty()) {
            options.per_page = count
                .parse::<i64>()
                .map_err(|_| bad("Expect a number for `per_page` query string parameter"))?;
        }
        Ok(Self(options))
    }

    /// What of a query counts where something is changed: whose and where it is.
    pub(super) fn of_write(request: &ApiRequest, region: &str) -> Self {
        let given = |name: &str, usual: &str| {
            request.parameter(name).filter(|given| !given.is_empty()).unwrap_or(usual).to_owned()
        };
        Self(QueryOptions {
            region: given("region", region),
            namespace: given("namespace", "default"),
            auth_token: request.token.clone().unwrap_or_default(),
            ..QueryOptions::default()
        })
    }

    /// The body of an RPC about `subject`.
    pub(super) fn body<const N: usize>(&self, subject: [(&str, Value); N]) -> Value {
        let mut fields = self.0.fields();
        // A search has a prefix of its own.
        fields.retain(|(name, _)| !subject.iter().any(|(own, _)| name.as_str() == Some(own)));
        fields.extend(subject.into_iter().map(|(name, value)| (name.into(), value)));
        Value::Map(fields)
    }
}

impl ApiRequest {
    /// The first value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is true or false; `text` is what stands before the error where it is neither.
    pub(super) fn boolean(&self, name: &str, code: u16, text: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.parameter(name).filter(|value| !value.is_empty()) else { return Ok(None) };
        parse_bool(value).map(Some).map_err(|error| {
            let name = lab_pki::quote(name);
            ApiError::new(code, format!("{text}Failed to parse value of {name} ({value}) as a bool: {error}"))
        })
    }

    /// Whether a parameter is there and not false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value != "false" && value != "0")
    }
}

/// Yes or no as Go's `strconv.ParseBool` reads it; the error is its own.
pub(crate) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", lab_pki::quote(other))),
    }
}
