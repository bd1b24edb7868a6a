//! KV version 2.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kv::model::{Config, Secret};
use crate::kv::{attribution::Attribution, config, data, metadata, versions};
use crate::logical::{
    Call, Data, Endpoint, Environment, Field, Operation::*, Outcome, Refusal, Response, exists, invoke,
};
use crate::mounts::Engine;
use crate::storage::{Record, Table, Writes};

/// Versioned secrets by path.
#[derive(Default)]
pub(crate) struct Versioned {
    pub(super) config: Record<Config>,
    pub(super) secrets: Table<Secret>,
}

const PATH: &[Field] = &[Field::text("path")];

static ENDPOINTS: &[&[Endpoint<Versioned>]] = &[&[
    Endpoint::new("config", &[config::FIELDS], &[(Read, config::read), (Update, config::write)]),
    Endpoint::new(
        "data/{path+}",
        &[data::FIELDS],
        &[
            (Read, data::read),
            (Update, data::write),
            (Patch, data::patch),
            (Delete, data::delete),
            (List, misplaced),
        ],
    )
    .exists(is_there),
    Endpoint::new("delete/{path+}", &[versions::FIELDS], &[(Update, versions::delete)]),
    Endpoint::new("undelete/{path+}", &[versions::FIELDS], &[(Update, versions::undelete)]),
    Endpoint::new("destroy/{path+}", &[versions::FIELDS], &[(Update, versions::destroy)]),
    Endpoint::new("subkeys/{path+}", &[PATH, data::SUBKEYS], &[(Read, data::subkeys)]),
    Endpoint::new(
        "metadata/{path*}",
        &[metadata::FIELDS],
        &[
            (Read, metadata::read),
            (Update, metadata::write),
            (Patch, metadata::patch),
            (Delete, metadata::delete),
            (List, metadata::list),
        ],
    )
    .exists(is_there),
    Endpoint::new(
        "{path*}",
        &[PATH],
        &[(Read, misplaced), (Update, misplaced), (Patch, misplaced), (Delete, misplaced), (List, misplaced)],
    )
    .open(),
]];

fn is_there(kv: &Versioned, call: &Call<'_>) -> bool {
    kv.secrets.contains(call.fields.text("path"))
}

/// Paths as they were without versions.
fn misplaced(_: &mut Versioned, call: &Call<'_>) -> Outcome {
    let command = match call.request.operation {
        List => "list",
        Delete => "delete",
        Read => "get",
        Patch => "patch",
        _ => "put",
    };
    if matches!(call.path, "metadata" | "data") {
        let warning = "Non-listing operations on the root of a K/V v2 mount are not supported.";
        return Response { status: Some(404), ..Response::warning(warning) }.ok();
    }
    let warning = format!(
        "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If \
         using the Vault CLI, use 'vault kv {command}' for this operation."
    );
    Response { status: Some(404), ..Response::warning(warning) }.ok()
}

impl Engine for Versioned {
    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    fn adopt(&mut self, secrets: BTreeMap<String, Data>, environment: &Environment) {
        let config = self.config.get().clone();
        for (path, data) in secrets {
            let mut secret = Secret::new(environment.now);
            secret.add(Some(data), &config, environment.now, Attribution::upgrade());
            self.secrets.insert(path, secret);
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.config.flush(format_args!("{prefix}config"), writes);
        self.secrets.flush(format_args!("{prefix}versioned/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            None if key == "config" => self.config.load(bytes),
            Some(("versioned", path)) => self.secrets.load(path, bytes),
            _ => Ok(()),
        }
    }
}

/// Puts `patch` over `target` as JSON merge patch does: null removes.
pub(super) fn merge_patch(target: &mut Data, patch: &Data) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(patch) => {
                let known = target.entry(name.clone()).or_insert_with(|| Value::Object(Data::new()));
                if !known.is_object() {
                    *known = Value::Object(Data::new());
                }
                if let Value::Object(known) = known {
                    merge_patch(known, patch);
                }
            }
            value => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}
