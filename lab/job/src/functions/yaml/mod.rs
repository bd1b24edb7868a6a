//! YAML, made and read.

mod decode;
mod encode;
mod scalar;

use super::{Function, fail, plain, text};
use crate::eval::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    plain("yamlencode", &["value"], |given| Ok(Value::String(encode::document(&given[0])))),
    plain("yamldecode", &["src"], |given| decode::document(&text(given, 0)?).map_err(fail)),
];
