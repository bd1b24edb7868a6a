//! `nomad acl token`

use lab_world::parse_duration;
use serde_json::{Value as Json, json};

use super::{FORMATS, Listing, one};
use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{moment_of, nano_plain, pairs, table};
use crate::stand_in::Takes;

const ACCESSOR: &str = "This command takes one argument: <token_accessor_id>";

pub(in crate::nomad_cli) const CREATE: Command = Command {
    name: "acl token create",
    synopsis: "Create a new ACL token",
    usage: "[options]",
    flags: &[
        ("name", Takes::Text, "What it is called."),
        ("type", Takes::Text, "client or management. client."),
        ("global", Takes::Bool, "Good in all regions."),
        ("policy", Takes::Text, "A policy; may be given several times."),
        ("role-id", Takes::Text, "A role by its identifier; may be given several times."),
        ("role-name", Takes::Text, "A role by its name; may be given several times."),
        ("ttl", Takes::Text, "How long it lives."),
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: create,
};
pub(in crate::nomad_cli) const UPDATE: Command = Command {
    name: "acl token update",
    synopsis: "Update an existing ACL token",
    usage: "[options] <token_accessor_id>",
    flags: &[
        ("name", Takes::Text, "What it is called."),
        ("type", Takes::Text, "client or management."),
        ("policy", Takes::Text, "A policy; may be given several times."),
        ("role-id", Takes::Text, "A role by its identifier; may be given several times."),
        ("role-name", Takes::Text, "A role by its name; may be given several times."),
    ],
    general: General::Client,
    arity: one(ACCESSOR),
    run: update,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "acl token delete",
    synopsis: "Delete an existing ACL token",
    usage: "[options] <token_accessor_id>",
    flags: &[],
    general: General::Client,
    arity: one(ACCESSOR),
    run: delete,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "acl token info",
    synopsis: "Fetch information on an existing ACL token",
    usage: "[options] <token_accessor_id>",
    flags: &[],
    general: General::Client,
    arity: one(ACCESSOR),
    run: info,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "acl token list",
    synopsis: "List ACL tokens",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};
pub(in crate::nomad_cli) const SELF: Command = Command {
    name: "acl token self",
    synopsis: "Lookup self ACL token",
    usage: "[options]",
    flags: &[],
    general: General::Client,
    arity: Arity::NONE,
    run: own,
};

/// Shows a token.
pub(in crate::nomad_cli) fn show(session: &Session<'_>, token: &Json) {
    let management = token.text("Type") == "management";
    let created = match token.at("CreateTime").as_str() {
        Some(text) => moment_of(token.at("CreateTime")).map_or_else(|| text.to_owned(), |_| nano_plain(text)),
        None => String::new(),
    };
    let expires =
        token.at("ExpirationTime").as_str().filter(|text| !text.starts_with("0001")).map(nano_plain);
    let mut lines = vec![
        format!("Accessor ID|{}", token.text("AccessorID")),
        format!("Secret ID|{}", token.text("SecretID")),
        format!("Name|{}", token.text("Name")),
        format!("Type|{}", token.text("Type")),
        format!("Global|{}", token.truth("Global")),
    ];
    lines.push(format!("Create Time|{created}"));
    lines.push(format!("Expiry Time |{}", expires.unwrap_or_else(|| "<none>".to_owned())));
    lines.push(format!("Create Index|{}", token.number("CreateIndex")));
    lines.push(format!("Modify Index|{}", token.number("ModifyIndex")));
    if management {
        lines.push("Policies|n/a".to_owned());
        lines.push("Roles|n/a".to_owned());
        session.say(pairs(&lines));
        return;
    }
    lines.push(format!("Policies|[{}]", token.texts("Policies").join(" ")));
    session.say(pairs(&lines));
    session.say("\nRoles");
    let roles = token.list("Roles");
    if roles.is_empty() {
        session.say("<none>");
        return;
    }
    let mut lines = vec!["ID|Name".to_owned()];
    lines.extend(roles.iter().map(|role| format!("{}|{}", role.text("ID"), role.text("Name"))));
    session.say(table(&lines));
}

fn links(session: &Session<'_>) -> Json {
    let ids = session.flags.texts("role-id").iter().map(|id| json!({ "ID": id }));
    let names = session.flags.texts("role-name").iter().map(|name| json!({ "Name": name }));
    ids.chain(names).collect()
}

fn create(session: &Session<'_>) -> Outcome {
    let mut body = json!({
        "Name": session.text("name"),
        "Type": if session.text("type").is_empty() { "client" } else { session.text("type") },
        "Policies": session.flags.texts("policy"),
        "Roles": links(session),
        "Global": session.is_set("global"),
    });
    let ttl = session.text("ttl");
    if !ttl.is_empty() {
        let parsed = parse_duration(ttl)
            .map_err(|error| Fault::Told(format!("Failed to parse TTL as time duration: {error}")))?;
        if let Some(body) = body.as_object_mut() {
            body.insert("ExpirationTTL".to_owned(), lab_world::format_duration(parsed).into());
        }
    }
    let api = session.api()?;
    for policy in session.flags.texts("policy") {
        if let Err(problem) = api.get(&format!("/v1/acl/policy/{}", path_escape(policy)), &[]) {
            session.warn(format!("Error fetching info on {policy} policy: {problem}"));
        }
    }
    let made = api.put("/v1/acl/token", &[], &body).map_err(Fault::of("Error creating token"))?;
    if session.is_formatted() {
        return session.formatted(&made, "*api.ACLToken");
    }
    show(session, &made);
    Ok(0)
}

fn path(accessor: &str) -> String {
    format!("/v1/acl/token/{}", path_escape(accessor))
}

fn update(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let mut token = api.get(&path(session.argument(0)), &[]).map_err(Fault::of("Error fetching token"))?;
    if let Some(token) = token.as_object_mut() {
        for (flag, field) in [("name", "Name"), ("type", "Type")] {
            if !session.text(flag).is_empty() {
                token.insert(field.to_owned(), session.text(flag).into());
            }
        }
        if !session.flags.texts("policy").is_empty() {
            token.insert("Policies".to_owned(), session.flags.texts("policy").to_vec().into());
        }
        let links = links(session);
        if !items(&links).is_empty() {
            token.insert("Roles".to_owned(), links);
        }
    }
    let made = api.put(&path(session.argument(0)), &[], &token).map_err(Fault::of("Error updating token"))?;
    show(session, &made);
    Ok(0)
}

fn delete(session: &Session<'_>) -> Outcome {
    session.api()?.delete(&path(session.argument(0)), &[]).map_err(Fault::of("Error deleting token"))?;
    session.say(format!("Token {} successfully deleted", session.argument(0)));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let token =
        session.api()?.get(&path(session.argument(0)), &[]).map_err(Fault::of("Error fetching token"))?;
    show(session, &token);
    Ok(0)
}

fn list(session: &Session<'_>) -> Outcome {
    let now = session.api()?.client().machine().clock.now();
    let listing = Listing {
        path: "/v1/acl/tokens",
        error: "Error listing ACL tokens",
        shape: "[]*api.ACLTokenListStub",
        none: "No tokens found",
        header: "Name|Type|Global|Accessor ID|Expired",
    };
    listing.show(session, |token| {
        let is_over = moment_of(token.at("ExpirationTime")).is_some_and(|end| end < now);
        let text = |field| token.text(field);
        format!(
            "{}|{}|{}|{}|{is_over}",
            text("Name"),
            text("Type"),
            token.truth("Global"),
            text("AccessorID")
        )
    })
}

fn own(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    if api.target().token.is_empty() {
        return fail("No token present in the environment or set via the CLI flag");
    }
    let token = api.get("/v1/acl/token/self", &[]).map_err(Fault::of("Error fetching self token"))?;
    show(session, &token);
    Ok(0)
}
