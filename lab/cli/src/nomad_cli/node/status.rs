//! `nomad node status`

use super::{list, one};
use crate::nomad_cli::command::{Arity, Command, General, Outcome};
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "node status",
    synopsis: "Display status information about nodes",
    usage: "[options] <node>",
    flags: &[
        ("self", Takes::Bool, "The node that the agent is."),
        ("stats", Takes::Bool, "Show in detail what the node uses."),
        ("allocs", Takes::Bool, "Count the running allocations of each node."),
        ("short", Takes::Bool, "Show less of a single node."),
        ("verbose", Takes::Bool, "Show everything."),
        ("per-page", Takes::Integer, "How many nodes to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        ("filter", Takes::Text, "An expression that nodes must satisfy."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("os", Takes::Bool, "Show the operating system."),
        ("quiet", Takes::Bool, "List identifiers only."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::Counted(0, 1, "This command takes either one or no arguments"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    if session.arguments().is_empty() && !session.is_set("self") {
        return list::list(session);
    }
    one::show(session)
}
