//! Tasks.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::format_duration;
use regex::Regex;

use super::parts::{Faults, number, objects, text};
use super::rules::rules;
use super::{group, service};
use crate::structs::{Opaque, Task, TaskGroup};

const NULL: &Opaque = &Opaque::Null;

/// A field of a task; null where it has none.
pub(super) fn field<'a>(task: &'a Task, name: &str) -> &'a Opaque {
    task.rest.get(name).unwrap_or(NULL)
}

pub(super) fn faults(group: &TaskGroup, task: &Task, disk: i64) -> Faults {
    let mut faults = Faults::default();
    if task.name.is_empty() {
        faults.add("Missing task name");
    }
    if task.name.contains(['/', '\\']) {
        faults.add("Task name cannot include slashes");
    } else if task.name.contains('\0') {
        faults.add("Task name cannot include null characters");
    }
    if task.driver.is_empty() {
        faults.add("Missing task driver");
    }
    let kill = field(task, "KillTimeout").as_i64().unwrap_or(0);
    if kill < 0 {
        faults.add("KillTimeout must be a positive value");
    } else {
        let progress = group.number("Update", "ProgressDeadline").unwrap_or(0);
        if progress > 0 && kill > progress {
            let time = |nanos: i64| format_duration(Duration::from_nanos(nanos.max(0).unsigned_abs()));
            faults.add(format!(
                "KillTimout ({}) longer than the group's ProgressDeadline ({})",
                time(kill),
                time(progress)
            ));
        }
    }
    if field(task, "ShutdownDelay").as_i64().unwrap_or(0) < 0 {
        faults.add("ShutdownDelay must be a positive value");
    }
    faults.nest("", resources(task));
    faults.nest("", logs(field(task, "LogConfig"), disk));
    rules(task.constraints.as_deref(), &task.rest, &mut faults);
    for (position, constraint) in task.constraints.iter().flatten().enumerate() {
        if matches!(constraint.operand.as_str(), "distinct_hosts" | "distinct_property") {
            let (number, operand) = (position + 1, &constraint.operand);
            faults.add(format!("Constraint {number} has disallowed Operand at task level: {operand}"));
        }
    }
    faults.nest("", service::of_task(group, task));
    if let Some(service) = text_of(task, "Kind").strip_prefix("connect-proxy:") {
        let connects = objects(group::field(group, "Services")).any(|known| known["Connect"].is_object());
        if !connects {
            faults.add(format!("No Connect services in task group with Connect proxy ({service:?})"));
        }
    }
    let plugin = field(task, "CSIPluginConfig");
    if plugin.is_object() && !matches!(text(plugin, "Type"), "node" | "controller" | "monolith") {
        let kind = text(plugin, "Type");
        faults.add(format!(
            "CSIPluginConfig PluginType must be one of 'node', 'controller', or 'monolith', got: {kind:?}"
        ));
    }
    vault(field(task, "Vault"), &mut faults);
    templates(field(task, "Templates"), &mut faults);
    for (position, artifact) in objects(field(task, "Artifacts")).enumerate() {
        faults.nest(&format!("Artifact {} validation failed: ", position + 1), self::artifact(artifact));
    }
    let hook = text(field(task, "Lifecycle"), "Hook");
    if field(task, "Lifecycle").is_object() && !matches!(hook, "prestart" | "poststart" | "poststop") {
        let fault = if hook.is_empty() {
            "no lifecycle hook provided".to_owned()
        } else {
            format!("invalid hook: {hook}")
        };
        faults.add(format!("Lifecycle validation failed: {fault}"));
    }
    for identity in objects(field(task, "Identities")) {
        faults.nest(&format!("Identity {:?} is invalid: ", text(identity, "Name")), self::identity(identity));
    }
    for action in objects(field(task, "Actions")) {
        let mut own = Faults::default();
        if text(action, "Command").is_empty() {
            own.add("command cannot be empty");
        }
        faults.nest(&format!("Action {} validation failed: ", text(action, "Name")), own);
    }
    for (position, mount) in objects(field(task, "VolumeMounts")).enumerate() {
        let name = text(mount, "Volume");
        if group::field(group, "Volumes").get(name).is_none() {
            faults.add(format!("Volume Mount ({position}) references undefined volume {name}"));
        }
    }
    faults
}

fn text_of<'a>(task: &'a Task, name: &str) -> &'a str {
    field(task, name).as_str().unwrap_or_default()
}

fn resources(task: &Task) -> Faults {
    let resources = &task.resources;
    let of = |field: &str| number(resources, field);
    let (mut outer, mut faults) = (Faults::default(), Faults::default());
    let (cpu, cores) = (of("CPU"), of("Cores"));
    if cores > 0 && cpu > 0 {
        outer.add("Task can only ask for 'cpu' or 'cores' resource, not both.");
    }
    if cpu < 1 && cores == 0 {
        faults.add(format!("minimum CPU value is 1; got {cpu}"));
    }
    if of("MemoryMB") < 10 {
        faults.add(format!("minimum MemoryMB value is 10; got {}", of("MemoryMB")));
    }
    outer.nest("", faults);
    let max = of("MemoryMaxMB");
    if max != 0 && max != -1 && max < of("MemoryMB") {
        outer.add(format!(
            "MemoryMaxMB value ({max}) should be larger than MemoryMB value ({})",
            of("MemoryMB")
        ));
    }
    outer
}

fn logs(config: &Opaque, disk: i64) -> Faults {
    let mut faults = Faults::default();
    if !config.is_object() || config["Disabled"] == true {
        return faults;
    }
    let (files, size) = (number(config, "MaxFiles"), number(config, "MaxFileSizeMB"));
    if files < 1 {
        faults.add(format!("minimum number of files is 1; got {files}"));
    }
    if size < 1 {
        faults.add(format!("minimum file size is 1MB; got {size}"));
    }
    let total = files.saturating_mul(size);
    if disk <= total {
        faults.add(format!("log storage ({total} MB) must be less than requested disk capacity ({disk} MB)"));
    }
    faults
}

fn vault(block: &Opaque, faults: &mut Faults) {
    if !block.is_object() {
        return;
    }
    let mut own = Faults::default();
    match text(block, "ChangeMode") {
        "noop" | "restart" => {}
        "signal" => {
            if text(block, "ChangeSignal").is_empty() {
                own.add("Signal must be specified when using change mode \"signal\"");
            }
        }
        other => own.add(format!("Unknown change mode {other:?}")),
    }
    faults.nest("Vault validation failed: ", own);
}

fn templates(list: &Opaque, faults: &mut Faults) {
    let mut destinations: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, template) in objects(list).enumerate() {
        let number = position + 1;
        faults.nest(&format!("Template {number} validation failed: "), self::template(template));
        let destination = text(template, "DestPath");
        if destination.is_empty() {
            continue;
        }
        match destinations.get(destination) {
            Some(first) => faults.add(format!("Template {number} has same destination as {first}")),
            None => drop(destinations.insert(destination, number)),
        }
    }
}

fn template(template: &Opaque) -> Faults {
    let mut faults = Faults::default();
    if text(template, "SourcePath").is_empty() && text(template, "EmbeddedTmpl").is_empty() {
        faults.add("Must specify a source path or have an embedded template");
    }
    let destination = text(template, "DestPath");
    if destination.is_empty() {
        faults.add("Must specify a destination for the template");
    } else if escapes(destination) {
        faults.add("destination escapes allocation directory");
    }
    match text(template, "ChangeMode") {
        "noop" | "restart" => {}
        "signal" => {
            if text(template, "ChangeSignal").is_empty() {
                faults.add("Must specify signal value when change mode is signal");
            }
            if template["Envvars"] == true {
                faults.add("cannot use signals with env var templates");
            }
        }
        "script" => {
            if !template["ChangeScript"].is_object() {
                faults.add("must specify change script configuration value when change mode is script");
            } else if text(&template["ChangeScript"], "Command").is_empty() {
                faults.add("must specify script path value when change mode is script");
            }
        }
        _ => faults.add("Invalid change mode. Must be one of the following: noop, signal, script, restart"),
    }
    if number(template, "Splay") < 0 {
        faults.add("Must specify positive splay value");
    }
    let perms = text(template, "Perms");
    if !perms.is_empty() && u32::from_str_radix(perms, 8).is_err() {
        faults.add(format!(
            "Failed to parse {perms:?} as octal: strconv.ParseUint: parsing {perms:?}: invalid syntax"
        ));
    }
    faults
}

fn artifact(artifact: &Opaque) -> Faults {
    let mut faults = Faults::default();
    if text(artifact, "GetterSource").is_empty() {
        faults.add("source must be specified");
    }
    let mode = text(artifact, "GetterMode");
    if !matches!(mode, "any" | "file" | "dir") {
        faults.add(format!("invalid artifact mode {mode:?}; must be one of: any, file, dir"));
    }
    if escapes(text(artifact, "RelativeDest")) {
        faults.add("destination escapes allocation directory");
    }
    faults
}

/// Whether a path below a task's directory leads out of its allocation's.
fn escapes(path: &str) -> bool {
    let mut depth = 1_i32;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn identity(identity: &Opaque) -> Faults {
    let mut faults = Faults::default();
    let name = text(identity, "Name");
    let sound = Regex::new("^[a-zA-Z0-9-_]{1,128}$").is_ok_and(|pattern| pattern.is_match(name));
    if !sound {
        faults.add(format!("invalid name {name:?}. Must match regex ^[a-zA-Z0-9-_]{{1,128}}$"));
    }
    for (position, audience) in identity["Audience"].as_array().into_iter().flatten().enumerate() {
        if audience == "" {
            faults.add(format!("an empty string is an invalid audience ({})", position + 1));
        }
    }
    let signal = text(identity, "ChangeSignal");
    match text(identity, "ChangeMode") {
        "" | "noop" | "restart" => {
            if !signal.is_empty() {
                faults.add(format!("can only use change_signal={signal:?} with change_mode=\"signal\""));
            }
        }
        "signal" => {
            if signal.is_empty() {
                faults.add("change_signal must be specified when using change_mode=\"signal\"");
            }
        }
        mode => faults.add(format!("invalid change_mode: {mode}")),
    }
    let ttl = number(identity, "TTL");
    if ttl > 0 && matches!(name, "" | "default") {
        faults.add("ttl for default identity not yet supported");
    }
    if ttl < 0 {
        faults.add("ttl must be >= 0");
    }
    if !text(identity, "Filepath").is_empty() && identity["File"] != true {
        faults.add("file parameter must be true in order to specify filepath");
    }
    faults
}
