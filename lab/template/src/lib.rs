//! Go's text/template, the part that is used.
