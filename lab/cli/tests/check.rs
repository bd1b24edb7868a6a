//! `lab verify` and `lab explain` as programs: what they print and how they end.

mod place;

use std::io::Write;
use std::process::{Command, Stdio};

use place::{Place, lab, said};
use serde_json::Value;

const PLAIN: &str = "data_dir = \"/d\"\nserver {\n  enabled = true\n  bootstrap_expect = 3\n}\n";
const ROLE: &str = "{\"allowed_domains\": \"global.nomad\", \"allow_subdomains\": true}";

#[test]
fn verify_ends_as_bad_as_what_it_found() {
    let place = Place::new();
    let plain = place.write("nomad.hcl", PLAIN);
    assert_eq!(lab(&["verify", &plain]).status.code(), Some(0));
    let role = place.write("role.json", ROLE);
    assert_eq!(lab(&["verify", &role]).status.code(), Some(11));
    assert_eq!(lab(&["verify", &role, "--deny", "warn"]).status.code(), Some(11));
    assert_eq!(lab(&["verify", &role, "--deny", "critical"]).status.code(), Some(0));
    assert_eq!(lab(&["verify", &role, "--allow", "PKI301"]).status.code(), Some(0));
    let missing = place.write("tls.hcl", &format!("{PLAIN}tls {{\n  rpc = true\n}}\n"));
    assert_eq!(lab(&["verify", &missing]).status.code(), Some(12));
    let cut = place.write("cut.hcl", "server {\n  enabled =");
    let output = lab(&["verify", &cut]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut.hcl:"));
    assert_eq!(lab(&["verify", "/no/such/path"]).status.code(), Some(1));
    assert_eq!(lab(&["verify", &plain, "--at", "tomorrow"]).status.code(), Some(2));
    assert_eq!(lab(&["verify", &plain, "--allow", "TLS999"]).status.code(), Some(2));
    assert_eq!(lab(&["verify"]).status.code(), Some(2));
}

#[test]
fn verify_says_it_in_every_format() {
    let place = Place::new();
    let role = place.write("role.json", ROLE);
    let verify = |format: &str| said(&lab(&["verify", &role, "--format", format]));
    let human = verify("human");
    assert!(human.contains("warning[PKI301]") && human.contains("role.json:1:37"), "{human}");
    let document: Value = serde_json::from_str(&verify("json")).expect("JSON");
    assert_eq!(document["findings"][0]["code"], "PKI301");
    assert_eq!(document["summary"]["warning"], 1);
    let sarif: Value = serde_json::from_str(&verify("sarif")).expect("SARIF");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "PKI301");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(41));
    assert!(verify("github").starts_with("::warning file="), "{}", verify("github"));
    let junit = verify("junit");
    assert!(junit.contains("failures=\"1\"") && junit.contains("<failure type=\"warning\""), "{junit}");
    let rules = said(&lab(&["verify", "--rules"]));
    assert_eq!(
        rules
            .lines()
            .filter(|line| line.contains("critical")
                || line.contains("warning")
                || line.contains("information"))
            .count(),
        41
    );
}

#[test]
fn explain_knows_texts_codes_and_logs() {
    let text = lab(&["explain", "remote error: tls: bad certificate"]);
    assert!(text.status.success() && said(&text).contains("invalid role or region"), "{}", said(&text));
    let code = lab(&["explain", "tls002"]);
    assert!(said(&code).starts_with("TLS002 (critical)"), "{}", said(&code));
    let near = lab(&["explain", "the certificate seems bad to tls"]);
    assert!(said(&near).contains("The nearest"), "{}", said(&near));
    assert_eq!(lab(&["explain", "zebra"]).status.code(), Some(4));
    let log = "a\n[WARN] nomad.rpc: non-TLS connection attempted with RequireTLS set: remote_addr=1.2.3.4:5\nb\n\
               [WARN] nomad.rpc: non-TLS connection attempted with RequireTLS set: remote_addr=1.2.3.4:6\n";
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all(log.as_bytes()).expect("a write");
    let output = child.wait_with_output().expect("it ends");
    let text = said(&output);
    assert!(text.contains("(2 lines)") && text.ends_with("4 lines, 1 different messages known\n"), "{text}");
}

/// Whoever may read everything asks as somebody who may not.
#[test]
fn what_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65_534;
    let place = Place::new();
    let file = place.write("nomad.hcl", PLAIN);
    let directory = place.write("etc/nomad.d/server.hcl", PLAIN);
    let directory = directory.trim_end_matches("/nomad.d/server.hcl").to_owned();
    for path in [&file, &directory] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["verify", &file, &directory]);
    if std::fs::read(&file).is_ok() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("skipped: nobody else may run the program: {error}"),
    };
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("permission denied").count(), 2, "{said}");
}
