//! What `lab` alone prints.

use std::io::{self, Write};

use crate::exit::Failure;

const LINES: &str = "\
try    lab run                   a cluster moves from plaintext to mTLS
learn  lab run --explain         the same, with why each step is there
check  lab run --list            the mistakes that scenarios can show
use    lab run my-plan.lab.hcl   your own sequence; --format jsonl for CI
";

pub(crate) fn print() -> Result<(), Failure> {
    Ok(io::stdout().write_all(LINES.as_bytes())?)
}
