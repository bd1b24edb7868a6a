//! `creds`: a user for whoever asks.

use serde_json::{Value, json};

use crate::database::config::Connection;
use crate::database::{Database, names};
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response, Secret};

/// The endpoint of dynamic credentials.
pub(super) static ENDPOINTS: &[Endpoint<Database>] =
    &[Endpoint::new("creds/{name}", &[&[Field::text("name")]], &[(Read, create)])];

fn create(database: &mut Database, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(role) = database.roles.get(name) else {
        return Err(Refusal::Invalid(format!("unknown role: {name}")));
    };
    let connection = Connection::for_role(&database.connections, &role.db_name, name)?;
    let entropy = &call.environment.entropy;
    let display_name = call.caller.map_or("", |caller| &caller.token.display_name);
    let username = names::username(&connection.plugin_name, display_name, name, entropy, call.now());
    let password = names::password(entropy);
    let plugin = database.plugins.of(&connection.plugin_name);
    plugin
        .create_user(connection, &username, &password, &role.creation_statements)
        .map_err(Refusal::Failed)?;
    let internal = Data::from_iter([
        ("username".to_owned(), Value::from(username.as_str())),
        ("role".to_owned(), Value::from(name)),
        ("db_name".to_owned(), Value::from(role.db_name.as_str())),
    ]);
    let secret = Secret {
        ttl: role.default_ttl,
        max_ttl: role.max_ttl,
        renewable: true,
        internal: Some(internal),
        lease_id: String::new(),
    };
    let mut response = Response::of(json!({"username": username, "password": password}));
    response.secret = Some(secret);
    response.ok()
}
