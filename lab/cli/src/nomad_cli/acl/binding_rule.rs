//! `nomad acl binding-rule`

use serde_json::{Value as Json, json};

use super::{FORMATS, Listing, one};
use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting, fail, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{nano_plain, pairs};
use crate::stand_in::Takes;

const RULE: &str = "This command takes one argument: <acl_binding_rule_id>";
const NO_TYPE: &str = "ACL binding rule bind type must be specified using the -bind-type flag";

/// The flags of what a rule says, and the fields that hold it.
const FIELDS: [(&str, &str); 4] = [
    ("description", "Description"),
    ("selector", "Selector"),
    ("bind-type", "BindType"),
    ("bind-name", "BindName"),
];

const SETTINGS: [Setting; 4] = [
    ("description", Takes::Text, "What it is for."),
    ("selector", Takes::Text, "Which logins it is for: an expression over their claims."),
    ("bind-type", Takes::Text, "'role', 'policy' or 'management'."),
    ("bind-name", Takes::Text, "The role or policy; may hold '${value.claim}'."),
];

pub(in crate::nomad_cli) const CREATE: Command = Command {
    name: "acl binding-rule create",
    synopsis: "Create a new ACL binding rule",
    usage: "[options]",
    flags: &[
        ("auth-method", Takes::Text, "The method whose logins it is for."),
        SETTINGS[0],
        SETTINGS[1],
        SETTINGS[2],
        SETTINGS[3],
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: create,
};
pub(in crate::nomad_cli) const UPDATE: Command = Command {
    name: "acl binding-rule update",
    synopsis: "Update an existing ACL binding rule",
    usage: "[options] <acl_binding_rule_id>",
    flags: &[
        SETTINGS[0],
        SETTINGS[1],
        SETTINGS[2],
        SETTINGS[3],
        ("no-merge", Takes::Bool, "Keep nothing of what it was."),
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: one(RULE),
    run: update,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "acl binding-rule delete",
    synopsis: "Delete an existing ACL binding rule",
    usage: "<acl_binding_rule_id>",
    flags: &[],
    general: General::Client,
    arity: one(RULE),
    run: delete,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "acl binding-rule info",
    synopsis: "Fetch information on an existing ACL binding rule",
    usage: "[options] <acl_binding_rule_id>",
    flags: &FORMATS,
    general: General::Client,
    arity: one(RULE),
    run: info,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "acl binding-rule list",
    synopsis: "List ACL binding rules",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};

fn path(id: &str) -> String {
    format!("/v1/acl/binding-rule/{}", path_escape(id))
}

fn create(session: &Session<'_>) -> Outcome {
    if session.text("auth-method").is_empty() {
        return fail("ACL binding rule auth method must be specified using the -auth-method flag");
    }
    if session.text("bind-type").is_empty() {
        return fail(NO_TYPE);
    }
    let mut rule = json!({ "AuthMethod": session.text("auth-method") });
    for (flag, field) in FIELDS {
        rule[field] = session.text(flag).into();
    }
    let made = session.api()?.put("/v1/acl/binding-rule", &[], &rule);
    show(session, &made.map_err(Fault::of("Error creating ACL binding rule"))?)
}

fn update(session: &Session<'_>) -> Outcome {
    let (api, path) = (session.api()?, path(session.argument(0)));
    let mut rule = api.get(&path, &[]).map_err(Fault::of("Error when retrieving ACL binding rule"))?;
    let is_anew = session.is_set("no-merge");
    if is_anew && session.text("bind-type").is_empty() {
        return fail(NO_TYPE);
    }
    if !is_anew && FIELDS.iter().all(|(flag, _)| session.text(flag).is_empty()) {
        return misused("Please provide at least one update for the ACL binding rule");
    }
    for (flag, field) in FIELDS {
        if is_anew || !session.text(flag).is_empty() {
            rule[field] = session.text(flag).into();
        }
    }
    let made = api.put(&path, &[], &rule).map_err(Fault::of("Error updating ACL binding rule"))?;
    show(session, &made)
}

fn delete(session: &Session<'_>) -> Outcome {
    let id = session.argument(0);
    session.api()?.delete(&path(id), &[]).map_err(Fault::of("Error deleting ACL binding rule"))?;
    session.say(format!("ACL binding rule {id} successfully deleted"));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let found = session.api()?.get(&path(session.argument(0)), &[]);
    show(session, &found.map_err(Fault::of("Error reading ACL binding rule"))?)
}

fn list(session: &Session<'_>) -> Outcome {
    let listing = Listing {
        path: "/v1/acl/binding-rules",
        error: "Error listing ACL binding rules",
        shape: "[]*api.ACLBindingRuleListStub",
        none: "No ACL binding rules found",
        header: "ID|Description|Auth Method",
    };
    listing.show(session, |rule| {
        format!("{}|{}|{}", rule.text("ID"), rule.text("Description"), rule.text("AuthMethod"))
    })
}

fn show(session: &Session<'_>, rule: &Json) -> Outcome {
    if session.is_formatted() {
        return session.formatted(rule, "*api.ACLBindingRule");
    }
    let time = |field: &str| nano_plain(rule.text(field));
    session.say(pairs(&[
        format!("ID|{}", rule.text("ID")),
        format!("Description|{}", rule.text("Description")),
        format!("Auth Method|{}", rule.text("AuthMethod")),
        format!("Selector|{}", lab_template::quote(rule.text("Selector"))),
        format!("Bind Type|{}", rule.text("BindType")),
        format!("Bind Name|{}", rule.text("BindName")),
        format!("Create Time|{}", time("CreateTime")),
        format!("Modify Time|{}", time("ModifyTime")),
        format!("Create Index|{}", rule.number("CreateIndex")),
        format!("Modify Index|{}", rule.number("ModifyIndex")),
    ]));
    Ok(0)
}
