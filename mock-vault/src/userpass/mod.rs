//! The user name and password auth method.

use std::num::NonZeroU32;

use ring::pbkdf2;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::{self, TokenParameters};
use crate::logical::{
    Alias, Call, Data, Endpoint, Environment, Field, Fields, MountView, Operation::*, Outcome, Refusal,
    Reply, Response, exists, invoke,
};
use crate::mounts::{Engine, Renewal};
use crate::storage::{Table, Writes};

/// How often a password is hashed: enough to be no plain text, and no more, since nothing here is secret.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1000).expect("a thousand is not zero");

const FIELDS: &[Field] = &[Field::lower("username"), Field::text("password"), Field::text("password_hash")];

/// Users by name in lower case.
#[derive(Default)]
pub(crate) struct Userpass {
    users: Table<User>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct User {
    salt: [u8; 16],
    hash: [u8; 32],
    token: TokenParameters,
}

static ENDPOINTS: &[&[Endpoint<Userpass>]] = &[&[
    Endpoint::new("users/?", &[], &[(List, list)]),
    Endpoint::new(
        "users/{username}",
        &[FIELDS, auth::FIELDS, auth::OLD_FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    )
    .exists(is_there),
    Endpoint::new("users/{username}/password", &[FIELDS], &[(Update, write_password)]),
    Endpoint::new(
        "users/{username}/policies",
        &[FIELDS, auth::FIELDS, auth::OLD_FIELDS],
        &[(Update, write_policies)],
    ),
    Endpoint::new("login/{username}", &[FIELDS], &[(Update, login)]),
]];

fn is_there(userpass: &Userpass, call: &Call<'_>) -> bool {
    userpass.users.contains(call.fields.text("username"))
}

fn list(userpass: &mut Userpass, _: &Call<'_>) -> Outcome {
    Response::keys(userpass.users.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    let Some(user) = userpass.users.get(call.fields.text("username")) else { return Ok(Reply::Nothing) };
    let mut data = Data::new();
    user.token.describe(&mut data);
    Response::of(Value::Object(data)).ok()
}

fn delete(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    userpass.users.remove(call.fields.text("username"));
    Ok(Reply::Nothing)
}

fn write(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("username");
    let known = userpass.users.get(name).cloned();
    if known.is_none() && ["password", "password_hash"].iter().all(|field| call.fields.text(field).is_empty())
    {
        return Err(Refusal::invalid("\"password\" or \"password_hash\" must be supplied"));
    }
    let mut user = known.unwrap_or_default();
    let password = password(call, |fields| user.token.update(fields))?;
    if !password.is_empty() {
        user.set(password, call.environment);
    }
    userpass.users.insert(name, user);
    Ok(Reply::Nothing)
}

/// The password that was sent. Hashes are held against their form, and are not understood. What else is done with the
/// request comes in between.
fn password<'a>(
    call: &'a Call<'_>,
    between: impl FnOnce(&Fields) -> Result<(), Refusal>,
) -> Result<&'a str, Refusal> {
    let (password, hash) = (call.fields.text("password"), call.fields.text("password_hash"));
    if !password.is_empty() && !hash.is_empty() {
        return Err(Refusal::invalid("\"password\" and \"password_hash\" cannot be supplied together"));
    }
    between(&call.fields)?;
    if !hash.is_empty() {
        return Err(Refusal::Failed(if hash.len() == HASH_LENGTH {
            "the lab's vault takes no password hashes".into()
        } else {
            "password hash has incorrect length".into()
        }));
    }
    if password.len() > LONGEST {
        return Err(Refusal::Failed(format!("bcrypt: password length exceeds {LONGEST} bytes")));
    }
    Ok(password)
}

/// How long bcrypt's hashes are, and the longest password that it takes.
const HASH_LENGTH: usize = 60;
const LONGEST: usize = 72;

fn write_password(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    let Some(user) = userpass.users.get_mut(call.fields.text("username")) else {
        return Err(Refusal::Failed("username does not exist".into()));
    };
    match password(call, |_| Ok(()))? {
        "" => Err(Refusal::invalid("\"password\" or \"password_hash\" must be supplied")),
        password => {
            user.set(password, call.environment);
            Ok(Reply::Nothing)
        }
    }
}

fn write_policies(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    let Some(user) = userpass.users.get_mut(call.fields.text("username")) else {
        return Err(Refusal::Failed("username does not exist".into()));
    };
    user.token.update(&call.fields)?;
    Ok(Reply::Nothing)
}

fn login(userpass: &mut Userpass, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("username");
    let password = call.fields.text("password");
    let wrong = if password.is_empty() { "invalid credentials" } else { "invalid username or password" };
    let Some(user) = userpass.users.get(name) else { return Err(Refusal::invalid(wrong)) };
    if password.is_empty() || !user.fits(password) {
        return Err(Refusal::Credentials(wrong.into()));
    }
    user.token.check_address(call)?;
    let mut auth = user.token.grant(false);
    auth.display_name = name.to_owned();
    auth.alias = Some(Alias { name: name.to_owned(), ..Alias::default() });
    auth.metadata = Some([("username".to_owned(), name.to_owned())].into());
    auth.internal = Data::from_iter([("username".to_owned(), Value::from(name))]);
    Response { auth: Some(auth), ..Response::default() }.ok()
}

impl User {
    fn set(&mut self, password: &str, environment: &Environment) {
        self.salt = environment.entropy.bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, password.as_bytes(), &mut self.hash);
    }

    fn fits(&self, password: &str) -> bool {
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, password.as_bytes(), &self.hash)
            .is_ok()
    }
}

impl Engine for Userpass {
    fn unauthenticated(&self) -> &'static [&'static str] {
        &["login/*"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn login_alias(&self, path: &str, _: &Data) -> Option<String> {
        path.strip_prefix("login/").map(str::to_lowercase)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    fn renew(&mut self, internal: &Data, _: &MountView, _: &Environment) -> Result<Renewal, Refusal> {
        let name = internal.get("username").and_then(Value::as_str).unwrap_or("");
        match self.users.get(name) {
            Some(user) => Ok(user.token.renewal()),
            None => Err(Refusal::Silent(400)),
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.users.flush(format_args!("{prefix}user/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.strip_prefix("user/") {
            Some(name) => self.users.load(name, bytes),
            None => Ok(()),
        }
    }
}
