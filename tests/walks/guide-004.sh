#!/usr/bin/env bash
# Guide 004, "Use Nomad Workload Identities with Vault", up to the secret in the task's environment: the guide's own job,
# which is written for docker, on agents in whose docker driver every image is a task of its own kind.
. "$(dirname "$0")/lib.sh"
vault_port=$(free_port)
export VAULT_ADDR=http://127.0.0.1:$vault_port
begin vault vault server -dev -dev-listen-address="127.0.0.1:$vault_port"
wait_for 30 grep -q "Root Token:" vault.log
VAULT_TOKEN=$(sed -n 's/^Root Token: //p' vault.log)
export VAULT_TOKEN
http=$(free_port) rpc=$(free_port) serf=$(free_port)
cat >nomad.hcl <<H
ports {
  http = $http
  rpc  = $rpc
  serf = $serf
}
acl {
  enabled = true
}
vault {
  enabled = true
  address = "$VAULT_ADDR"
  default_identity {
    aud = ["vault.io"]
    ttl = "1h"
  }
}
H
export NOMAD_ADDR=http://127.0.0.1:$http
begin nomad nomad agent -dev -config=nomad.hcl
wait_for 30 bash -c "nomad acl bootstrap >bootstrap.txt"
NOMAD_TOKEN=$(awk '/^Secret ID/ { print $4 }' bootstrap.txt)
export NOMAD_TOKEN
says "Nomad tells its public keys" '"use":"sig"' curl -s "$NOMAD_ADDR/.well-known/jwks.json"
says "enable jwt" "Success! Enabled jwt auth method at: jwt-nomad/" vault auth enable -path 'jwt-nomad' 'jwt'
cat >vault-auth-method-jwt-nomad.json <<J
{
  "jwks_url": "$NOMAD_ADDR/.well-known/jwks.json",
  "jwt_supported_algs": ["RS256", "EdDSA"],
  "default_role": "nomad-workloads"
}
J
works "configure it" vault write auth/jwt-nomad/config '@vault-auth-method-jwt-nomad.json'
cat >vault-role-nomad-workloads.json <<'J'
{
  "role_type": "jwt",
  "bound_audiences": ["vault.io"],
  "user_claim": "/nomad_job_id",
  "user_claim_json_pointer": true,
  "claim_mappings": {
    "nomad_namespace": "nomad_namespace",
    "nomad_job_id": "nomad_job_id",
    "nomad_task": "nomad_task"
  },
  "token_type": "service",
  "token_policies": ["nomad-workloads"],
  "token_period": "30m",
  "token_explicit_max_ttl": 0
}
J
works "the role" vault write auth/jwt-nomad/role/nomad-workloads '@vault-role-nomad-workloads.json'
accessor=$(vault auth list -format=json | jq -r '."jwt-nomad/".accessor')
cat >vault-policy-nomad-workloads.hcl <<H
path "kv/data/{{identity.entity.aliases.$accessor.metadata.nomad_namespace}}/{{identity.entity.aliases.$accessor.metadata.nomad_job_id}}/*" {
  capabilities = ["read"]
}
H
works "the policy" vault policy write 'nomad-workloads' 'vault-policy-nomad-workloads.hcl'
works "enable kv" vault secrets enable -version '2' 'kv'
says "the password" "version +1" vault kv put -mount 'kv' 'default/mongo/config' 'root_password=secret-password'
cat >mongo.nomad.hcl <<'H'
job "mongo" {
  namespace = "default"

  group "db" {
    network {
      port "db" {
        static = 27017
      }
    }

    service {
      provider = "nomad"
      name     = "mongo"
      port     = "db"
    }

    task "mongo" {
      driver = "docker"

      config {
        image = "mongo:7"
        ports = ["db"]
      }

      vault {}

      template {
        data        = <<EOF
MONGO_INITDB_ROOT_USERNAME=root
MONGO_INITDB_ROOT_PASSWORD={{with secret "kv/data/default/mongo/config"}}{{.Data.data.root_password}}{{end}}
EOF
        destination = "secrets/env"
        env         = true
      }
    }
  }
}
H
says "the deployment is successful" "Deployment completed successfully" timeout 60 nomad job run 'mongo.nomad.hcl'
allocation=$(nomad job allocs -t '{{with (index . 0)}}{{.ID}}{{end}}' 'mongo')
refuses "secrets are shown to nobody" "Reading secret file prohibited" nomad alloc fs "$allocation" mongo/secrets/env
says "the task knows the secret" "secret-password" nomad alloc exec "$allocation" printenv MONGO_INITDB_ROOT_PASSWORD
says "the identity that Nomad adds" '"Name": "vault_default"' \
  nomad job inspect -t '{{sprig_toPrettyJson (index (index .TaskGroups 0).Tasks 0)}}' 'mongo'
says "the service" "^mongo" nomad service list
says "its address" ":27017" nomad service info mongo
works "the workload logged in to Vault once" bash -c "[ \$(vault list -format=json auth/token/accessors | jq length) -ge 2 ]"
