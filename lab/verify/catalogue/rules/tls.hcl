# The rules about an agent's `tls` block. One `rule` a code; `lab explain CODE` and docs/rules.md are made from this.

rule "TLS001" {
  severity = "critical"
  title    = "a certificate, key or CA file is missing, unreadable or not what it should be"
  why      = "`nomad config validate` answers \"Configuration is valid!\" to a missing and to a garbage file. The agent does not start with it; on SIGHUP a client agent exits, and a server keeps its old certificates and says so in two log lines only."
  source   = "measured on Nomad 1.11.3; nomad#25199, nomad#25721"
  proof    = "lab/verify/tests/real/starting.rs"
  fix      = "Put the file where the configuration says, readable by the user that Nomad runs as, before Nomad is started or reloaded."
  scenario = "lab run daily-certificates"
}

rule "TLS002" {
  severity = "critical"
  title    = "rpc_upgrade_mode is on"
  why      = "While it is on, the RPC port answers plaintext, and Raft takes any certificate of the CA: the role check is off. Together with verify_server_hostname it does not even do what it is for: on Nomad 1.11 plaintext clients get `Permission denied`, start nothing new, and with one server go down."
  source   = "measured on Nomad 1.11.3 with one and with three servers; CVE-2021-37218 for what the Raft check is for"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Set rpc_upgrade_mode = false on the servers and restart them, leader last: a reload alone does not close the port. During a migration keep it with verify_server_hostname = false, and declare it: --allow TLS002, or a comment `# lab:allow TLS002 migration until Friday`."
  scenario = "lab run rpc-upgrade-mode --break mode-left-on"
}

rule "TLS003" {
  severity = "critical"
  title    = "RPC uses TLS and nobody checks names"
  why      = "Without verify_server_hostname neither the role nor the region of a certificate is looked at: whoever has any certificate of the CA, a client or the command line, can speak Raft and take the cluster over."
  source   = "measured on Nomad 1.11.3; CVE-2020-7956, CVE-2021-37218"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Set verify_server_hostname = true on every agent, and restart it: a reload applies it only together with a new certificate."
  scenario = "lab run role-and-region --break verify-off"
}

rule "TLS004" {
  severity = "warning"
  title    = "a later file says false, and the agent runs with true"
  why      = "Nomad merges booleans of the tls block by OR: once a file says true, no later file takes it back, and no log line says so."
  source   = "measured on Nomad 1.11.3: true in one file and false in a later one run as true"
  proof    = "lab/verify/tests/real/running.rs"
  fix      = "Remove the line that says true; the one that says false has no effect."
}

rule "TLS005" {
  severity = "information"
  title    = "this setting changes only with a restart"
  why      = "On SIGHUP Nomad compares only `rpc`, `http` and the certificate files. A reload that changes nothing but rpc_upgrade_mode, verify_server_hostname, verify_https_client, tls_min_version or tls_cipher_suites changes nothing, while /v1/agent/self shows the new rpc_upgrade_mode."
  source   = "measured on Nomad 1.11.3 for rpc_upgrade_mode and verify_https_client, read in its source for the others; nomad#11144, nomad#11186"
  proof    = "lab/cli/tests/probe.rs"
  fix      = "Restart the agent (servers one at a time, leader last), or change the setting in the same reload as a certificate. Then ask the port itself: lab probe --config FILE."
  scenario = "lab run rpc-upgrade-mode --break as-the-guide-says"
}

rule "TLS006" {
  severity = "warning"
  title    = "verify_https_client shuts out those who have no certificate to show"
  why      = "Vault and Consul fetch Nomad's JWKS without a client certificate and have no setting for one; Consul's HTTPS health check of the agent is not registered at all."
  source   = "vault#29435, consul#22782, nomad#23877 (not planned), nomad#6923"
  proof    = "lab/verify/tests/real/running.rs"
  fix      = "Set verify_https_client = false where Vault or Consul fetch /.well-known/jwks.json, or serve that path through a proxy that has a certificate, or give Vault the keys as jwt_validation_pubkeys."
}

rule "TLS007" {
  severity = "information"
  title    = "certificates of the consul or vault block are not reloaded"
  why      = "SIGHUP reloads the tls block only: the agent's connections to Consul and Vault keep the certificate they were started with until it expires."
  source   = "measured on Nomad 1.11.3; nomad#4593 (open), nomad#17297"
  proof    = "lab/verify/tests/real/vault_block.rs"
  fix      = "Restart the agent when these files change, or let them live longer than the agent does."
}

rule "TLS008" {
  severity = "critical"
  title    = "HTTPS is on and somebody still says http://"
  why      = "The port answers `Client sent an HTTP request to an HTTPS server.` to plain HTTP. Vault can then not fetch the JWKS, and every login of a workload fails as soon as its keys are asked for again."
  source   = "measured on Nomad 1.11.3 and Vault 1.21.1; nomad#2571"
  proof    = "lab/verify/tests/real/running.rs"
  fix      = "Write https:// in that URL, and give its reader the CA."
}

rule "TLS009" {
  severity = "warning"
  title    = "gossip between servers is not encrypted"
  why      = "Serf on port 4648 never uses TLS. Without server.encrypt anybody who reaches the port can join the gossip and see and change the list of servers."
  source   = "Nomad's documentation; guide 003, \"Encrypt Server Gossip\""
  proof    = "lab/verify/tests/real/running.rs"
  fix      = "server {\n  encrypt = \"...\"    # nomad operator gossip keyring generate; the same on every server, then restart\n}"
}

rule "TLS010" {
  severity = "critical"
  title    = "the agent cannot use this kind of key, or its cipher suites cannot"
  why      = "Nomad takes RSA and ECDSA keys only, and tls_cipher_suites must hold one suite for the kind of the key; otherwise the agent does not start."
  source   = "measured on Nomad 1.11.3; helper/tlsutil"
  proof    = "lab/verify/tests/real/starting.rs"
  fix      = "Issue the certificate with key_type = \"rsa\" or \"ec\", or add suites of its kind to tls_cipher_suites (or leave the attribute out)."
}

rule "TLS011" {
  severity = "critical"
  title    = "the certificate is for another region"
  why      = "With verify_server_hostname a server must be called server.<region>.nomad and a client client.<region>.nomad, with the agent's own region: others refuse it."
  source   = "measured on Nomad 1.11.3: `certificate is valid for A, not server.R.nomad`, `invalid role or region for certificate`"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue the certificate for the region that the agent is configured with, or set `region` to that of the certificate."
  scenario = "lab run role-and-region"
}

rule "TLS012" {
  severity = "critical"
  title    = "TLS on some agents only"
  why      = "An agent with rpc = true dials TLS at once and refuses plaintext: those that differ cannot reach each other. Clients that cannot heartbeat are down after 20 to 30 s and their allocations are lost."
  source   = "measured on Nomad 1.11.3 with three servers and three clients"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Bring all agents to the same tls.rpc. To get there without losing a client: lab plan PATH."
  scenario = "lab run rpc-upgrade-mode --break no-upgrade-mode"
}
