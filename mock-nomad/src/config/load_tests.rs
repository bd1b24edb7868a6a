//! Files, directories, their order, and what is said of bad ones.

use std::time::Duration;

use super::*;

fn disk(files: &[(&str, &str)]) -> Disk {
    let disk = Disk::memory();
    for (path, text) in files {
        disk.write(path, text).expect("a write");
    }
    disk
}

fn read(text: &str) -> Result<AgentConfig, String> {
    let disk = disk(&[("/etc/nomad.hcl", text)]);
    load(&disk, AgentConfig::defaults(), &[PathBuf::from("/etc/nomad.hcl")])
        .map_err(|(_, error)| error.to_string())
}

#[test]
fn everything_the_guides_write_is_read() {
    let config = read(
        r#"
name = "server-1"
datacenter = "dc1"
data_dir  = "/opt/nomad/data"
bind_addr = "0.0.0.0"
advertise {
  rpc = "10.0.0.9"
}
server {
  enabled          = true
  bootstrap_expect = 3
  encrypt = "cg8StVXbQJ0gPvMd9o7yrg=="
  heartbeat_grace = "20s"
  server_join {
    retry_join = ["server-2", "server-3:4648"]
  }
}
client {
  enabled = true
  servers = ["server-1"]
  meta { rack = "r1" }
  options = { "driver.raw_exec.enable" = "1" }
  host_volume "data" { path = "/srv" }
}
plugin "raw_exec" {
  config {
    enabled = true
  }
}
acl { enabled = true }
vault { 
  enabled = true 
  default_identity { aud = ["vault.io"] }
}
tls {
  http = true
  rpc  = true
  ca_file   = "/opt/nomad/agent-certs/ca.crt"
  cert_file = "/opt/nomad/agent-certs/agent.crt"
  key_file  = "/opt/nomad/agent-certs/agent.key"
  verify_server_hostname = true
  verify_https_client    = true
  rpc_upgrade_mode       = true
}
"#,
    )
    .expect("the guide's file");
    assert_eq!((config.name.as_str(), config.region.as_str()), ("server-1", "global"));
    assert_eq!(config.server.join.retry_join, ["server-2", "server-3:4648"]);
    assert_eq!((config.server.bootstrap_expect, config.server.heartbeat_grace), (3, Duration::from_secs(20)));
    assert_eq!(config.server.min_heartbeat_ttl, Duration::from_secs(10));
    assert_eq!(config.client.meta["rack"], "r1");
    assert!(config.tls.http && config.tls.rpc && config.tls.rpc_upgrade_mode && config.acl.enabled);
    assert_eq!(config.tls.key_file, "/opt/nomad/agent-certs/agent.key");
    assert_eq!(config.advertise.rpc, "10.0.0.9");
    assert_eq!(config.ports, crate::config::Triple { http: 4646, rpc: 4647, serf: 4648 });
}

#[test]
fn later_files_replace_texts_and_only_add_truth() {
    let disk = disk(&[
        (
            "/etc/nomad.d/a.hcl",
            "tls {\n rpc = true\n rpc_upgrade_mode = true\n ca_file = \"/a\"\n}\nlog_level = \"DEBUG\"\n",
        ),
        (
            "/etc/nomad.d/b.json",
            "{\"tls\": {\"rpc_upgrade_mode\": false, \"ca_file\": \"/b\"}, \"ports\": {\"http\": 5646}}",
        ),
        ("/etc/nomad.d/b.json~", "garbage {"),
        ("/etc/nomad.d/.#c.hcl", "garbage {"),
        ("/etc/nomad.d/notes.txt", "garbage {"),
        ("/etc/nomad.d/sub/d.hcl", "log_level = \"ERROR\""),
        ("/etc/last.hcl", "region = \"eu\"\nports { \n rpc = 0\n}\n"),
    ]);
    let paths = [PathBuf::from("/etc/nomad.d"), PathBuf::from("/etc/last.hcl")];
    let config = load(&disk, AgentConfig::defaults(), &paths).expect("four good files");
    assert!(config.tls.rpc_upgrade_mode, "a later false does not count");
    assert_eq!(config.tls.ca_file, "/b");
    assert_eq!((config.log_level.as_str(), config.region.as_str()), ("DEBUG", "eu"));
    assert_eq!((config.ports.http, config.ports.rpc), (5646, 4647));
    assert_eq!(config.files, ["/etc/nomad.d/a.hcl", "/etc/nomad.d/b.json", "/etc/last.hcl"]);
}

#[test]
fn bad_files_are_refused_in_nomads_words() {
    for (text, message) in [
        ("foo = 1\nbar = 2", "unexpected keys bar, foo"),
        (
            "tls {\n foo = true\n tls_prefer_server_cipher_suites = true\n}",
            "tls unexpected keys foo, tls_prefer_server_cipher_suites",
        ),
        ("server {\n enabld = true\n}", "server unexpected keys enabld"),
        ("client {\n enabled = true\n frob { }\n}", "client unexpected keys frob"),
        (
            "server {\n enabled = \"maybe\"\n}",
            "failed to decode HCL file /etc/nomad.hcl: decodeBool: Unknown value for boolean: \"maybe\"",
        ),
        (
            "ports {\n http = \"abc\"\n}",
            "failed to decode HCL file /etc/nomad.hcl: strconv.ParseInt: parsing \"abc\": invalid syntax",
        ),
        ("server {\n heartbeat_grace = \"xx\"\n}", "server.heartbeat_grace can't parse time duration xx"),
        (
            "client {\n servers = \"x\"\n}",
            "failed to decode HCL file /etc/nomad.hcl: At 2:12: unknown slice type: *ast.LiteralType",
        ),
        (
            "log_rotate_bytes = 1.5",
            "failed to decode HCL file /etc/nomad.hcl: At 1:20: root.log_rotate_bytes: unknown type *ast.LiteralType",
        ),
        (
            "region = [1]",
            "failed to decode HCL file /etc/nomad.hcl: At 1:10: root.region: unknown type for string *ast.ListType",
        ),
        (
            "ports = 1",
            "failed to decode HCL file /etc/nomad.hcl: At 1:9: root.ports: not an object type for struct (*ast.LiteralType)",
        ),
        (
            "client { meta = \"x\" }",
            "failed to decode HCL file /etc/nomad.hcl: At 1:17: root.client.meta: not an object type for map (*ast.LiteralType)",
        ),
        (
            "client { meta { a = [1] } }",
            "failed to decode HCL file /etc/nomad.hcl: At 1:21: root.client.meta.a: unknown type for string *ast.ListType",
        ),
        (
            "leave_on_interrupt = \"T\"",
            "failed to decode HCL file /etc/nomad.hcl: decodeBool: Unknown value for boolean: \"T\"",
        ),
        (
            "enable_syslog = 7",
            "failed to decode HCL file /etc/nomad.hcl: decodeBool: Unknown value for boolean: 7",
        ),
        (
            "log_level = {}",
            "failed to decode HCL file /etc/nomad.hcl: At -: root.log_level: unknown type for string *ast.ObjectList",
        ),
        (
            "server { heartbeat_grace = \"x\" } client { gc_interval = \"y\" }",
            "gc_interval can't parse time duration y",
        ),
        ("server \"x\" { enabled = true }", "server unexpected keys x"),
        ("autopilot {\n b = 2\n}\ntls { foo = 1 }", "tls unexpected keys foo"),
        ("tls { rpc = true }\ntls { http = true }", "unexpected keys tls"),
        (
            "server {\n enabled = ",
            "failed to decode HCL file /etc/nomad.hcl: At 2:13: object expected closing RBRACE got: EOF",
        ),
    ] {
        assert_eq!(read(text), Err(format!("Error loading /etc/nomad.hcl: {message}")), "{text}");
    }
    let missing =
        load(&Disk::memory(), AgentConfig::defaults(), &[PathBuf::from("/none.hcl")]).expect_err("no file");
    assert_eq!(missing.1.to_string(), "stat /none.hcl: no such file or directory");
}
