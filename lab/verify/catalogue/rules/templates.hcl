# The rules about consul-template (and Vault Agent, which embeds it).

rule "CT201" {
  severity = "critical"
  title    = "certificate and key are rendered by different templates that do not share one call"
  why      = "Two templates share a certificate only where both make the identical `secret` call in one process. pkiCert never shares (its destination is part of the call), and one argument more makes it another `secret`: the key is not the certificate's. With `wait`, the reload runs between the two writes."
  source   = "measured on consul-template 0.41.1; nomad#26835, nomad#24803"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "{{ with pkiCert \"pki_int/issue/nomad-server\" \"common_name=server.global.nomad\" \"ttl=24h\" }}\n{{ .Cert }}{{ .CAChain | join \"\\n\" }}\n{{ if .Key }}{{ .Key | writeToFile \"/opt/nomad/agent-certs/agent.key\" \"root\" \"root\" \"0600\" }}{{ end }}\n{{ end }}"
  scenario = "lab run daily-certificates --break pkicert-in-two-templates"
}

rule "CT202" {
  severity = "information"
  title    = "the same request in two destinations"
  why      = "Two identical `secret` calls are one certificate as long as they stay byte for byte the same, stand in one process and nothing waits: measured, it works. The same call in two processes, or pkiCert in two templates, is two certificates."
  source   = "measured on consul-template 0.41.1: identical `secret` calls give a pair; nomad#26800"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "Make the call once and write the other file with writeToFile."
}

rule "CT203" {
  severity = "warning"
  title    = "pkiCert cannot find its certificate or key again"
  why      = "pkiCert keeps what stands in its own destination. Without the certificate in it every start issues a new one; without the key in it `.Key` is empty after a restart, and writeToFile then empties the key file unless `if .Key` stands around it."
  source   = "measured on consul-template 0.41.1; vault#16585"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "{{ .Cert }} in the destination, and {{ if .Key }}{{ .Key | writeToFile ... }}{{ end }} around the key."
}

rule "CT204" {
  severity = "information"
  title    = "one authority where the chain is needed"
  why      = "`.CA` is the first authority that happens to come (their order is random with an intermediate), and issuing_ca is the intermediate alone: Nomad takes it as a root, but every agent must change it in the same moment when the intermediate changes, and openssl and curl want the root."
  source   = "read in consul-template 0.41; measured: Nomad accepts an intermediate in ca_file"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "Render ca_file from the chain: {{ range .Data.ca_chain }}{{ . }}{{ \"\\n\" }}{{ end }}, or .CAChain with pkiCert; or keep the root in a file of its own."
}

rule "CT205" {
  severity = "warning"
  title    = "Nomad is not told, is told too often, or is restarted for nothing"
  why      = "Nomad reads its certificates when it starts and on SIGHUP. A template without a command leaves the old certificate in use until it expires; different commands for files of one pair each run; a restart on every rotation is not needed."
  source   = "measured on Nomad 1.11.3 and consul-template 0.41.1: identical commands run once a pass"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "command = \"systemctl reload nomad\""
}

rule "CT206" {
  severity = "warning"
  title    = "certificates or the token may end before they can be renewed"
  why      = "consul-template fetches again at 85 to 95 % of a certificate's life and gives up (exits) after its attempts, 5 minutes by default; what is left of a short certificate is then over. A token that is not renewed ends everything at its own end, and one failed renewal ends renewal silently."
  source   = "measured on consul-template 0.41.1; consul-template#1588"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "Let certificates live for an hour at least, set vault { retry { attempts = 0 } }, and give it a periodic token with renew_token = true or vault_agent_token_file."
}

rule "CT207" {
  severity = "information"
  title    = "two names by pkiCert from one path"
  why      = "consul-template up to 0.29.1 gave both the same certificate. 0.41.1 does not: the destination is part of the call."
  source   = "consul-template#1607, fixed by #1611; measured on 0.41.1"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "Use consul-template 0.30 or later."
}
