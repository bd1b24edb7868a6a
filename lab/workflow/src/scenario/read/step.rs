//! Steps.

use lab_hcl::{Block, Body, Diagnostic, Reader};

use super::action::{self, Defaults};
use super::{condition, first_byte};
use crate::scenario::{Assertion, Step};

/// Reads what stands in a `step` block, or in a `replace` or `insert` of a break.
pub(super) fn read_step(name: &str, body: &Body) -> Result<Step, Diagnostic> {
    let mut reader = Reader::new(body);
    let step = read_described(name, &mut reader, body)?;
    reader.finish()?;
    Ok(step)
}

/// As [`read_step`], where the reader has attributes of its own to read.
pub(super) fn read_described(name: &str, reader: &mut Reader<'_>, body: &Body) -> Result<Step, Diagnostic> {
    let mut step = Step {
        name: name.to_owned(),
        summary: reader.string("summary")?.unwrap_or_default(),
        source: reader.string("source")?.unwrap_or_default(),
        why: reader.string("why")?.unwrap_or_default(),
        without: reader.string("without")?.unwrap_or_default(),
        ..Step::default()
    };
    for block in reader.blocks("assert") {
        step.assertions.push(read_assertion(block)?);
    }
    for kind in action::KINDS {
        reader.blocks(kind);
    }
    // JSON keeps no order among equal keys; there the actions can stand in a list of their own.
    reader.blocks("actions");
    let mut defaults = Defaults::default();
    for block in body.blocks() {
        match block.kind.as_str() {
            "assert" => {}
            "actions" => {
                for inner in block.body.blocks() {
                    read_action(inner, &mut defaults, &mut step)?;
                }
            }
            kind if action::KINDS.contains(&kind) => read_action(block, &mut defaults, &mut step)?,
            _ => {}
        }
    }
    Ok(step)
}

fn read_action(block: &Block, defaults: &mut Defaults, step: &mut Step) -> Result<(), Diagnostic> {
    step.actions.push(action::read_action(block, defaults)?);
    Ok(())
}

fn read_assertion(block: &Block) -> Result<Assertion, Diagnostic> {
    let mut reader = Reader::new(&block.body);
    let Some(condition) = reader.value("condition") else {
        return Err(Diagnostic::new("`condition` is missing", first_byte(&block.body)));
    };
    let condition = condition::read_condition(condition)?;
    let error_message = reader.required_string("error_message")?;
    reader.finish()?;
    Ok(Assertion { condition, error_message })
}
