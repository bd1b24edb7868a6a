//! `nomad node pool apply` and `nomad node pool init`: pools as files.

use lab_hcl::{Body, Diagnostic, Item, Reader, Source, Span, hcl2};
use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::{shape, spec};
use crate::stand_in::{Takes, unread};

pub(in crate::nomad_cli) const APPLY: Command = Command {
    name: "node pool apply",
    synopsis: "Create or update a node pool",
    usage: "[options] <input>",
    flags: &[("json", Takes::Bool, "The input is JSON.")],
    general: General::Client,
    arity: Arity::Counted(1, 1, "This command takes one argument: <input>"),
    run: apply,
};
pub(in crate::nomad_cli) const INIT: Command = Command {
    name: "node pool init",
    synopsis: "Create an example node pool specification file",
    usage: "<filename>",
    flags: &[("out", Takes::Text, "hcl or json."), ("quiet", Takes::Bool, "Say nothing.")],
    general: General::None,
    arity: Arity::Counted(0, 1, "This command takes no arguments or one: <filename>"),
    run: init,
};

fn apply(session: &Session<'_>) -> Outcome {
    let (name, text) = match session.argument(0) {
        "-" => ("stdin.nomad.hcl", std::io::read_to_string(std::io::stdin()).unwrap_or_default()),
        file => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Fault::Told(format!("Failed to read file {file:?}: {}", unread(file.as_ref(), &error)))
            })?;
            (file, text)
        }
    };
    let read = if session.is_set("json") { from_json(&text).map(Some) } else { from_hcl(name, &text) };
    let pool = read.map_err(Fault::of("Failed to parse input content"))?;
    let Some(pool) = pool.filter(Json::is_object) else {
        return fail("Error applying node pool: missing node pool");
    };
    if pool.text("Name").is_empty() {
        return fail("Error applying node pool: missing node pool name");
    }
    session.api()?.put("/v1/node/pools", &[], &pool).map_err(Fault::of("Error applying node pool"))?;
    session.say(format!("Successfully applied node pool {:?}!", pool.text("Name")));
    Ok(0)
}

/// A pool as JSON, of which other fields than those of a pool are left out.
fn from_json(text: &str) -> Result<Json, String> {
    shape::checked(&go_json::unmarshal(text)?, "api.NodePool", ("", "Alias"))
}

/// The one pool of a file; nothing where there is none in it.
fn from_hcl(name: &str, text: &str) -> Result<Option<Json>, String> {
    let source = Source::new(name, text);
    let told = |problem: Diagnostic| at(&source, problem.span, &problem.message);
    let body = hcl2::parse(text).map_err(told)?;
    let mut reader = Reader::new(&body);
    let pools = reader.blocks("node_pool");
    refuse_others(&reader, &source)?;
    match pools.as_slice() {
        [] => Ok(None),
        [pool] => match pool.label() {
            Some(label) => Ok(Some(pool_of(label, &pool.body, &source)?)),
            None => Err(at(
                &source,
                Span::new(pool.body.span.start, pool.body.span.start + 1),
                "Missing name for node_pool; All node_pool blocks must have 1 labels (name).",
            )),
        },
        [first, second, ..] => {
            let defined = place(&source, first.kind_span);
            let told = format!(
                "Duplicate node_pool block; Only one node_pool block is allowed. Another was defined at {defined}."
            );
            Err(at(&source, second.kind_span, &told))
        }
    }
}

/// A pool as the API has it.
fn pool_of(name: &str, body: &Body, source: &Source) -> Result<Json, String> {
    let told = |problem: Diagnostic| at(source, problem.span, &problem.message);
    let mut reader = Reader::new(body);
    let mut pool = json!({
        "Name": name,
        "Description": reader.string("description").map_err(told)?.unwrap_or_default(),
    });
    if let Some(ttl) = reader.duration("node_identity_ttl").map_err(told)? {
        pool["NodeIdentityTTL"] = u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX).into();
    }
    if let Some(meta) = reader.block("meta").map_err(told)? {
        let entry = |item: &Item| Some((item.name().to_owned(), item.as_attribute()?.value.as_str()?.into()));
        pool["Meta"] = Json::Object(meta.body.items.iter().filter_map(entry).collect::<Map<_, _>>());
    }
    if let Some(scheduler) = reader.block("scheduler_config").map_err(told)? {
        let mut settings = Reader::new(&scheduler.body);
        pool["SchedulerConfiguration"] = json!({
            "SchedulerAlgorithm": settings.string("scheduler_algorithm").map_err(told)?.unwrap_or_default(),
            "MemoryOversubscriptionEnabled":
                settings.bool("memory_oversubscription_enabled").map_err(told)?,
        });
        refuse_others(&settings, source)?;
    }
    refuse_others(&reader, source)?;
    Ok(pool)
}

/// Refuses what a reader was not asked for.
fn refuse_others(reader: &Reader<'_>, source: &Source) -> Result<(), String> {
    let Some(other) = reader.unused().next() else { return Ok(()) };
    let name = other.name();
    let told = match other {
        Item::Attribute(_) => {
            format!("Unsupported argument; An argument named {name:?} is not expected here.")
        }
        Item::Block(_) => {
            format!("Unsupported block type; Blocks of type {name:?} are not expected here.")
        }
    };
    Err(at(source, other.name_span(), &told))
}

fn at(source: &Source, span: Span, told: &str) -> String {
    format!("{}: {told}", place(source, span))
}

/// `pool.hcl:1,17-21`
fn place(source: &Source, span: Span) -> String {
    let ((line, column), (_, end)) = (source.position(span.start), source.position(span.end));
    format!("{}:{line},{column}-{end}", source.name)
}

const EXAMPLE: &str = "node_pool \"example\" {
  description = \"Example node pool\"

  # What people and other programs want to know of it; the scheduler does not look at it.
  meta {
    environment = \"prod\"
    owner       = \"sre\"
  }

  # How long the identities of its nodes are good for.
  # node_identity_ttl = \"24h\"
}
";
const JSON_EXAMPLE: &str = "{
  \"Name\": \"example\",
  \"Description\": \"Example node pool\",
  \"Meta\": {
    \"environment\": \"prod\",
    \"owner\": \"sre\"
  }
}
";

fn init(session: &Session<'_>) -> Outcome {
    let is_json = session.text("out") == "json";
    let name = match session.argument(0) {
        "" if is_json => "pool.nomad.json",
        "" => "pool.nomad.hcl",
        name => name,
    };
    spec::write_example(name, if is_json { JSON_EXAMPLE } else { EXAMPLE })?;
    if !session.is_set("quiet") {
        session.say(format!("Example node pool specification written to {name}"));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_and_its_mistakes() {
        let text = "node_pool \"a\" {\n  description = \"d\"\n  node_identity_ttl = \"1h\"\n  meta {\n    x = \"y\"\n  }\n}\n";
        let wanted = json!({"Name": "a", "Description": "d", "NodeIdentityTTL": 3_600_000_000_000_u64, "Meta": {"x": "y"}});
        assert_eq!(from_hcl("p", text), Ok(Some(wanted)));
        assert_eq!(from_hcl("p", ""), Ok(None));
        for (text, told) in [
            (
                "node_pool \"a\" { nope = 1 }",
                "p:1,17-21: Unsupported argument; An argument named \"nope\" is not expected here.",
            ),
            ("x \"a\" {}", "p:1,1-2: Unsupported block type; Blocks of type \"x\" are not expected here."),
        ] {
            assert_eq!(from_hcl("p", text), Err(told.to_owned()));
        }
    }
}
