//! `lab plan` as a program: what it computes, what the simulator says of it, and that it can be carried out.
//!
//! For the real programs set `LAB_VAULT_BIN`, `LAB_NOMAD_BIN` and `LAB_CONSUL_TEMPLATE_BIN` to their paths. Without them the
//! plan is not carried out on a real cluster, and the test says so.

mod place;

use std::path::{Path, PathBuf};

use place::{Place, lab, said};
use serde_json::Value;

const SERVER: &str = "nodes/server-1/etc/nomad.d/nomad.hcl";

/// Guide 003's own files, as the documentation has them.
fn guide_003() -> Place {
    let place = Place::new();
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/guide-003");
    copy(&from, &place.0);
    place
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn replace(place: &Place, file: &str, old: &str, new: &str) {
    let path = place.0.join(file);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains(old), "{old} is not in {file}");
    std::fs::write(path, text.replace(old, new)).expect("a write");
}

/// The same without the mode that denies plaintext clients what it is for.
fn mended() -> Place {
    let place = guide_003();
    replace(&place, SERVER, "  rpc_upgrade_mode       = true\n", "");
    place
}

#[test]
fn plan_computes_the_time_there_is() {
    let plan = said(&lab(&["plan", "--servers", "3", "--clients", "1000"]));
    let words: Vec<&str> = plan.split_whitespace().collect();
    assert!(words.join(" ").contains("is down 30 s to 50 s after its last one"), "{plan}");
    assert!(plan.contains("rpc_upgrade_mode       = true") && plan.contains("back   "), "{plan}");
    for (goal, step) in
        [("rotation", "rotate-clients"), ("new-ca", "trust-both"), ("plaintext", "leave"), ("mtls", "close")]
    {
        let json = said(&lab(&["plan", "--servers", "3", "--goal", goal, "--format", "json"]));
        let document: Value = serde_json::from_str(&json).expect("JSON");
        let steps = document["steps"].as_array().expect("steps").clone();
        assert!(steps.iter().any(|found| found["name"] == step), "{goal}: {json}");
        assert!(
            steps.iter().all(|step| step["back"].as_str().is_some_and(|back| !back.is_empty())),
            "{goal}"
        );
        let markdown = said(&lab(&["plan", "--servers", "3", "--goal", goal, "--format", "markdown"]));
        assert!(markdown.starts_with("# ") && markdown.contains("- [ ]"), "{markdown}");
    }
    assert_eq!(lab(&["plan"]).status.code(), Some(2));
}

#[test]
fn every_plan_holds_in_the_simulator() {
    for goal in ["mtls", "rotation", "new-ca", "plaintext"] {
        let output = lab(&["plan", "--servers", "3", "--clients", "1", "--goal", goal, "--simulate"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{goal}: {} {}",
            said(&output),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said(&output).starts_with(
            "SIMULATED with 3 servers and 1 client and guide 003's templates: everything held."
        ));
    }
}

#[test]
fn guide_003_as_it_is_printed_fails_and_says_why() {
    let place = guide_003();
    let output = lab(&["plan", &place.path(), "--servers", "3", "--clients", "3", "--simulate"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(100), "{text}");
    assert!(
        text.starts_with("FAILED in the simulator, with 3 servers and 3 clients and the templates of these"),
        "{text}"
    );
    assert!(text.contains("new_work_starts") && text.contains("TLS002 server-1"), "{text}");
    let alone = lab(&["plan", &place.path(), "--simulate", "--format", "json"]);
    assert_eq!(alone.status.code(), Some(100));
    let document: Value = serde_json::from_str(&said(&alone)).expect("JSON");
    let failures = document["simulated"]["failures"].to_string();
    assert!(failures.contains("no_client_down") && failures.contains("no_allocation_lost"), "{failures}");
}

#[test]
fn guide_003_mended_holds_for_every_goal() {
    let place = mended();
    for goal in ["mtls", "rotation", "new-ca", "plaintext"] {
        let output = lab(&["plan", &place.path(), "--servers", "3", "--goal", goal, "--simulate"]);
        assert_eq!(output.status.code(), Some(0), "{goal}: {}", said(&output));
        let wanted =
            "SIMULATED with 3 servers and 1 client and the templates of these files: everything held.";
        assert!(said(&output).starts_with(wanted), "{goal}: {}", said(&output));
    }
}

#[test]
fn the_users_own_templates_and_roles_are_tried() {
    let place = mended();
    let template = "nodes/client-1/opt/nomad/templates/agent.key.tpl";
    replace(&place, template, " \"ttl=24h\"", " \"ttl=23h\"");
    let apart = lab(&["plan", &place.path(), "--simulate"]);
    assert_eq!(apart.status.code(), Some(100), "{}", said(&apart));
    assert!(
        said(&apart).contains("key_matches_certificate") && said(&apart).contains("CT201"),
        "{}",
        said(&apart)
    );

    let place = mended();
    replace(&place, "vault/pki-role-nomad-cluster.json", "global.nomad", "example.com");
    let refused = lab(&["plan", &place.path(), "--simulate"]);
    assert_eq!(
        refused.status.code(),
        Some(100),
        "a role that does not issue these names: {}",
        said(&refused)
    );
}

#[test]
fn a_region_of_its_own_holds() {
    let place = Place::new();
    for (name, role) in [("s1", "server"), ("c1", "client")] {
        let text = format!("data_dir = \"/d\"\nregion = \"eu\"\n{role} {{\n  enabled = true\n}}\n");
        place.write(&format!("nodes/{name}/nomad.hcl"), &text);
    }
    let output = lab(&["plan", &place.path(), "--simulate"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

/// What is not trusted by anybody is not let in: the new authority is really another one.
#[test]
fn a_new_authority_that_nobody_is_told_of_fails() {
    let scenario =
        said(&lab(&["plan", "--servers", "3", "--clients", "1", "--goal", "new-ca", "--format", "scenario"]));
    let place = Place::new();
    let whole = place.write("whole.lab.hcl", &scenario);
    assert_eq!(place.lab(&["run", &whole]).status.code(), Some(0));
    let deaf = scenario.replace("pki_new_int/cert/ca_chain", "pki_int/cert/ca_chain");
    let deaf = place.write("deaf.lab.hcl", &deaf);
    let output = place.lab(&["run", &deaf]);
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    assert!(said(&output).contains("somebody does not trust the new authority"), "{}", said(&output));
}

/// Everything that people read fits a terminal, but for what they paste.
#[test]
fn a_checklist_fits_eighty_columns() {
    let place = guide_003();
    for goal in ["mtls", "rotation", "new-ca", "plaintext"] {
        let text = said(&lab(&["plan", &place.path(), "--goal", goal]));
        for line in text.lines().filter(|line| line.chars().count() > 80) {
            let is_pasted = line.starts_with("      ")
                || ["do     ", "check  lab "].iter().any(|word| line.contains(word));
            assert!(is_pasted, "{goal}: {line}");
        }
    }
}

/// The printed plan on real programs: one server and one client, with the waits that time alone needs cut short.
#[test]
fn the_plan_is_carried_out_on_real_programs() {
    let names = ["LAB_VAULT_BIN", "LAB_NOMAD_BIN", "LAB_CONSUL_TEMPLATE_BIN"];
    if names.iter().any(|name| std::env::var_os(name).is_none()) {
        eprintln!("skipped: set {} to carry the plan out on real programs", names.join(", "));
        return;
    }
    let place = mended();
    let scenario = said(&lab(&["plan", &place.path(), "--format", "scenario"]));
    let short = |text: &str, long: &str, real: &str| {
        let wait = format!("wait {{ duration = \"{long}\" }}");
        assert!(text.contains(&wait), "{long}");
        text.replace(&wait, &format!("wait {{\n      duration = \"{long}\"\n      real = \"{real}\"\n    }}"))
    };
    let scenario = short(&short(&short(&scenario, "10m", "15s"), "60s", "20s"), "30s", "10s");
    let file = place.write("plan.lab.hcl", &scenario);
    let output = place.lab(&["run", &file, "--target", "local"]);
    let text = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{text}");
}
