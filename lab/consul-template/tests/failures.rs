//! What Vault's refusals, dead connections, bad templates and failing commands lead to.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lab_consul_template::{Exit, Options, Runner};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use support::{Systemd, VAULT, Vault, messages, node, simulate, start};

const HOUR: Duration = Duration::from_secs(3600);

fn one(contents: &str, more: &str) -> String {
    let contents = contents.replace('\\', "\\\\").replace('"', "\\\"");
    format!("template {{\n contents = \"{contents}\"\n destination = \"/out\"\n{more}}}\n")
}

#[test]
fn a_refusal_is_tried_twelve_times_and_then_ends_it() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let host = node(
            world,
            "a",
            &format!("{VAULT}{}", one("{{ with secret \"other/x\" \"a=b\" }}{{ .Data.y }}{{ end }}", "")),
        );
        let runner = start(&host, &Arc::default());
        let begin = host.clock.now();
        let exit = runner.wait().await;
        let refused = "vault.write(other/x -> 2b660a4a): vault.write(other/x -> 2b660a4a): Error making API request.\n\nURL: PUT http://active.vault.service.consul:8200/v1/other/x\nCode: 403. Errors:\n\n* permission denied";
        let said = messages(&host);
        assert_eq!(exit, Exit { code: 14, message: refused.to_owned() });
        assert_eq!(vault.count("PUT /v1/other/x"), 13);
        let pauses: Vec<&str> = said
            .iter()
            .filter_map(|line| line.split_once("(retry attempt "))
            .filter_map(|(_, rest)| rest.split('"').nth(1))
            .collect();
        assert_eq!(
            pauses,
            ["250ms", "500ms", "1s", "2s", "4s", "8s", "16s", "32s", "1m0s", "1m0s", "1m0s", "1m0s"]
        );
        assert!(said.contains(&format!("(view) {refused} (retry attempt 1 after \"250ms\")")));
        assert!(said.contains(&"(runner) sending server error back to caller".to_owned()));
        assert!(said.contains(&format!("(view) {refused} (exceeded maximum retries)")));
        assert!(said.contains(&format!("(runner) watcher reported error: {refused}")));
        assert_eq!(said.last(), Some(&format!("(cli) {refused}")));
        assert!(host.clock.now() - begin > Duration::from_secs(303), "four minutes of the longest pause");
    });
}

#[test]
fn a_dead_vault_is_tried_beneath_each_attempt() {
    simulate(async |world| {
        let _vault = world.host("vault");
        world.register("active.vault.service.consul", &["vault"]);
        let retry = VAULT.replace("renew_token", "retry {\n attempts = 1\n }\n renew_token");
        let host = node(
            world,
            "a",
            &format!("{retry}{}", one("{{ with pkiCert \"p/issue/x\" \"c=d\" }}{{ .Cert }}{{ end }}", "")),
        );
        let runner = start(&host, &Arc::default());
        let exit = runner.wait().await;
        assert_eq!(
            exit.message,
            "vault.pki(p/issue/x->/out): Put \"http://active.vault.service.consul:8200/v1/p/issue/x\": dial tcp 10.0.0.1:8200: connect: connection refused"
        );
    });
}

#[test]
fn vault_is_reached_over_tls_where_its_certificate_is_trusted() {
    simulate(async |world| {
        let (_vault, authority) = Vault::start_tls(world).await;
        let secure = VAULT
            .replace("http://", "https://")
            .replace("renew_token", "retry {\n enabled = false\n }\n renew_token");
        let contents = one("{{ with secret \"secret/app\" }}{{ .Data.data.port }}{{ end }}", "");
        let host = node(world, "a", &format!("{secure}{contents}"));
        host.disk.write("/ca.pem", &authority).expect("a disk");
        let exit = start(&host, &Arc::default()).wait().await;
        let distrust = "Get \"https://active.vault.service.consul:8200/v1/secret/app\": tls: failed to verify certificate: x509: certificate signed by unknown authority";
        assert_eq!(exit.message, format!("vault.read(secret/app): vault.read(secret/app): {distrust}"));
        let trusting = secure.replace("renew_token", "ssl {\n ca_cert = \"/ca.pem\"\n }\n renew_token");
        host.disk.write("/etc/ct.hcl", format!("{trusting}{contents}")).expect("a disk");
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("5432"));
    });
}

/// A server that answers every connection with the same bytes, or not at all.
async fn serve(world: &lab_world::Simulation, answer: Option<&'static [u8]>) -> lab_world::Tasks {
    let host = world.host("vault");
    world.register("active.vault.service.consul", &["vault"]);
    let mut listener = host.net.listen(([0, 0, 0, 0], 8200).into()).await.expect("a free port");
    let tasks = lab_world::Tasks::new();
    tasks.spawn(async move {
        let mut open = Vec::new();
        while let Ok(mut stream) = listener.accept().await {
            let Some(bytes) = answer else {
                open.push(stream);
                continue;
            };
            let mut request = [0; 2000];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    tasks
}

#[test]
fn answers_that_are_no_answers_are_errors() {
    let put = "Put \"http://active.vault.service.consul:8200/v1/p/x\"";
    let cases: [(Option<&'static [u8]>, String); 6] = [
        (Some(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage"), "invalid character 'g' looking for beginning of value".to_owned()),
        (Some(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\"x\""), "json: cannot unmarshal string into Go value of type api.Secret".to_owned()),
        (Some(b"\x15\x03\x01\x00\x02\x02\x16"), format!("{put}: net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x15\\x03\\x01\\x00\\x02\\x02\\x16\"")),
        (Some(b""), format!("{put}: EOF")),
        (
            Some(b"HTTP/1.1 418 Teapot\r\nContent-Length: 4\r\n\r\nboom"),
            "Error making API request.\n\nURL: PUT http://active.vault.service.consul:8200/v1/p/x\nCode: 418. Raw Message:\n\nboom".to_owned(),
        ),
        (None, format!("{put}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)")),
    ];
    for (answer, message) in cases {
        simulate(async |world| {
            let _server = serve(world, answer).await;
            let quick = VAULT.replace("renew_token", "retry {\n enabled = false\n }\n renew_token");
            let host = node(world, "a", &format!("{quick}{}", one("{{ pkiCert \"p/x\" \"a=b\" }}", "")));
            let exit = start(&host, &Arc::default()).wait().await;
            assert_eq!(exit.message, format!("vault.pki(p/x->/out): {message}"));
        });
    }
}

#[test]
fn an_address_without_a_scheme_is_refused() {
    simulate(async |world| {
        let configuration = format!(
            "vault {{ address = \"active.vault:8200\" retry {{ enabled = false }} }}\n{}",
            one("{{ secret \"a/b\" }}", "")
        );
        let host = node(world, "a", &configuration);
        let exit = start(&host, &Arc::default()).wait().await;
        let refused = "vault.read(a/b): vault.read(a/b): Get \"active.vault:///v1/a/b\": unsupported protocol scheme \"active.vault\"";
        assert_eq!(exit, Exit { code: 14, message: refused.to_owned() });
    });
}

#[test]
fn an_outage_that_ends_is_survived() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        vault.answer(|_| Some((503, json!({ "errors": ["Vault is sealed"] }))));
        let host = node(
            world,
            "a",
            &format!(
                "{VAULT}{}",
                one(
                    "{{ with secret \"secret/app\" }}{{ .Data.data.password }}:{{ .Data.data.port }}{{ end }}",
                    ""
                )
            ),
        );
        let runner = start(&host, &Arc::default());
        host.clock.sleep(Duration::from_secs(20)).await;
        assert!(runner.exited().is_none());
        let sealed = "vault.read(secret/app): failed to check if secret/app is KVv2, assume not: Error making API request.\n\nURL: GET http://active.vault.service.consul:8200/v1/sys/internal/ui/mounts/secret/app\nCode: 503. Errors:\n\n* Vault is sealed";
        assert!(messages(&host).contains(&sealed.to_owned()), "{:?}", messages(&host));
        *vault.special.lock().expect("no panic") = None;
        host.clock.sleep(HOUR).await;
        // It has settled for version 1 while Vault was sealed, and stays with that.
        assert!(!host.disk.exists("/out"));
        assert!(messages(&host).iter().any(|line| line.contains("permission denied")));
    });
}

#[test]
fn version_2_of_kv_is_found_and_missing_secrets_are_waited_for() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let contents = "{{ with secret \"secret/app\" }}{{ .Data.data.password }}:{{ .Data.data.port }}{{ end }} {{ range secrets \"secret/\" }}{{ . }};{{ end }}";
        let host = node(world, "a", &format!("{VAULT}{}", one(contents, "")));
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("p:5432 a/;b;"));
        assert_eq!(vault.count("GET /v1/sys/internal/ui/mounts/secret/app"), 1);
        vault.answer(|seen| {
            seen.request.starts_with("GET /v1/secret/data/").then(|| (404, json!({ "errors": [] })))
        });
        host.clock.sleep(Duration::from_secs(300)).await;
        assert!(messages(&host).iter().any(|line| line == "(view) vault.read(secret/app): no secret exists at secret/data/app (retry attempt 1 after \"250ms\")"), "{:?}", messages(&host));
        assert_eq!(vault.count("GET /v1/sys/internal/ui/mounts/secret/app"), 1, "the answer is remembered");
    });
}

#[test]
fn a_certificate_that_is_old_when_it_is_issued_never_renders() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        *vault.ttl.lock().expect("no panic") = Duration::from_secs(2);
        let host = node(
            world,
            "a",
            &format!(
                "{VAULT}{}",
                one("{{ with pkiCert \"pki_int/issue/x\" \"common_name=a\" }}{{ .Cert }}{{ end }}", "")
            ),
        );
        let runner = start(&host, &Arc::default());
        let exit = runner.wait().await;
        assert_eq!(exit, Exit { code: 14, message: "needs renewal".to_owned() });
        assert_eq!(vault.count("PUT /v1/pki_int/issue/x"), 26, "two for each of thirteen attempts");
        assert!(messages(&host).contains(&"(view) needs renewal (retry attempt 3 after \"1s\")".to_owned()));
        assert!(!host.disk.exists("/out"));
    });
}

#[test]
fn one_failed_token_renewal_ends_renewals_in_silence() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        let renewing = VAULT.replace("renew_token = false", "renew_token = true");
        let host = node(world, "a", &format!("{renewing}{}", one("x", "")));
        let runner = start(&host, &Arc::default());
        host.clock.sleep(3 * 24 * HOUR).await;
        let renewals = vault.count("PUT /v1/auth/token/renew-self");
        assert!((4..=5).contains(&renewals), "{renewals} renewals in three days of 24 h");
        vault.answer(|seen| {
            seen.request
                .contains("renew-self")
                .then(|| (400, json!({ "errors": ["lease is not renewable"] })))
        });
        host.clock.sleep(7 * 24 * HOUR).await;
        assert_eq!(vault.count("PUT /v1/auth/token/renew-self"), renewals + 1);
        assert!(runner.exited().is_none());
        let said = messages(&host);
        let failed = "vault.token: failed to renew: Error making API request.\n\nURL: PUT http://active.vault.service.consul:8200/v1/auth/token/renew-self\nCode: 400. Errors:\n\n* lease is not renewable";
        assert_eq!(said[said.len() - 2..], [failed, "vault.token: renewer done (maybe the lease expired)"]);
    });
}

#[test]
fn a_wrapped_token_is_unwrapped_first() {
    simulate(async |world| {
        let vault = Vault::start(world).await;
        vault.answer(|seen| {
            (seen.request == "PUT /v1/sys/wrapping/unwrap" && seen.token == "s.token").then(|| {
                (
                    200,
                    json!({ "auth": { "client_token": "s.inner", "renewable": true, "lease_duration": 60 } }),
                )
            })
        });
        let wrapped = VAULT.replace("renew_token", "unwrap_token = true\n renew_token");
        let host = node(
            world,
            "a",
            &format!(
                "{wrapped}{}",
                one("{{ with secret \"secret/app\" }}{{ .Data.data.port }}{{ end }}", "")
            ),
        );
        let _runner = start(&host, &Arc::default());
        host.clock.sleep(HOUR).await;
        assert_eq!(
            vault.seen.lock().expect("no panic").last().map(|seen| seen.token.clone()).as_deref(),
            Some("s.inner")
        );
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("5432"));
    });
}

#[test]
fn a_failing_command_ends_it() {
    simulate(async |world| {
        let systemd = Arc::new(Systemd::default());
        *systemd.fails.lock().expect("no panic") = true;
        let host =
            node(world, "a", &format!("{VAULT}{}", one("x", " command = \"systemctl reload nomad\"\n")));
        let exit = start(&host, &systemd).wait().await;
        assert_eq!(
            exit,
            Exit {
                code: 14,
                message: "1 error occurred:\n\t* failed to execute command \"[\\\"systemctl reload nomad\\\"]\" from \"(dynamic)\" => \"/out\": child: command exited with a non-zero exit status:\n\n    sh -c systemctl reload nomad\n\nPlease ensure the command exits with a zero (0) exit status to indicate success\n\n".to_owned()
            }
        );
        *systemd.hangs.lock().expect("no panic") = true;
        host.disk.remove("/out").expect("a rendered file");
        let exit = start(&host, &systemd).wait().await;
        assert!(
            exit.message
                .contains("child: command did not exit within time limit (\"30s\"):\n    sh -c systemctl"),
            "{}",
            exit.message
        );
    });
}

#[test]
fn bad_templates_and_destinations_end_it() {
    for (template, message) in [
        (one("{{ end }}", ""), "(dynamic): parse: template: :1: unexpected {{end}}"),
        (
            one("{{ .a.b | toUpper }}", ""),
            "(dynamic): execute: template: :1:10: executing \"\" at <toUpper>: invalid value; expected string",
        ),
        (one("{{ file \"/nope\" }}", ""), "file(/nope): stat /nope: no such file or directory"),
        (
            "template {\n contents = \"a\"\n}\n".to_owned(),
            "error rendering \"(dynamic)\" => \"\": failed writing file: missing destination",
        ),
        (
            "template {\n contents = \"a\"\n destination = \"/no/dir/x\"\n create_dest_dirs = false\n}\n"
                .to_owned(),
            "error rendering \"(dynamic)\" => \"/no/dir/x\": failed writing file: parent directory is missing",
        ),
    ] {
        simulate(async |world| {
            let host = node(world, "a", &template);
            let exit = start(&host, &Arc::default()).wait().await;
            assert_eq!(exit, Exit { code: 14, message: message.to_owned() });
        });
    }
}

#[test]
fn once_renders_and_ends_and_an_interrupt_ends_it_too() {
    simulate(async |world| {
        let _vault = Vault::start(world).await;
        let host = node(
            world,
            "a",
            &format!(
                "{VAULT}{}",
                one("{{ with secret \"secret/app\" }}{{ .Data.data.port }}{{ end }}", " backup = true\n")
            ),
        );
        host.disk.write("/out", "old").expect("a disk");
        host.disk.set_mode("/out", 0o640).expect("a disk");
        let runner = Runner::start_with(
            &host,
            vec!["/etc/ct.hcl".into()],
            BTreeMap::new(),
            Arc::new(Systemd::default()),
            Options { once: true, ..Options::default() },
        );
        assert_eq!(
            runner.expect("a good configuration").wait().await,
            Exit { code: 0, message: String::new() }
        );
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("5432"));
        assert_eq!(host.disk.read_to_string("/out.bak").as_deref(), Ok("old"));
        assert_eq!(host.disk.metadata("/out").map(|file| file.mode), Ok(0o640));
        let runner = start(&host, &Arc::default());
        host.clock.sleep(HOUR).await;
        assert_eq!(runner.exited(), None);
        runner.stop();
        assert_eq!(runner.exited(), Some(Exit { code: 12, message: String::new() }));
    });
}

#[test]
fn files_are_followed() {
    simulate(async |world| {
        let host = node(
            world,
            "a",
            &format!("{VAULT}{}", one("{{ file \"/in\" | toUpper }}", " command = \"reload\"\n")),
        );
        host.disk.write("/in", "one").expect("a disk");
        let systemd = Arc::new(Systemd::default());
        let _runner = start(&host, &systemd);
        host.clock.sleep(Duration::from_secs(10)).await;
        host.disk.write("/in", "two").expect("a disk");
        host.clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("TWO"));
        assert_eq!(*systemd.runs.lock().expect("no panic"), ["reload", "reload"]);
    });
}
