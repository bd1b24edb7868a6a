//! Tasks.

use serde_json::{Value as Json, json};

use super::{SECOND, fill, fill_all, merged, service, weights};

pub(super) fn canonicalize(task: &mut Json, job: &Json, group: &Json, restart: &Json) {
    fill(task, "KillTimeout", json!(5 * SECOND));
    fill(task, "LogConfig", json!({"Enabled": null}));
    fill_all(&mut task["LogConfig"], json!({"Disabled": false, "MaxFileSizeMB": 10, "MaxFiles": 10}));
    resources(task);
    task["RestartPolicy"] = merged(restart, &task["RestartPolicy"]);
    for template in task["Templates"].as_array_mut().into_iter().flatten() {
        self::template(template);
    }
    for artifact in task["Artifacts"].as_array_mut().into_iter().flatten() {
        self::artifact(artifact);
    }
    if task["Vault"].is_object() {
        vault(&mut task["Vault"]);
    }
    if task["Consul"].is_object() && task["Consul"]["Cluster"] == "" {
        task["Consul"]["Cluster"] = "default".into();
    }
    for mount in task["VolumeMounts"].as_array_mut().into_iter().flatten() {
        fill_all(mount, json!({"PropagationMode": "private", "ReadOnly": false, "SELinuxLabel": ""}));
    }
    if let Some(plugin) = task.get_mut("CSIPluginConfig") {
        for (name, empty, default) in [
            ("MountDir", json!(""), json!("/csi")),
            ("StagePublishBaseDir", json!(""), json!("/local/csi")),
            ("HealthTimeout", json!(0), json!(30 * SECOND)),
        ] {
            if plugin[name] == empty {
                plugin[name] = default;
            }
        }
    }
    weights(task);
    let name = task["Name"].clone();
    for one in task["Services"].as_array_mut().into_iter().flatten() {
        service::canonicalize(one, &[&job["Name"], group, &name]);
    }
}

fn resources(task: &mut Json) {
    let complete = crate::decode::complete_resources(&task["Resources"]);
    task["Resources"] = complete;
    let resources = &mut task["Resources"];
    fill(resources, "Cores", json!(0));
    // With whole cores the frequency follows from the node.
    let cpu = if resources["Cores"] == json!(0) { json!(100) } else { json!(0) };
    fill(resources, "CPU", cpu);
    fill(resources, "MemoryMB", json!(300));
    if resources["NUMA"].is_object() && resources["NUMA"]["Affinity"] == "" {
        resources["NUMA"]["Affinity"] = "none".into();
    }
    for device in resources["Devices"].as_array_mut().into_iter().flatten() {
        fill(device, "Count", json!(1));
        weights(device);
    }
}

fn template(template: &mut Json) {
    let defaults = json!({
        "SourcePath": "", "DestPath": "", "EmbeddedTmpl": "", "ChangeMode": "restart", "Once": false,
        "Splay": 5 * SECOND, "Perms": "0644", "LeftDelim": "{{", "RightDelim": "}}", "Envvars": false,
        "VaultGrace": 0,
    });
    fill_all(template, defaults);
    let signal = match (template["ChangeSignal"].as_str(), template["ChangeMode"] == "signal") {
        (None, true) => "SIGHUP".to_owned(),
        (None, false) => String::new(),
        (Some(signal), _) => signal.to_uppercase(),
    };
    template["ChangeSignal"] = signal.into();
    if template["ChangeScript"].is_object() {
        let defaults = json!({"Command": "", "Args": [], "Timeout": 5 * SECOND, "FailOnError": false, "RunOnFirstRender": false});
        fill_all(&mut template["ChangeScript"], defaults);
    }
}

fn artifact(artifact: &mut Json) {
    fill_all(artifact, json!({"GetterMode": "any", "GetterSource": "", "GetterInsecure": false}));
    if artifact["RelativeDest"].is_null() {
        let file = artifact["GetterMode"] == "file";
        let source = artifact["GetterSource"].as_str().unwrap_or_default();
        let name = source.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        artifact["RelativeDest"] = match (file, name) {
            (false, _) => "local/".into(),
            (true, "") => "local".into(),
            (true, name) => format!("local/{name}").into(),
        };
    }
}

fn vault(vault: &mut Json) {
    let defaults = json!({
        "Env": true, "DisableFile": false, "Namespace": "", "ChangeMode": "restart", "ChangeSignal": "SIGHUP",
        "AllowTokenExpiration": false,
    });
    fill_all(vault, defaults);
    if vault["Cluster"] == "" {
        vault["Cluster"] = "default".into();
    }
}
