//! consul-template.
