//! `nomad var`.

mod file;
pub(super) mod get;
pub(super) mod list;
pub(super) mod put;

use lab_template::Value;
use serde_json::Value as Json;

use super::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use super::json::Look;
use super::session::Session;
use super::shape;
use super::wording::{nano_text, pairs};
use crate::stand_in::Takes;

pub(super) const PURGE: Command = Command {
    name: "var purge",
    synopsis: "Purge a variable",
    usage: "[options] <path>",
    flags: &[("check-index", Takes::Text, "Only where the variable's index is this one.")],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <path>"),
    run: purge,
};
pub(super) const LOCK: Command = Command {
    name: "var lock",
    synopsis: "Put a lock on a variable and run a child command if operation is successful",
    usage: "[options] <lock path> <child...>",
    flags: &[],
    general: General::Namespaced,
    arity: Arity::Any,
    run: lock,
};
pub(super) const INIT: Command = Command {
    name: "var init",
    synopsis: "Create an example variable specification file",
    usage: "[options] <filename>",
    flags: &[("out", Takes::Text, "hcl or json."), ("quiet", Takes::Bool, "Say nothing.")],
    general: General::None,
    arity: Arity::Counted(0, 1, "This command takes no arguments or one: <filename>"),
    run: init,
};

/// Refuses a form that is none of those known, and a template for another.
fn check_form(session: &Session<'_>, known: &[&str]) -> Result<(), Fault> {
    let (out, template) = (session.text("out"), session.text("template"));
    match out {
        "go-template" if template.is_empty() => {
            misused("A template must be supplied using '-template' when using go-template formatting")
        }
        out if out != "go-template" && !template.is_empty() => {
            misused("The '-template' flag is only valid when using 'go-template' formatting")
        }
        out if !out.is_empty() && !known.contains(&out) => {
            misused(format!("Invalid value for \"-out\"; valid values are [{}]", known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// The path of a variable in the API.
fn path(name: &str) -> String {
    let parts: Vec<String> = name.trim_matches('/').split('/').map(super::api::path_escape).collect();
    format!("/v1/var/{}", parts.join("/"))
}

/// Shows a variable in the form that is asked for; JSON where nothing is and nobody watches.
fn show(session: &Session<'_>, variable: &Json, usual: &str) -> Outcome {
    let wanted = match session.text("out") {
        "" => usual,
        wanted => wanted,
    };
    let filled = shape::fill(variable, "*api.Variable");
    match wanted {
        "none" => {}
        "go-template" => {
            let text = session.rendered(session.text("template"), &filled, "*api.Variable")?;
            session.say(text);
        }
        "table" => session.say(as_table(session, variable)),
        "hcl" => session.say(as_hcl(variable)),
        _ => {
            let Value::Object(object) = shape::value(&filled, "*api.Variable") else { return Ok(0) };
            let mut object = object.as_ref().clone();
            object.fields.retain(|(name, value)| *name != "Lock" || value.truth());
            session.say(shape::declared(&Value::Object(object.into()), Some(2), 0));
        }
    }
    let path = format!("/ui/variables/var/{}@{}", variable.text("Path"), variable.text("Namespace"));
    session.hint("View variable details", &path);
    Ok(0)
}

fn as_table(session: &Session<'_>, variable: &Json) -> String {
    let mut lines = vec![
        format!("Namespace|{}", variable.text("Namespace")),
        format!("Path|{}", variable.text("Path")),
        format!("Create Time|{}", nano_text(variable.number("CreateTime"))),
    ];
    if variable.number("CreateTime") != variable.number("ModifyTime") {
        lines.push(format!("Modify Time|{}", nano_text(variable.number("ModifyTime"))));
    }
    lines.push(format!("Check Index|{}", variable.number("ModifyIndex")));
    let items: Vec<String> = variable
        .entries("Items")
        .into_iter()
        .map(|(key, value)| format!("{key}|{}", value.as_str().unwrap_or_default()))
        .collect();
    format!("{}\n\n{}\n{}", pairs(&lines), session.bold("Items"), pairs(&items))
}

fn as_hcl(variable: &Json) -> String {
    let items: String = variable
        .entries("Items")
        .into_iter()
        .map(|(key, value)| format!("  {key} = {:?}\n", value.as_str().unwrap_or_default()))
        .collect();
    format!(
        "\nnamespace    = {:?}\npath         = {:?}\ncreate_index = {}  # Set by server\nmodify_index = {}  # Set by server; consulted for check-and-set\ncreate_time  = {}  # Set by server\nmodify_time  = {}  # Set by server\n\nitems = {{\n{items}}}\n",
        variable.text("Namespace"),
        variable.text("Path"),
        variable.number("CreateIndex"),
        variable.number("ModifyIndex"),
        variable.number("CreateTime"),
        variable.number("ModifyTime")
    )
}

/// What is said where a variable is not what the caller thought it was.
fn conflict(held: &Json, given: u64) -> Fault {
    let index = held.number("ModifyIndex");
    if index == 0 {
        return Fault::Told(format!(
            "\nCheck-and-Set conflict\n\n    Your provided check-index ({given}) does not match the server-side index (0).  If\n    \
             you are sure you want to perform this operation, add the -force or -check-\n    index=0 flag before the \
             positional arguments.\n"
        ));
    }
    Fault::Told(format!(
        "\nCheck-and-Set conflict\n\n    Your provided check-index ({given}) does not match the server-side index ({index}). The\n    \
         server-side item was last updated on {}. If you are sure you\n    want to perform this operation, add the -force or \
         -check-index={index} flag before\n    the positional arguments.\n",
        nano_text(held.number("ModifyTime"))
    ))
}

/// The index that `-check-index` gives; `told` is what is said of a text that is none.
fn check_index(session: &Session<'_>, told: impl Fn(&str) -> String) -> Result<Option<u64>, Fault> {
    match session.text("check-index") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Fault::Told(told(text))),
    }
}

fn purge(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    let index =
        check_index(session, |text| format!("Invalid -check-index value {text:?}: not parsable as uint64"))?;
    let api = session.api()?;
    let text = index.map(|index| index.to_string());
    let query: Vec<(&str, &str)> = text.iter().map(|text| ("cas", text.as_str())).collect();
    let answer = api
        .answer(http::Method::DELETE, &path(name), &query, None)
        .map_err(Fault::of("Error purging variable"))?;
    match answer.status().as_u16() {
        409 => Err(conflict(&super::api::decode(&answer)?, index.unwrap_or_default())),
        200 | 204 => {
            session.say(format!("Successfully purged variable {name:?}!"));
            Ok(0)
        }
        code => fail(format!("Error purging variable: {}", super::api::unexpected(code, answer.body()))),
    }
}

fn lock(session: &Session<'_>) -> Outcome {
    let count = session.arguments().len();
    if count < 2 {
        return fail(format!("Not enough arguments (expected >2, got {count})"));
    }
    fail("The lab's nomad does not lock variables; `nomad var put` and `nomad var get` work")
}

/// What a file of JSON has no place for.
const ABOUT_ITEMS: &str = "The Items map is the only strictly required part of a variable\nspecification, since path and \
     namespace can be set via other means. It\ncontains the sensitive material to encrypt and store as a Nomad\nvariable. \
     The entire Items map is encrypted and decrypted as a single\nunit.";
/// And what to look out for.
const ABOUT_DOTS: &str = "REMINDER: While keys in the Items map can contain dots, using them in\ntemplates is easier when \
     they do not. As a best practice, avoid dotted\nkeys when possible.";

fn init(session: &Session<'_>) -> Outcome {
    let is_json = session.text("out") == "json";
    let name = match (session.arguments().first(), session.text("out")) {
        (Some(name), _) => name.as_str(),
        (None, "json") => "spec.nv.json",
        (None, "" | "hcl") => "spec.nv.hcl",
        (None, _) => "",
    };
    let text = if is_json {
        "{\n  \"Namespace\": \"default\",\n  \"Path\": \"path/to/variable\",\n  \"Items\": {\n    \"key1\": \"value 1\",\n    \"key2\": \"value 2\"\n  }\n}\n"
    } else {
        "# A variable to start from: `nomad var put @spec.nv.hcl` writes it.\n\nnamespace = \"default\"\npath      = \"path/to/variable\"\n\nitems {\n  key1 = \"value 1\"\n  key2 = \"value 2\"\n}\n"
    };
    super::spec::write_example(name, text)?;
    if !session.is_set("quiet") {
        if is_json {
            session.say(ABOUT_ITEMS);
            session.warn(ABOUT_DOTS);
        }
        session.say(format!("Example variable specification written to {name}"));
    }
    Ok(0)
}
