//! `scaling` of groups and tasks.

use serde_json::{Value as Json, json};

use super::block::{self, Table, elsewhere, free, label};
use super::expect::one;
use super::field::{Type, maybe, required};
use super::{Context, Found, Place, complete};

static OF_GROUP: Table = Table {
    fields: &[
        maybe("enabled", "Enabled", Type::Truth),
        maybe("min", "Min", Type::Integer),
        required("max", "Max", Type::Integer),
        maybe("type", "Type", Type::Text),
    ],
    blocks: &[elsewhere(one("policy"))],
    label: None,
};

/// A group's policy.
pub(super) fn of_group(found: &Found, context: &mut Context<'_, '_>) -> Json {
    policy(found, "horizontal", context)
}

/// A task's policy, for the resource that its label names.
pub(super) fn of_task(found: &Found, context: &mut Context<'_, '_>) -> Option<Json> {
    let kind = match label(&found.block) {
        "cpu" => "vertical_cpu",
        "mem" => "vertical_mem",
        _ => {
            let range = found.block.labels.first().map_or(found.block.kind_range, |label| label.range);
            let detail = "scaling policy name must be \"cpu\" or \"mem\"";
            context.report.add(range, "Invalid scaling policy name", detail);
            return None;
        }
    };
    Some(policy(found, kind, context))
}

fn policy(found: &Found, kind: &str, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, inner) = block::body(&OF_GROUP, &Place::of(found), context);
    let policy = inner.first().map(|policy| Json::Object(free(&Place::of(policy), context)));
    complete::add(&mut fields, &Json::Null, unset());
    fields.insert("Policy".to_owned(), policy.unwrap_or(Json::Null));
    fields.insert("Type".to_owned(), kind.into());
    Json::Object(fields)
}

/// A policy that came as JSON, with every field that the API's policy has.
pub(super) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&OF_GROUP, given);
    complete::add(&mut fields, given, unset());
    if fields["Type"].is_null() {
        fields.insert("Type".to_owned(), "".into());
    }
    Json::Object(fields)
}

/// Fields that no file can set.
fn unset() -> Json {
    json!({"ID": "", "Namespace": "", "Target": null, "Policy": null, "CreateIndex": 0, "ModifyIndex": 0})
}
