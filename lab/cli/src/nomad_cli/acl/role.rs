//! `nomad acl role`

use serde_json::{Value as Json, json};

use super::{FORMATS, Listing, one};
use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::pairs;
use crate::stand_in::Takes;

const ROLE: &str = "This command takes one argument: <acl_role_id>";

pub(in crate::nomad_cli) const CREATE: Command = Command {
    name: "acl role create",
    synopsis: "Create a new ACL role",
    usage: "[options]",
    flags: &[
        ("name", Takes::Text, "What it is called."),
        ("description", Takes::Text, "What it is for."),
        ("policy", Takes::Text, "A policy; may be given several times."),
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: create,
};
pub(in crate::nomad_cli) const UPDATE: Command = Command {
    name: "acl role update",
    synopsis: "Update an existing ACL role",
    usage: "[options] <acl_role_id>",
    flags: &[
        ("name", Takes::Text, "What it is called."),
        ("description", Takes::Text, "What it is for."),
        ("policy", Takes::Text, "A policy; may be given several times."),
        ("no-merge", Takes::Bool, "Keep nothing of what it was."),
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: one(ROLE),
    run: update,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "acl role delete",
    synopsis: "Delete an existing ACL role",
    usage: "<acl_role_id>",
    flags: &[],
    general: General::Client,
    arity: one(ROLE),
    run: delete,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "acl role info",
    synopsis: "Fetch information on an existing ACL role",
    usage: "[options] <acl_role_id>",
    flags: &[("by-name", Takes::Bool, "The argument is the role's name."), FORMATS[0], FORMATS[1]],
    general: General::Client,
    arity: one(ROLE),
    run: info,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "acl role list",
    synopsis: "List ACL roles",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};

fn path(id: &str) -> String {
    format!("/v1/acl/role/{}", path_escape(id))
}

fn links(session: &Session<'_>) -> Json {
    session.flags.texts("policy").iter().map(|name| json!({ "Name": name })).collect()
}

fn show(session: &Session<'_>, role: &Json) -> Outcome {
    if session.is_formatted() {
        return session.formatted(role, "*api.ACLRole");
    }
    let policies: Vec<&str> = role.list("Policies").iter().map(|link| link.text("Name")).collect();
    session.say(pairs(&[
        format!("ID|{}", role.text("ID")),
        format!("Name|{}", role.text("Name")),
        format!("Description|{}", role.text("Description")),
        format!("Policies|{}", policies.join(",")),
        format!("Create Index|{}", role.number("CreateIndex")),
        format!("Modify Index|{}", role.number("ModifyIndex")),
    ]));
    Ok(0)
}

fn create(session: &Session<'_>) -> Outcome {
    if session.text("name").is_empty() {
        return fail("ACL role name must be specified using the -name flag");
    }
    if session.flags.texts("policy").is_empty() {
        return fail("At least one policy name must be specified using the -policy flag");
    }
    let body = json!({
        "Name": session.text("name"),
        "Description": session.text("description"),
        "Policies": links(session),
    });
    let made =
        session.api()?.put("/v1/acl/role", &[], &body).map_err(Fault::of("Error creating ACL role"))?;
    show(session, &made)
}

fn update(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let id = session.argument(0);
    let mut role = api.get(&path(id), &[]).map_err(Fault::of("Error when retrieving ACL role"))?;
    let own = links(session);
    if let Some(role) = role.as_object_mut() {
        for (flag, field) in [("name", "Name"), ("description", "Description")] {
            if !session.text(flag).is_empty() || session.is_set("no-merge") {
                role.insert(field.to_owned(), session.text(flag).into());
            }
        }
        let mut all = if session.is_set("no-merge") {
            Vec::new()
        } else {
            role.get("Policies").and_then(Json::as_array).cloned().unwrap_or_default()
        };
        for link in items(&own) {
            if !all.iter().any(|known| known.get("Name") == link.get("Name")) {
                all.push(link.clone());
            }
        }
        role.insert("Policies".to_owned(), all.into());
    }
    let made = api.put(&path(id), &[], &role).map_err(Fault::of("Error updating ACL role"))?;
    show(session, &made)
}

fn delete(session: &Session<'_>) -> Outcome {
    let id = session.argument(0);
    session.api()?.delete(&path(id), &[]).map_err(Fault::of("Error deleting ACL role"))?;
    session.say(format!("ACL role {id} successfully deleted"));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let argument = session.argument(0);
    let path = if session.is_set("by-name") {
        format!("/v1/acl/role/name/{}", path_escape(argument))
    } else {
        path(argument)
    };
    let role = session.api()?.get(&path, &[]).map_err(Fault::of("Error reading ACL role"))?;
    show(session, &role)
}

fn list(session: &Session<'_>) -> Outcome {
    let listing = Listing {
        path: "/v1/acl/roles",
        error: "Error listing ACL roles",
        shape: "[]*api.ACLRoleListStub",
        none: "No ACL roles found",
        header: "ID|Name|Description|Policies",
    };
    listing.show(session, |role| {
        let policies: Vec<&str> = role.list("Policies").iter().map(|link| link.text("Name")).collect();
        let text = |field| role.text(field);
        format!("{}|{}|{}|{}", text("ID"), text("Name"), text("Description"), policies.join(","))
    })
}
