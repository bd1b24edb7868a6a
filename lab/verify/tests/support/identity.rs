//! A role, an auth method and an agent by which workloads log in as guide 004 has it.

pub(crate) const ROLE: &str = r#"{
  "role_type": "jwt",
  "bound_audiences": ["vault.io"],
  "user_claim": "/nomad_job_id",
  "user_claim_json_pointer": true,
  "claim_mappings": { "nomad_namespace": "nomad_namespace" },
  "token_type": "service",
  "token_period": "30m",
  "token_explicit_max_ttl": 0
}"#;

pub(crate) const METHOD: &str = r#"{
  "jwks_url": "https://nomad.example:4646/.well-known/jwks.json",
  "jwks_ca_pem": "x",
  "jwt_supported_algs": ["RS256", "EdDSA"],
  "default_role": "nomad-workloads"
}"#;

pub(crate) const AGENT: &str = "data_dir = \"/d\"\nserver {\n  enabled = true\n}\nclient {\n  enabled = true\n}\nvault {\n  enabled = true\n  \
                     default_identity {\n    aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }\n}\n";

pub(crate) const ROLE_FILE: &str = "vault-role-nomad-workloads.json";
pub(crate) const METHOD_FILE: &str = "vault-auth-method-jwt-nomad.json";
