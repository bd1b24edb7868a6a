//! Configurations that the real program refuses, in its words.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use lab_consul_template::{Error, Runner};
use support::{Systemd, node, simulate};

fn refusal(configuration: &str) -> String {
    let mut said = String::new();
    simulate(async |world| {
        let host = node(world, "a", configuration);
        let refused = Runner::start(&host, "/etc/ct.hcl", BTreeMap::new(), Arc::new(Systemd::default()));
        said = refused.expect_err(configuration).to_string();
    });
    said
}

#[test]
fn unknown_names_and_wrong_types_are_refused() {
    for (configuration, message) in [
        (
            "vault { address=\"http://127.0.0.1:1\" grace = \"1s\" }",
            "1 error(s) decoding:\n\n* 'vault' has invalid keys: grace",
        ),
        (
            "vault { addres=\"x\" foo=1 }\nbar = 1",
            "2 error(s) decoding:\n\n* '' has invalid keys: bar\n* 'vault' has invalid keys: addres, foo",
        ),
        (
            "vault { address=5 }",
            "1 error(s) decoding:\n\n* 'vault.address' expected type 'string', got unconvertible type 'int', value: '5'",
        ),
        (
            "vault { renew_token=\"true\" }",
            "1 error(s) decoding:\n\n* 'vault.renew_token' expected type 'bool', got unconvertible type 'string', value: 'true'",
        ),
        (
            "vault { retry { attempts = \"x\" } }",
            "1 error(s) decoding:\n\n* 'vault.retry.Attempts' expected type 'int', got unconvertible type 'string', value: 'x'",
        ),
        (
            "vault { retry { attempts = 5 backoff = \"1x\" bad = 1} }",
            "2 error(s) decoding:\n\n* 'vault.retry' has invalid keys: bad\n* error decoding 'vault.retry.Backoff': time: unknown unit \"x\" in duration \"1x\"",
        ),
        (
            "template { source = \"a\" destination=\"b\" perms = 0700 foo = 1 }\ntemplate { bar = 2 }",
            "2 error(s) decoding:\n\n* 'template[0]' has invalid keys: foo\n* 'template[1]' has invalid keys: bar",
        ),
        (
            "template { perms = \"07x0\" }",
            "1 error(s) decoding:\n\n* error decoding 'template[0].perms': strconv.ParseUint: parsing \"07x0\": invalid syntax",
        ),
        (
            "template { contents=\"b\" wait = \"x\" }",
            "1 error(s) decoding:\n\n* error decoding 'template[0].wait': time: invalid duration \"x\"",
        ),
        (
            "once = 5.",
            "1 error(s) decoding:\n\n* 'Once' expected type 'bool', got unconvertible type 'float64', value: '5'",
        ),
        (
            "template_error_fatal = 1e3",
            "1 error(s) decoding:\n\n* 'template_error_fatal' expected type 'bool', got unconvertible type 'float64', value: '1000'",
        ),
        ("template \"x\" { contents=\"b\" }", "1 error(s) decoding:\n\n* 'template[0]' has invalid keys: x"),
    ] {
        assert_eq!(
            refusal(configuration),
            format!("from file: /etc/ct.hcl: mapstructure decode failed: {message}")
        );
    }
    assert!(refusal("kill_signal = \"SIGFOO\"").contains("* error decoding 'kill_signal': invalid signal \"SIGFOO\" - valid signals are [\"SIGABRT\" \"SIGALRM\""));
}

#[test]
fn syntax_levels_and_templates_are_checked_before_anything_runs() {
    for (configuration, message) in [
        ("log = \"\n", "from file: /etc/ct.hcl: error decoding config: At 1:8: literal not terminated"),
        (
            "log_level = \"debug2\"",
            "invalid log level \"DEBUG2\", valid log levels are TRACE, DEBUG, INFO, WARN, ERR",
        ),
        (
            "template { source = \"/nonexistent\" destination = \"/x\" }",
            "failed to read template: open /nonexistent: no such file or directory",
        ),
        (
            "template { source = \"/etc/ct.hcl\" contents=\"b\" }",
            "template: cannot specify both 'source' and 'contents'",
        ),
        (
            "vault { ssl { ca_cert = \"/nope\" } }",
            "runner: runner: client set: vault configuring TLS failed: Error loading CA File: open /nope: no such file or directory",
        ),
        (
            "vault { ssl { ca_cert = \"/etc/ct.hcl\" } }",
            "runner: runner: client set: vault configuring TLS failed: Error loading CA File: Couldn't parse PEM in: /etc/ct.hcl",
        ),
        (
            "vault { ssl { cert = \"/etc/ct.hcl\" } }",
            "runner: runner: client set: vault: tls: failed to find any PEM data in certificate input",
        ),
        ("template { destination = \"/x\" }", "template: must specify exactly one of 'source' or 'contents'"),
    ] {
        assert_eq!(refusal(configuration), message);
    }
    simulate(async |world| {
        let host = node(world, "a", "");
        let refused = Runner::start(&host, "/etc/none.hcl", BTreeMap::new(), Arc::new(Systemd::default()));
        let missing = "missing file/folder: /etc/none.hcl: stat /etc/none.hcl: no such file or directory";
        assert_eq!(refused.err(), Some(Error::Configuration(missing.to_owned())));
    });
}

#[test]
fn a_directory_is_read_in_order_and_variables_fill_the_gaps() {
    simulate(async |world| {
        let host = node(world, "a", "");
        let contents =
            "{{ env \\\"VAULT_ADDR\\\" }} {{ env \\\"ROLE\\\" }} {{ envOrDefault \\\"NONE\\\" \\\"d\\\" }}";
        host.disk.write("/etc/ct.d/10-vault.hcl", "vault { address = \"http://one:1\" }").expect("a disk");
        host.disk
            .write("/etc/ct.d/20-vault.json", "{\"vault\": {\"address\": \"http://two:2\"}}")
            .expect("a disk");
        let template = format!("template {{ contents = \"{contents}\" destination = \"/out\" }}");
        host.disk.write("/etc/ct.d/30-template.hcl", template).expect("a disk");
        let environment = BTreeMap::from([("ROLE".to_owned(), "server".to_owned())]);
        let _runner =
            Runner::start(&host, "/etc/ct.d", environment, Arc::new(Systemd::default())).expect("good files");
        host.clock.sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(host.disk.read_to_string("/out").as_deref(), Ok("http://two:2 server d"));
    });
}
