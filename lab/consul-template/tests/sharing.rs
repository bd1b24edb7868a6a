//! Which templates share a certificate, when it is fetched again, and when the reload comes between two files.

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::{Systemd, VAULT, Vault, is_pair, messages, node, simulate, start};

const MOUNT: &str = "GET /v1/sys/internal/ui/mounts/pki_int/issue/nomad-cluster";
const ISSUE: &str = "PUT /v1/pki_int/issue/nomad-cluster";
const HOUR: Duration = Duration::from_secs(3600);

fn template(contents: &str, destination: &str, more: &str) -> String {
    let contents = contents.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "template {{\n contents = \"{contents}\"\n destination = \"{destination}\"\n command = \"systemctl reload nomad\"\n{more}}}\n"
    )
}

fn secret(field: &str, more: &str) -> String {
    format!(
        "{{{{ with secret \"pki_int/issue/nomad-cluster\" \"common_name=server.global.nomad\" \"ttl=24h\" {more}}}}}{{{{ .Data.{field} }}}}{{{{ end }}}}"
    )
}

fn guide(more: &str) -> String {
    let certificate =
        template(&secret("certificate", ""), "/certs/agent.crt", &format!(" perms = 0700\n{more}"));
    let key = template(&secret("private_key", ""), "/certs/agent.key", &format!(" perms = 0700\n{more}"));
    format!("{VAULT}{certificate}{key}")
}

#[test]
fn identical_calls_share_a_certificate_and_reload_once() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let host = node(world, "server-1", &guide(""));
        let systemd = Arc::new(Systemd::default());
        let _runner = start(&host, &systemd);
        host.clock.sleep(HOUR).await;
        assert_eq!((vault.count(MOUNT), vault.count(ISSUE)), (1, 1));
        let read = |file: &str| host.disk.read_to_string(file).expect("a rendered file");
        assert!(is_pair(&read("/certs/agent.crt"), &read("/certs/agent.key")));
        assert_eq!(host.disk.metadata("/certs/agent.key").expect("a file").mode, 0o700);
        assert_eq!(*systemd.runs.lock().expect("no panic"), ["systemctl reload nomad"]);
        assert!(
            messages(&host).contains(&"(runner) rendered \"(dynamic)\" => \"/certs/agent.crt\"".to_owned())
        );
        let command = "(runner) executing command \"[\\\"systemctl reload nomad\\\"]\" from \"(dynamic)\" => \"/certs/agent.crt\"";
        assert!(messages(&host).contains(&command.to_owned()), "{:?}", messages(&host));
        let body = vault.seen.lock().expect("no panic")[1].body.clone();
        assert_eq!(body, serde_json::json!({ "common_name": "server.global.nomad", "ttl": "24h" }));
        host.clock.sleep(6 * 24 * HOUR).await;
        let times = vault.times(ISSUE);
        assert_eq!(times.len(), systemd.runs.lock().expect("no panic").len());
        assert!((6..=8).contains(&times.len()), "{} in a week", times.len());
        for pair in times.windows(2) {
            let part = (pair[1] - pair[0]).as_seconds_f64() / 86_400.0;
            assert!((0.85..0.951).contains(&part), "renewed after {part} of its life");
        }
    });
}

#[test]
fn calls_that_differ_give_different_certificates() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let certificate = template(&secret("certificate", ""), "/certs/agent.crt", "");
        let key = template(&secret("private_key", "\"ip_sans=127.0.0.1\" "), "/certs/agent.key", "");
        let host = node(world, "server-1", &format!("{VAULT}{certificate}{key}"));
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(HOUR).await;
        assert_eq!(vault.count(ISSUE), 2);
        let read = |file: &str| host.disk.read_to_string(file).expect("a rendered file");
        assert!(!is_pair(&read("/certs/agent.crt"), &read("/certs/agent.key")));
    });
}

#[test]
fn pki_cert_in_two_templates_never_pairs_and_rotates_at_exactly_nine_tenths() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let call = |field: &str| {
            format!(
                "{{{{ with pkiCert \"pki_int/issue/nomad-cluster\" \"common_name=server.global.nomad\" }}}}{{{{ .{field} }}}}{{{{ end }}}}"
            )
        };
        let certificate = template(&format!("{}{}", call("Cert"), call("CA")), "/certs/agent.crt", "");
        let key = template(&call("Key"), "/certs/agent.key", "");
        let host = node(world, "server-1", &format!("{VAULT}{certificate}{key}"));
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(HOUR).await;
        assert_eq!((vault.count(MOUNT), vault.count(ISSUE)), (0, 2));
        let read = |file: &str| host.disk.read_to_string(file).expect("a rendered file");
        assert!(!is_pair(&read("/certs/agent.crt"), &read("/certs/agent.key")));
        host.clock.sleep(3 * 24 * HOUR).await;
        let times = vault.times(ISSUE);
        // 0.9 of a life that begins 30 s before its issue.
        let cycle = (times[2] - times[0]).whole_seconds();
        assert_eq!(cycle, (86_430 * 9 / 10) - 30, "no jitter");
    });
}

#[test]
fn one_pki_cert_template_with_write_to_file_is_a_pair_and_survives_a_restart() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let contents = "{{ with pkiCert \"pki_int/issue/nomad-cluster\" \"common_name=server.global.nomad\" }}{{ .Data.Cert }}{{ .CA }}{{ if .Key }}{{ .Key | writeToFile \"/certs/agent.key\" \"nomad\" \"nomad\" \"0600\" }}{{ end }}{{ end }}";
        let host = node(world, "server-1", &format!("{VAULT}{}", template(contents, "/certs/agent.crt", "")));
        let systemd = Arc::new(Systemd::default());
        let mut runner = start(&host, &systemd);
        host.clock.sleep(2 * 24 * HOUR).await;
        assert_eq!(vault.count(ISSUE), 3);
        let read = |file: &str| host.disk.read_to_string(file).expect("a rendered file");
        assert!(is_pair(&read("/certs/agent.crt"), &read("/certs/agent.key")));
        assert_eq!(host.disk.metadata("/certs/agent.key").expect("a file").mode, 0o600);
        runner.reload();
        host.clock.sleep(HOUR).await;
        assert_eq!(vault.count(ISSUE), 3, "the certificate in the destination is still good");
        drop(runner);
        host.clock.sleep(HOUR).await;
        let _runner = start(&host, &systemd);
        host.clock.sleep(HOUR).await;
        assert_eq!(vault.count(ISSUE), 3);
        assert!(is_pair(&read("/certs/agent.crt"), &read("/certs/agent.key")), "the key is not written over");
        assert_eq!(systemd.runs.lock().expect("no panic").len(), 3);
    });
}

#[test]
fn waiting_takes_certificate_and_key_apart() {
    simulate(async |world| {
        let _vault = Vault::start(world).await;
        let host = node(world, "server-1", &guide(" wait {\n  min = \"2s\"\n  max = \"4s\"\n }\n"));
        let systemd = Arc::new(Systemd::default());
        *systemd.watch.lock().expect("no panic") =
            Some((host.clone(), vec!["/certs/agent.crt".to_owned(), "/certs/agent.key".to_owned()]));
        let _runner = start(&host, &systemd);
        host.clock.sleep(24 * HOUR).await;
        // The first render is whole; later ones run the command after the certificate and again after the key.
        assert_eq!(*systemd.pairs.lock().expect("no panic"), [true, false, true]);
        let rendered: Vec<_> =
            host.log.lines_after(0).into_iter().filter(|line| line.message.contains("rendered \"")).collect();
        assert_eq!(rendered.len(), 4);
    });
}

#[test]
fn a_reload_issues_secrets_anew() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let host = node(world, "server-1", &guide(""));
        let systemd = Arc::new(Systemd::default());
        let mut runner = start(&host, &systemd);
        host.clock.sleep(HOUR).await;
        runner.reload();
        host.clock.sleep(HOUR).await;
        assert_eq!(vault.count(ISSUE), 2);
        assert_eq!(systemd.runs.lock().expect("no panic").len(), 2);
        host.disk.write("/etc/ct.hcl", "vault {\n grace = \"1s\"\n}\n").expect("a disk");
        runner.reload();
        let exit = runner.exited().expect("it ends");
        assert_eq!(exit.code, 15);
        assert_eq!(
            exit.message,
            "from file: /etc/ct.hcl: mapstructure decode failed: 1 error(s) decoding:\n\n* 'vault' has invalid keys: grace"
        );
    });
}

#[test]
fn leases_count_where_the_role_gives_them() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        *vault.lease.lock().expect("no panic") = true;
        *vault.ttl.lock().expect("no panic") = HOUR;
        let host = node(world, "server-1", &guide(""));
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(24 * HOUR).await;
        assert!((25..=29).contains(&vault.count(ISSUE)), "{}", vault.count(ISSUE));
    });
}

#[test]
fn a_week_on_six_nodes_is_cheap() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let mut runners = Vec::new();
        for index in 0..6 {
            let host = node(world, &format!("node-{index}"), &guide(""));
            runners.push(start(&host, &Arc::default()));
        }
        world.clock().sleep(7 * 24 * HOUR).await;
        assert!(runners.iter().all(|runner| runner.exited().is_none()));
        let requests = vault.seen.lock().expect("no panic").len();
        assert!((84..=110).contains(&requests), "{requests} requests");
    });
}

#[test]
fn the_same_seed_renews_at_the_same_times() {
    let run = || {
        let mut times = Vec::new();
        simulate(async |world| {
            let vault = Vault::start(world).await;
            let host = node(world, "server-1", &guide(""));
            let _runner = start(&host, &Arc::default());
            host.clock.sleep(7 * 24 * HOUR).await;
            times = vault.times(ISSUE);
        });
        times
    };
    assert_eq!(run(), run());
}
