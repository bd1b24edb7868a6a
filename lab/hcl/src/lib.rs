//! One reader for the two languages called HCL, with positions and diagnostics.
//!
//! Agent, consul-template and policy files are HCL1 ([`hcl1`]); job and scenario files are HCL2 ([`hcl2`]). Both give
//! the same [`Body`] of attributes and blocks, each with the [`Span`] it was written at. A [`Reader`] takes a body
//! apart and reports what it did not know; a [`Diagnostic`] is rendered under the line that is wrong.
//!
//! ```
//! use lab_hcl::{Reader, Source, hcl1, render};
//!
//! let source = Source::new("nomad.hcl", "tls {\n  rcp = true\n}\n");
//! let body = hcl1::parse(&source.text).expect("well formed");
//! let mut reader = Reader::new(&body);
//! let tls = reader.block("tls").expect("at most one").expect("there is one");
//! reader.finish().expect("nothing else in the file");
//! let mut reader = Reader::new(&tls.body);
//! assert_eq!(reader.bool("rpc"), Ok(None));
//! let problem = reader.finish().expect_err("a typing error");
//! assert!(render(&source, &problem, false).contains("did you mean `rpc`?"));
//! ```

mod body;
mod diagnostic;
mod distance;
pub mod hcl1;
pub mod hcl2;
mod reader;

pub use crate::body::{Attribute, Block, Body, Item, Kind, Label, Number, Span, Value};
pub use crate::diagnostic::{Diagnostic, Source, render};
pub use crate::distance::suggest;
pub use crate::reader::Reader;
