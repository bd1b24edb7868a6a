# The rules about the certificates that an agent's `tls` block names.

rule "CERT101" {
  severity = "critical"
  title    = "the key is not the certificate's"
  why      = "Nomad does not start with such a pair, and a reload keeps the old one: `tls: private key does not match public key`. `nomad config validate` does not look. It comes of templates that each fetch a certificate of their own."
  source   = "measured on Nomad 1.11.3; nomad#26835, nomad#24803"
  proof    = "lab/verify/tests/real/starting.rs"
  fix      = "Render both from one call: one template with pkiCert that writes the key with writeToFile (lab explain CT201)."
  scenario = "lab run daily-certificates --break pkicert-in-two-templates"
}

rule "CERT102" {
  severity = "critical"
  title    = "the certificate is not valid for long, not yet, or no longer"
  why      = "An expired certificate, and an expired authority above it, is refused at every new handshake, while old connections live on: it shows at the next restart. Go looks at the dates of the root too."
  source   = "measured: `certificate has expired or is not yet valid`; Go and webpki differ on expired roots"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it anew, from an issuer that lives longer, and reload the agent."
  scenario = "lab run daily-certificates --break expired-root"
}

rule "CERT103" {
  severity = "critical"
  title    = "the certificate does not carry its agent's role and region"
  why      = "With verify_server_hostname, agents dial servers as server.<region>.nomad, and servers admit only server.<region>.nomad and client.<region>.nomad."
  source   = "measured on Nomad 1.11.3; nomad#3126, nomad#7529"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it with common_name=<role>.<region>.nomad (server for servers, client for clients)."
  scenario = "lab run role-and-region"
}

rule "CERT104" {
  severity = "critical"
  title    = "this client certificate can act as a server"
  why      = "Nomad admits a peer to Raft if the name server.<region>.nomad is in its certificate. Whoever takes this client over has the cluster's state, its keys and its tokens."
  source   = "measured on Nomad 1.11.3; CVE-2021-37218"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it from a Vault role that allows only client.<region>.nomad."
  scenario = "lab run role-and-region --break one-role-for-both"
}

rule "CERT105" {
  severity = "warning"
  title    = "a certificate of another region is good for region global too"
  why      = "`nomad tls cert create -region eu` before 1.10.3 also wrote <role>.global.nomad into the certificate: it is accepted in region global."
  source   = "GH-26086, nomad#16959"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it anew with Nomad 1.10.3 or later, or from Vault, without the global name."
}

rule "CERT106" {
  severity = "critical"
  title    = "the certificate's extended key usage does not allow what the agent does"
  why      = "RPC is always mutual: a server shows its certificate as a server and, when it dials another, as a client. Go refuses `x509: certificate specifies an incompatible key usage`."
  source   = "measured on Nomad 1.11.3 with a Vault role of client_flag=false"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it from a role with server_flag=true and client_flag=true (the defaults)."
}

rule "CERT107" {
  severity = "information"
  title    = "the certificate has no name by which people reach the agent's HTTPS"
  why      = "The command line, curl and the UI compare the host they were given with the certificate's names: `x509: certificate is valid for server.global.nomad, not localhost`."
  source   = "nomad#7529, nomad#5792"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it with alt_names=localhost ip_sans=127.0.0.1 and the agent's own address, or set NOMAD_TLS_SERVER_NAME=<role>.<region>.nomad for the command line."
}

rule "CERT108" {
  severity = "critical"
  title    = "the name stands in the common name only"
  why      = "Go compares host names with the alternative names only: whoever dials this agent refuses it. Nomad's own role check reads the common name too, so it half works."
  source   = "read in Go's crypto/x509 and Nomad's auth.go, measured: `relies on legacy Common Name field, use SANs instead`"
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Issue it with the name as alternative name: in Vault leave exclude_cn_from_sans off; with openssl add subjectAltName = DNS:<role>.<region>.nomad."
}

rule "CERT109" {
  severity = "critical"
  title    = "the certificate does not lead to an authority that is trusted"
  why      = "An agent trusts ca_file and nothing else, and must send the intermediates itself, behind its certificate in cert_file. Others answer `x509: certificate signed by unknown authority`."
  source   = "measured on Nomad 1.11.3; guide 002: \"append all intermediate CAs to the cert_file\""
  proof    = "lab/verify/tests/real/names.rs"
  fix      = "Append the missing intermediate to cert_file, or add the authority to ca_file on every agent before the first certificate of it is used."
  scenario = "lab run role-and-region"
}

rule "CERT110" {
  severity = "warning"
  title    = "others can read the private key"
  why      = "Whoever can read it can be this agent. The well-known workaround for mismatched pairs writes it with 0644, which is also what consul-template does without `perms`."
  source   = "nomad#26835; consul-template's default"
  proof    = "lab/verify/tests/real/templates.rs"
  fix      = "chmod 0600, and perms = 0600 in the template, or \"0600\" as the last argument of writeToFile."
}

rule "CERT111" {
  severity = "warning"
  title    = "one key on several nodes"
  why      = "A key taken from one node is a key to all of them, and there is no revocation list: getting rid of it means new certificates everywhere."
  source   = "guide 001: a unique certificate for each node; nomad#4900 for the missing revocation"
  fix      = "Issue each node's certificate on the node."
}

rule "CERT112" {
  severity = "critical"
  title    = "the blocks of a PEM file are in the wrong order or in the wrong file"
  why      = "The first certificate of cert_file must be the agent's own, then its issuers. Nomad 1.11.3 does not start when a key stands first (its expiry metric reads the first block); and a key in cert_file with a certificate in key_file is refused."
  source   = "nomad#27660; measured: `PEM inputs may have been switched`"
  proof    = "lab/verify/tests/real/starting.rs"
  fix      = "Order cert_file as certificate, intermediates; keep the key in key_file, or behind the certificates."
}
