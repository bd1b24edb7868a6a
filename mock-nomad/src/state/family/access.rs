//! Policies, tokens, roles and ways to log in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::{Tables, Topic};
use crate::structs::{AclPolicy, AclRole, AclToken, AuthMethod, BindingRule, OneTimeToken};

/// The tables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) policies: BTreeMap<String, AclPolicy>,
    /// By accessor.
    pub(crate) tokens: BTreeMap<String, AclToken>,
    pub(crate) roles: BTreeMap<String, AclRole>,
    pub(crate) one_time_tokens: BTreeMap<String, OneTimeToken>,
    pub(crate) auth_methods: BTreeMap<String, AuthMethod>,
    pub(crate) binding_rules: BTreeMap<String, BindingRule>,
    /// The index at which the first token was made; 0: there is none yet.
    pub(crate) bootstrap_index: u64,
    /// Accessors by secret.
    secrets: BTreeMap<String, String>,
}

/// What changes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccessCommand {
    UpsertPolicies(Vec<AclPolicy>),
    DeletePolicies(Vec<String>),
    /// The first token. It is refused unless the last was made at `reset_index`.
    Bootstrap {
        token: Box<AclToken>,
        reset_index: u64,
    },
    UpsertTokens(Vec<AclToken>),
    DeleteTokens(Vec<String>),
    UpsertRoles(Vec<AclRole>),
    DeleteRoles(Vec<String>),
    UpsertOneTimeToken(OneTimeToken),
    DeleteOneTimeTokens(Vec<String>),
    UpsertAuthMethods(Vec<AuthMethod>),
    DeleteAuthMethods(Vec<String>),
    UpsertBindingRules(Vec<BindingRule>),
    DeleteBindingRules(Vec<String>),
}

impl Access {
    /// The token with that secret.
    pub(crate) fn token_by_secret(&self, secret: &str) -> Option<&AclToken> {
        self.tokens.get(self.secrets.get(secret)?)
    }

    /// The role of that name.
    pub(crate) fn role_by_name(&self, name: &str) -> Option<&AclRole> {
        self.roles.values().find(|role| role.name == name)
    }

    /// A token as it is shown: with its roles as they are now.
    pub(crate) fn shown(&self, token: &AclToken) -> AclToken {
        let mut token = token.clone();
        if let Some(roles) = &mut token.roles {
            roles.retain_mut(|link| match self.roles.get(&link.id) {
                Some(role) => {
                    link.name.clone_from(&role.name);
                    true
                }
                None => false,
            });
        }
        token
    }

    fn put_token(&mut self, mut token: AclToken, index: u64) {
        if let Some(known) = self.tokens.get(&token.accessor_id) {
            token.create_index = known.create_index;
            self.secrets.remove(&known.secret_id);
        } else {
            token.create_index = index;
        }
        token.modify_index = index;
        self.secrets.insert(token.secret_id.clone(), token.accessor_id.clone());
        self.tokens.insert(token.accessor_id.clone(), token);
    }
}

/// Puts an object under its key, with the indexes of its first and its last change.
macro_rules! upsert {
    ($table:expr, $objects:expr, $key:ident, $index:expr) => {
        for mut object in $objects {
            object.create_index = $table.get(&object.$key).map_or($index, |known| known.create_index);
            object.modify_index = $index;
            $table.insert(object.$key.clone(), object);
        }
    };
}

impl Tables {
    pub(in crate::state) fn apply_access(&mut self, command: AccessCommand) -> Result<(), String> {
        let index = self.index;
        let topic = command.topic();
        let access = Arc::make_mut(&mut self.access);
        match command {
            AccessCommand::UpsertPolicies(policies) => upsert!(access.policies, policies, name, index),
            AccessCommand::DeletePolicies(names) => {
                names.iter().for_each(|name| drop(access.policies.remove(name)))
            }
            AccessCommand::Bootstrap { token, reset_index } => {
                if access.bootstrap_index != reset_index {
                    return Err("ACL bootstrap already done".to_owned());
                }
                access.bootstrap_index = index;
                access.put_token(*token, index);
            }
            AccessCommand::UpsertTokens(tokens) => {
                tokens.into_iter().for_each(|token| access.put_token(token, index));
            }
            AccessCommand::DeleteTokens(accessors) => {
                for token in
                    accessors.iter().filter_map(|accessor| access.tokens.remove(accessor)).collect::<Vec<_>>()
                {
                    access.secrets.remove(&token.secret_id);
                }
            }
            AccessCommand::UpsertRoles(roles) => upsert!(access.roles, roles, id, index),
            AccessCommand::DeleteRoles(ids) => ids.iter().for_each(|id| drop(access.roles.remove(id))),
            AccessCommand::UpsertOneTimeToken(token) => {
                // A token has one at a time.
                access.one_time_tokens.retain(|_, known| known.accessor_id != token.accessor_id);
                upsert!(access.one_time_tokens, [token], secret_id, index);
            }
            AccessCommand::DeleteOneTimeTokens(secrets) => {
                secrets.iter().for_each(|secret| drop(access.one_time_tokens.remove(secret)));
            }
            AccessCommand::UpsertAuthMethods(methods) => upsert!(access.auth_methods, methods, name, index),
            AccessCommand::DeleteAuthMethods(names) => {
                names.iter().for_each(|name| drop(access.auth_methods.remove(name)));
            }
            AccessCommand::UpsertBindingRules(rules) => upsert!(access.binding_rules, rules, id, index),
            AccessCommand::DeleteBindingRules(ids) => {
                ids.iter().for_each(|id| drop(access.binding_rules.remove(id)))
            }
        }
        self.touch(topic);
        Ok(())
    }
}

impl AccessCommand {
    fn topic(&self) -> Topic {
        match self {
            Self::UpsertPolicies(_) | Self::DeletePolicies(_) => Topic::Policies,
            Self::Bootstrap { .. } | Self::UpsertTokens(_) | Self::DeleteTokens(_) => Topic::Tokens,
            Self::UpsertRoles(_) | Self::DeleteRoles(_) => Topic::Roles,
            Self::UpsertOneTimeToken(_) | Self::DeleteOneTimeTokens(_) => Topic::Tokens,
            Self::UpsertAuthMethods(_) | Self::DeleteAuthMethods(_) => Topic::AuthMethods,
            Self::UpsertBindingRules(_) | Self::DeleteBindingRules(_) => Topic::BindingRules,
        }
    }
}
