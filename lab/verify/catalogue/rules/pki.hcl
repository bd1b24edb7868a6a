# The rules about Vault's PKI: role files, issuers, and with --vault a live Vault.

rule "PKI301" {
  severity = "warning"
  title    = "the role issues more names than one kind of agent has"
  why      = "A token that may use the role gets every name the role allows: with one role for servers and clients, or allow_subdomains on <region>.nomad, a client's token is good for server.<region>.nomad, and so for Raft."
  source   = "measured on Vault 1.21.1 and Nomad 1.11.3 with guide 003's own role; vault#2738"
  proof    = "lab/verify/tests/real/pki.rs"
  fix      = "vault write pki_int/roles/nomad-server allowed_domains=server.global.nomad,localhost allow_bare_domains=true allow_subdomains=false max_ttl=24h\nvault write pki_int/roles/nomad-client allowed_domains=client.global.nomad,localhost allow_bare_domains=true allow_subdomains=false max_ttl=24h"
  scenario = "lab run role-and-region --break one-role-for-both"
}

rule "PKI302" {
  severity = "critical"
  title    = "the role issues for longer than the issuer lives"
  why      = "Vault then refuses every certificate: `cannot satisfy request, as TTL would result in notAfter ... that is beyond the expiration of the CA certificate`. It begins one role TTL before the issuer's end."
  source   = "measured on Vault 1.21.1; vault#13193, canonical/vault-k8s-operator#500"
  proof    = "lab/verify/tests/real/pki.rs"
  fix      = "Rotate the issuer now (lab plan --goal new-ca), or shorten the role's ttl and max_ttl, or set leaf_not_after_behavior=truncate on the issuer."
}

rule "PKI303" {
  severity = "critical"
  title    = "no default issuer, or one that moves by itself"
  why      = "A role with issuer_ref = default answers 500 `no default issuer currently configured` without one. With several issuers and default_follows_latest_issuer the next import changes who signs."
  source   = "measured on Vault 1.21.1; vault#17655"
  proof    = "lab/verify/tests/real/pki.rs"
  fix      = "vault write pki_int/config/issuers default=<issuer name> default_follows_latest_issuer=false"
}

rule "PKI304" {
  severity = "warning"
  title    = "the issuer's chain does not reach a root"
  why      = "set-signed with the signed certificate alone leaves a chain of one: ca_chain in every answer lacks the root, and a ca_file rendered from it does too."
  source   = "measured on Vault 1.21.1: a ca_chain of one"
  proof    = "lab/verify/tests/real/pki.rs"
  fix      = "cat intermediate.pem root.pem > bundle.pem; vault write pki_int/intermediate/set-signed certificate=@bundle.pem"
}
