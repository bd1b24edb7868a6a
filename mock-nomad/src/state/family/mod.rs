//! State that belongs to no job or node, one file a family: its tables, its commands and what they do.

mod access;
mod keyring;
mod registry;
mod settings;
mod variables;

pub(crate) use self::access::{Access, AccessCommand};
pub(crate) use self::keyring::{Keyring, KeyringCommand};
pub(crate) use self::registry::{Registry, RegistryCommand};
pub(crate) use self::settings::{Settings, SettingsCommand};
pub(crate) use self::variables::{CONFLICT, VariableCommand, Variables};
