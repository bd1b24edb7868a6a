# The rules about workload identity: Vault's JWT method and the agents' `vault` block.

rule "WID401" {
  severity = "critical"
  title    = "Nomad's audience is not among Vault's"
  why      = "Vault answers 400 `invalid audience (aud) claim: audience claim does not match any expected audience`, and Nomad kills the task at once. Since Vault 1.16.3 a role without bound_audiences refuses every token that has an audience."
  source   = "measured on Vault 1.21.1 and Nomad 1.11.3; nomad#25079, nomad#25868"
  proof    = "lab/verify/tests/real/identity.rs"
  fix      = "The same text in both: aud = [\"vault.io\"] in default_identity, bound_audiences = [\"vault.io\"] in the role."
}

rule "WID402" {
  severity = "critical"
  title    = "Vault cannot fetch Nomad's keys"
  why      = "Vault fetches jwks_url itself, without a client certificate, and trusts the system's authorities and jwks_ca_pem only. It says `error checking jwks URL` on writing, and later `failed to verify id token signature` to every login."
  source   = "measured on Vault 1.21.1; vault#29435, nomad#23387"
  proof    = "lab/verify/tests/real/running.rs"
  fix      = "Put Nomad's CA into jwks_ca_pem, let the URL lead to an agent that does not want a client certificate, and use a name that is valid in its certificate."
}

rule "WID403" {
  severity = "critical"
  title    = "Nomad and Vault call the method or the role by different names"
  why      = "The agent logs in at auth/<jwt_auth_backend_path>/login with the task's role, else create_from_role, else the method's default_role. A name that is not there is 400 `role \"x\" could not be found`, and the task fails at once."
  source   = "measured on Vault 1.21.1 and Nomad 1.11.3"
  proof    = "lab/verify/tests/real/identity.rs"
  fix      = "Use the same names: vault auth enable -path=jwt-nomad jwt; jwt_auth_backend_path = \"jwt-nomad\"; default_role as the role is written."
}

rule "WID404" {
  severity = "critical"
  title    = "the role reads claims that Nomad's tokens do not have"
  why      = "Nomad's tokens carry nomad_namespace, nomad_job_id, nomad_task and a few more, as texts. A claim that is missing or not a text refuses every login; /nomad_job_id is a JSON pointer only with user_claim_json_pointer; and role_type is oidc unless it is said."
  source   = "measured on Vault 1.21.1: `claim \"/nomad_job_id\" not found in token`"
  proof    = "lab/verify/tests/real/identity.rs"
  fix      = "role_type = \"jwt\", user_claim = \"/nomad_job_id\", user_claim_json_pointer = true, and bound_claims with texts of nomad_namespace, nomad_job_id or nomad_task."
}

rule "WID405" {
  severity = "warning"
  title    = "the token ends although the workload goes on"
  why      = "Nomad renews a task's token at half of its life for as long as the task runs. A token with an explicit maximum, a batch token, or a life of seconds cannot be renewed so, and the task is restarted with a new one each time."
  source   = "guide 004: token_explicit_max_ttl must be 0; nomad#25812"
  proof    = "lab/verify/tests/real/identity.rs"
  fix      = "token_type = \"service\", token_period = \"30m\", token_explicit_max_ttl = 0"
}

rule "WID406" {
  severity = "warning"
  title    = "workloads are not ready for workload identity"
  why      = "Nomad 1.10 removed the old way: without default_identity on the servers, or an identity in the job, a task with a vault block stays pending with `unable to find token for workload`."
  source   = "measured on Nomad 1.11.3; nomad#25955; what `nomad setup vault -check` reports of a running cluster"
  proof    = "lab/verify/tests/real/vault_block.rs"
  fix      = "vault {\n  enabled = true\n  default_identity {\n    aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }\n}"
}
