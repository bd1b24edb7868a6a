//! Go's `text/template`: the part that consul-template, Nomad's templates and the `-t` flags use, in Go's words.
//!
//! ```
//! use lab_template::{Functions, Options, Signature, Template, Type, Value};
//!
//! struct Names;
//! impl Functions for Names {
//!     fn signature(&self, name: &str) -> Option<Signature> {
//!         (name == "greet").then_some(Signature::fixed(&[Type::Text]))
//!     }
//!     fn call(&mut self, _name: &str, arguments: &[Value]) -> Result<Value, String> {
//!         Ok(Value::from(format!("hello {}", arguments[0].display())))
//!     }
//! }
//!
//! let template = Template::parse("t", "{{ range . }}{{ greet . }}; {{ end }}", &Options::default(), &Names)?;
//! let data = Value::list([Value::from("a"), Value::from("b")]);
//! assert_eq!(template.execute(&data, &mut Names)?, "hello a; hello b; ");
//! # Ok::<(), lab_template::Error>(())
//! ```
//!
//! A function whose answer is not there yet returns a value that is not true, such as [`Value::NilPointer`], and
//! remembers what it waits for: a template guards against that with `{{ with secret "..." }}`.

mod builtin;
mod call;
mod change;
mod compare;
mod error;
mod execute;
mod format;
mod functions;
mod lexer;
mod node;
mod number;
mod outline;
mod parser;
mod printf;
mod quote;
mod template;
mod value;

pub use crate::error::Error;
pub use crate::functions::{Effect, Functions, NoFunctions, Signature, Type};
pub use crate::outline::{FieldUse, FunctionCall, Outline};
pub use crate::quote::quote;
pub use crate::template::{MissingKey, Options, Template};
pub use crate::value::{Object, Value};
