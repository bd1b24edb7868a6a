//! What is made in Vault: an auth method, a policy and a role.

use base64::Engine;
use http::Method;
use serde_json::{Value as Json, json};

use super::asked;
use super::vault::Vault;
use crate::nomad_cli::command::{Fault, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape::sorted_keys;
use crate::stand_in::file_error;

/// Where the auth method is mounted.
const MOUNT: &str = "jwt-nomad";
/// The role that workloads get.
const ROLE: &str = "nomad-workloads";
/// Its policy.
const POLICY: &str = "nomad-workloads";
/// Whom identities are for.
const AUDIENCE: &str = "vault.io";

/// What is made, one after the other.
pub(super) struct Components<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) vault: Vault,
    /// What this run has made.
    pub(super) created: Vec<Component>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Policy,
    Role,
    AuthMethod,
}

impl Component {
    fn name(self) -> String {
        match self {
            Self::Policy => format!("Policy: {POLICY:?}"),
            Self::Role => format!("ACL role: {ROLE:?}"),
            Self::AuthMethod => format!("JWT auth method: {MOUNT:?}"),
        }
    }
}

/// A failure of one step.
fn cannot(doing: &str) -> impl Fn(String) -> Fault {
    move |problem| Fault::Told(format!("[✘] Could not {doing}: {problem}"))
}

impl Components<'_> {
    fn done(&self, text: &str) {
        self.session.say(format!("[✔] {text}"));
    }

    /// Enables and configures the auth method; false where it is not wanted.
    pub(super) fn auth_method(&mut self) -> Result<bool, Fault> {
        self.session.say(
            "\nWe will now enable the JWT credential backend and create a JWT auth method that\n\
             Nomad workloads will use.\n",
        );
        if self.has_auth_method() {
            self.done(&format!("JWT auth method {MOUNT:?} already exists."));
            return Ok(true);
        }
        let config = self.config()?;
        self.session.say(format!("This is the method configuration:\n\n{}", sorted_keys(&config, 4)));
        if !asked(self.session, "Create JWT auth method in your Vault cluster? [Y/n]") {
            return Ok(false);
        }
        self.vault
            .send(Method::POST, &format!("sys/auth/{MOUNT}"), Some(&json!({ "type": "jwt" })))
            .map_err(cannot("enable JWT credential backend"))?;
        self.created.push(Component::AuthMethod);
        let written = self.vault.send(Method::PUT, &format!("auth/{MOUNT}/config"), Some(&config));
        written.map_err(|problem| {
            if problem.contains("error checking jwks URL") {
                let url = config.text("jwks_url");
                return Fault::Told(format!(
                    "error: Nomad JWKS endpoint unreachable, verify that Nomad is running and that the JWKS URL {url} is reachable by Vault"
                ));
            }
            cannot("create JWT auth method")(problem)
        })?;
        self.done(&format!("Created JWT auth method {MOUNT:?}."));
        Ok(true)
    }

    fn has_auth_method(&self) -> bool {
        let read = self.vault.send(Method::GET, &format!("auth/{MOUNT}/config"), None);
        read.is_ok_and(|answer| answer.code == 200)
    }

    fn config(&self) -> Result<Json, Fault> {
        let url = match self.session.text("jwks-url") {
            "" => "http://localhost:4646/.well-known/jwks.json",
            url => url,
        };
        let mut config =
            json!({ "default_role": ROLE, "jwks_url": url, "jwt_supported_algs": ["EdDSA", "RS256"] });
        let file = self.session.text("jwks-ca-file");
        if !file.is_empty() {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Fault::Told(format!(
                    "could not read JWKS CA file: {}",
                    file_error("open", std::path::Path::new(file), &error)
                ))
            })?;
            if let Some(config) = config.as_object_mut() {
                config.insert("jwks_ca_pem".to_owned(), text.into());
            }
        }
        Ok(config)
    }

    /// Writes the policy; false where it is not wanted.
    pub(super) fn policy(&mut self) -> Result<bool, Fault> {
        self.session.say(
            "\nWe need to create a role that Nomad workloads will assume while authenticating,\n\
             and a policy associated with that role.\n\t",
        );
        let listed = self
            .vault
            .send(Method::GET, "sys/policies/acl?list=true", None)
            .map_err(cannot("list policies"))?;
        if listed.body.at("data").texts("keys").contains(&POLICY) {
            self.done(&format!("Policy {POLICY:?} already exists."));
            return Ok(true);
        }
        let method = self
            .vault
            .send(Method::GET, &format!("sys/auth/{MOUNT}"), None)
            .map_err(cannot("read JWT auth method"))?;
        let accessor = match method.body.at("data").text("accessor") {
            "" => method.body.text("accessor"),
            accessor => accessor,
        };
        let rules = rules(accessor);
        self.session.say(format!(
            "\nThese are the rules for the policy {POLICY:?} that we will create. It uses a templated\npolicy to allow Nomad \
             tasks to access secrets in the path\n\"secrets/data/<job namespace>/<job name>\":\n\n{rules}"
        ));
        if !asked(self.session, "Create the above policy in your Vault cluster? [Y/n]") {
            return Ok(false);
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(&rules);
        self.vault
            .send(Method::PUT, &format!("sys/policies/acl/{POLICY}"), Some(&json!({ "policy": encoded })))
            .map_err(cannot("create policy"))?;
        self.created.push(Component::Policy);
        self.done(&format!("Created policy {POLICY:?}."));
        Ok(true)
    }

    /// Writes the role; false where it is not wanted.
    pub(super) fn role(&mut self) -> Result<bool, Fault> {
        let listed = self.vault.send(Method::GET, &format!("auth/{MOUNT}/role?list=true"), None);
        let listed = listed.map_err(cannot("list roles"))?;
        if listed.body.at("data").texts("keys").contains(&ROLE) {
            self.done(&format!("Role {ROLE:?} already exists."));
            return Ok(true);
        }
        let role = json!({
            "bound_audiences": AUDIENCE,
            "claim_mappings": {
                "nomad_job_id": "nomad_job_id",
                "nomad_namespace": "nomad_namespace",
                "nomad_task": "nomad_task",
            },
            "role_type": "jwt",
            "token_period": "30m",
            "token_policies": [POLICY],
            "token_type": "service",
            "user_claim": "/nomad_job_id",
            "user_claim_json_pointer": true,
        });
        self.session.say(format!(
            "\nWe will now create an ACL role called {ROLE:?} associated with the policy above.\n\n{}",
            sorted_keys(&role, 4)
        ));
        if !asked(self.session, "Create role in your Vault cluster? [Y/n]") {
            return Ok(false);
        }
        self.vault
            .send(Method::PUT, &format!("auth/{MOUNT}/role/{ROLE}"), Some(&role))
            .map_err(cannot("create ACL role"))?;
        self.created.push(Component::Role);
        self.done(&format!("Created role {ROLE:?}."));
        Ok(true)
    }

    /// Removes what is there of it.
    pub(super) fn destroy(&mut self) -> Outcome {
        let policies = self
            .vault
            .send(Method::GET, "sys/policies/acl?list=true", None)
            .map_err(cannot("list policies"))?;
        let mut found = Vec::new();
        if policies.body.at("data").texts("keys").contains(&POLICY) {
            found.push(Component::Policy);
        }
        if self.has_auth_method() {
            let roles = self.vault.send(Method::GET, &format!("auth/{MOUNT}/role?list=true"), None);
            if roles.is_ok_and(|roles| roles.body.at("data").texts("keys").contains(&ROLE)) {
                found.push(Component::Role);
            }
            found.push(Component::AuthMethod);
        }
        if found.is_empty() {
            self.session.say("Nothing to delete.");
            return Ok(0);
        }
        if !self.session.is_set("y") {
            let listed: String = found.iter().map(|one| format!("  * {}\n", one.name())).collect();
            self.session.say(format!("The following items will be deleted:\n{listed}"));
        }
        if !asked(self.session, "Remove these items from your Vault cluster? [Y/n]") {
            return Ok(0);
        }
        self.remove(&found)
    }

    /// Removes what this run has made.
    pub(super) fn remove_created(&mut self) -> Outcome {
        let mut created = std::mem::take(&mut self.created);
        created.reverse();
        self.remove(&created)
    }

    fn remove(&self, found: &[Component]) -> Outcome {
        for component in found {
            let (path, doing, done) = match component {
                Component::Policy => (
                    format!("sys/policies/acl/{POLICY}"),
                    "delete policy",
                    format!("Deleted policy {POLICY:?}."),
                ),
                Component::Role => {
                    (format!("auth/{MOUNT}/role/{ROLE}"), "delete role", format!("Deleted role {ROLE:?}."))
                }
                Component::AuthMethod => (
                    format!("sys/auth/{MOUNT}"),
                    "disable JWT auth method",
                    format!("Disabled JWT auth method {MOUNT:?}."),
                ),
            };
            if let Err(problem) = self.vault.send(Method::DELETE, &path, None) {
                return fail(format!("[✘] Could not {doing}: {problem}"));
            }
            self.done(&done);
        }
        Ok(0)
    }
}

/// The policy's rules for workloads that come through the auth method of this accessor.
fn rules(accessor: &str) -> String {
    let claim = |name: &str| format!("{{{{identity.entity.aliases.{accessor}.metadata.{name}}}}}");
    let (namespace, job) = (claim("nomad_namespace"), claim("nomad_job_id"));
    let rule = |path: String, capability: &str| {
        format!("path \"{path}\" {{\n  capabilities = [\"{capability}\"]\n}}\n")
    };
    [
        rule(format!("secret/data/{namespace}/{job}/*"), "read"),
        rule(format!("secret/data/{namespace}/{job}"), "read"),
        rule(format!("secret/metadata/{namespace}/*"), "list"),
        rule("secret/metadata/*".to_owned(), "list"),
    ]
    .join("\n")
}

/// What is said in the end, with the configuration that the agents need.
pub(super) fn congratulations() -> String {
    format!(
        "\nCongratulations, your Vault cluster is now setup and ready to accept Nomad\nworkloads with Workload Identity!\n\n\
         You need to adjust your Nomad client configuration in the following way:\n\nvault {{\n  enabled = true\n  address = \
         \"<Vault address>\"\n\n  # Vault Enterprise only.\n  # namespace = \"<namespace>\"\n\n  jwt_auth_backend_path = \
         \"{MOUNT}/\"\n}}\n\nAnd your Nomad server configuration in the following way:\n\nvault {{\n  enabled = true\n\n  \
         default_identity {{\n    aud = [\"{AUDIENCE}\"]\n    ttl = \"1h\"\n  }}\n}}"
    )
}
