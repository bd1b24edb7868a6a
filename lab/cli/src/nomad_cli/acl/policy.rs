//! `nomad acl policy`

use serde_json::{Value as Json, json};

use super::{FORMATS, Listing, one};
use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::pairs;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const APPLY: Command = Command {
    name: "acl policy apply",
    synopsis: "Create or update an ACL policy",
    usage: "[options] <name> <path>",
    flags: &[
        ("description", Takes::Text, "What it is for."),
        ("namespace", Takes::Text, "The namespace of the job that it is tied to."),
        ("job", Takes::Text, "The job that it is tied to."),
        ("group", Takes::Text, "The group that it is tied to."),
        ("task", Takes::Text, "The task that it is tied to."),
    ],
    general: General::Client,
    arity: Arity::Counted(2, 2, "This command takes two arguments: <name> and <path>"),
    run: apply,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "acl policy delete",
    synopsis: "Delete an existing ACL policy",
    usage: "[options] <name>",
    flags: &[],
    general: General::Client,
    arity: one("This command takes one argument: <name>"),
    run: delete,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "acl policy info",
    synopsis: "Fetch info on an existing ACL policy",
    usage: "[options] <name>",
    flags: &[],
    general: General::Client,
    arity: one("This command takes one argument: <name>"),
    run: info,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "acl policy list",
    synopsis: "List ACL policies",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};

pub(in crate::nomad_cli) const SELF: Command = Command {
    name: "acl policy self",
    synopsis: "Lookup self ACL policy assigned to the workload identity or ACL token",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: own,
};

fn path(name: &str) -> String {
    format!("/v1/acl/policy/{}", path_escape(name))
}

fn apply(session: &Session<'_>) -> Outcome {
    let (name, file) = (session.argument(0), session.argument(1));
    let text = match file {
        "-" => std::io::read_to_string(std::io::stdin()),
        file => std::fs::read_to_string(file),
    };
    let rules = text.map_err(|error| {
        let problem = crate::stand_in::file_error("open", std::path::Path::new(file), &error);
        Fault::Told(format!("Failed to read file: {problem}"))
    })?;
    let job = session.text("job");
    for (set, needed) in [("job", "namespace"), ("group", "job"), ("task", "group")] {
        if !session.text(set).is_empty() && session.text(needed).is_empty() {
            return fail(format!("-{needed} is required if -{set} is set"));
        }
    }
    let tie = if job.is_empty() {
        Json::Null
    } else {
        json!({
            "Namespace": session.text("namespace"),
            "JobID": job,
            "Group": session.text("group"),
            "Task": session.text("task"),
        })
    };
    let body = json!({
        "Name": name,
        "Description": session.text("description"),
        "Rules": rules,
        "JobACL": tie,
    });
    session.api()?.put(&path(name), &[], &body).map_err(Fault::of("Error writing ACL policy"))?;
    session.say(format!("Successfully wrote {name:?} ACL policy!"));
    Ok(0)
}

fn delete(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    session.api()?.delete(&path(name), &[]).map_err(Fault::of("Error deleting ACL policy"))?;
    session.say(format!("Successfully deleted {name} policy!"));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let policy = session
        .api()?
        .get(&path(session.argument(0)), &[])
        .map_err(Fault::of("Error fetching info on ACL policy"))?;
    session.say(pairs(&[
        format!("Name|{}", policy.text("Name")),
        format!("Description|{}", policy.text("Description")),
        format!("CreateIndex|{}", policy.number("CreateIndex")),
        format!("ModifyIndex|{}", policy.number("ModifyIndex")),
    ]));
    let tie = policy.at("JobACL");
    if !tie.is_null() {
        session.say(format!("\n{}", session.bold("Associated Workload")));
        session.say(pairs(&[
            format!("Namespace|{}", tie.text("Namespace")),
            format!("JobID|{}", tie.text("JobID")),
            format!("Group|{}", tie.text("Group")),
            format!("Task|{}", tie.text("Task")),
        ]));
    }
    session.say(format!("\n{}\n\n{}", session.bold("Rules"), policy.text("Rules")));
    Ok(0)
}

fn list(session: &Session<'_>) -> Outcome {
    let listing = Listing {
        path: "/v1/acl/policies",
        error: "Error listing ACL policies",
        shape: "[]*api.ACLPolicyListStub",
        none: "No policies found",
        header: "Name|Description",
    };
    listing.show(session, |policy| format!("{}|{}", policy.text("Name"), policy.text("Description")))
}

fn own(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let token = api.get("/v1/acl/token/self", &[]).map_err(Fault::of("Error fetching token"))?;
    if token.text("Type") == "management" {
        session.say("This is a management token. No individual policies are assigned.");
        return Ok(0);
    }
    let listing = Listing {
        path: "/v1/acl/policy/self",
        error: "Error fetching WI policies",
        shape: "[]*api.ACLPolicyListStub",
        none: "No policies found for this identity.",
        header: "Name|Job ID|Group Name|Task Name",
    };
    listing.show(session, |policy| {
        let tie = policy.at("JobACL");
        format!("{}|{}|{}|{}", policy.text("Name"), tie.text("JobID"), tie.text("Group"), tie.text("Task"))
    })
}
