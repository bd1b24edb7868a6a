//! The PKI engine.

mod aia;
mod bundle;
mod certificates;
mod chain;
mod config;
mod config_crl;
mod create;
mod crl;
mod der;
mod engine;
mod import;
mod intermediate;
mod issue;
mod issuers;
mod issuers_raw;
mod keys;
mod model;
mod names;
mod ocsp;
mod revoke;
mod role;
mod role_endpoints;
mod root;
mod sign_intermediate;
mod subject;
mod tidy;
mod validity;

pub(crate) use self::engine::Pki;
