//! `sys/audit` and `sys/audit-hash`.

use serde_json::{Value, json};

use crate::audit::{AuditDevice, hash};
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("path"),
    Field::text("type"),
    Field::text("description"),
    Field::pairs("options"),
    Field::flag("local"),
];
const HASH: &[Field] = &[Field::text("path"), Field::text("input")];

/// The endpoints of audit devices.
pub(crate) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("audit", &[], &[(Read, table)]),
    Endpoint::new("audit/{path+}", &[FIELDS], &[(Update, enable), (Delete, disable)]),
    Endpoint::new("audit-hash/{path+}", &[HASH], &[(Update, hashed)]),
];

fn path(call: &Call<'_>) -> String {
    format!("{}/", call.fields.text("path").trim_matches('/'))
}

fn table(state: &mut State, _: &Call<'_>) -> Outcome {
    let rows = state.audit.devices.iter().map(|(path, device)| {
        let row = json!({
            "path": path, "type": "file", "description": device.description, "options": device.options, "local": device.local,
        });
        (path.clone(), row)
    });
    respond(Value::Object(rows.collect::<Data>()))
}

fn enable(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = path(call);
    let refuse = |text: String| Refusal::Invalid(format!("{text}: invalid configuration"));
    if state.audit.devices.contains(&path) {
        return Err(refuse("path already in use".into()));
    }
    let kind = call.fields.text("type");
    if kind != "file" {
        return Err(refuse(format!("unknown backend type: {kind:?}")));
    }
    let mut options = call.fields.pairs("options");
    if let Some(path) = options.remove("path") {
        options.entry("file_path".into()).or_insert(path);
    }
    let device = AuditDevice {
        description: call.fields.text("description").to_owned(),
        local: call.fields.flag("local"),
        options,
        salt: call.environment.entropy.bytes(),
    };
    let create = |text: &str| Err(refuse(format!("unable to create new audit backend: {text}")));
    if device.file_path().is_empty() {
        return create("\"file_path\" is required");
    }
    if let Some(mode) = device.options.get("mode") {
        match u32::from_str_radix(mode, 8) {
            Err(_) => return create("unable to parse mode"),
            Ok(bits) if bits & 0o111 != 0 => return create("file mode must not be executable"),
            Ok(_) => {}
        }
    }
    state.audit.add(&path, device, call.environment).map_err(Refusal::Invalid)?;
    Ok(Reply::Nothing)
}

fn disable(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = path(call);
    state.audit.devices.remove(&path);
    state.audit.keys.remove(&path);
    Ok(Reply::Nothing)
}

fn hashed(state: &mut State, call: &Call<'_>) -> Outcome {
    let input = call.fields.text("input");
    if input.is_empty() {
        return Err(Refusal::invalid("the \"input\" parameter is empty"));
    }
    let path = path(call);
    match state.audit.keys.get(&path) {
        Some(key) => respond(json!({"hash": hash(key, input)})),
        None => Err(Refusal::Invalid(format!("unknown audit backend {path:?}"))),
    }
}
