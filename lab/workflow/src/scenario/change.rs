//! Deliberate changes of a scenario.

use super::Step;

/// A change of the steps that can be chosen for a run: a mistake that must show, or a variation that must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// Its name, such as `as-the-guide-says`.
    pub name: String,
    /// What it changes and what comes of it, in one line.
    pub summary: String,
    /// Whether it must show.
    pub kind: ChangeKind,
    /// What it changes.
    pub edits: Vec<Edit>,
}

/// What is expected of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A mistake: each of these invariants is violated.
    Mistake {
        /// The invariants' names.
        violates: Vec<String>,
    },
    /// It looks wrong, or is another way: everything holds.
    Variation,
}

/// A change of the list of steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A step does something else.
    Replace(Step),
    /// A step is left out.
    Skip(String),
    /// A further step.
    Insert(Position, Step),
}

/// Where a further step goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the step of this name.
    Before(String),
    /// After the step of this name.
    After(String),
}
