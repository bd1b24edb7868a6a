#!/usr/bin/env bash
# Guide 000, "Generate mTLS Certificates for Nomad using Vault": one server and three clients, from Vault's
# initialisation to a cluster that speaks mTLS.
. "$(dirname "$0")/lib.sh"
begin_vault
prepare_vault
works "role" vault write pki_int/roles/nomad-cluster allowed_domains=global.nomad \
  allow_subdomains=true max_ttl=86400s require_cn=false generate_lease=true
printf 'path "pki_int/issue/nomad-cluster" {\n  capabilities = ["update"]\n}\n' >tls-policy.hcl
says "policy" "Success! Uploaded policy: tls-policy" vault policy write tls-policy tls-policy.hcl
vault token create -policy="tls-policy" -period=24h -orphan >token.txt
says "token" 'token_policies +\["default" "tls-policy"\]' cat token.txt
token=$(awk '$1 == "token" { print $2 }' token.txt)
refuses "the token may do no more" "permission denied" env VAULT_TOKEN="$token" vault read pki_int/roles/nomad-cluster

nodes="server client1 client2 client3"
declare -A http rpc serf
for node in $nodes; do
  http[$node]=$(free_port) rpc[$node]=$(free_port) serf[$node]=$(free_port)
  mkdir -p "$node/templates" "$node/agent-certs" "$node/cli-certs"
done
# agent NODE TLS: the agent's configuration, with TLS `off`, `upgrade` or `on`.
agent() {
  local node=$1 role=client
  [ "$node" = server ] && role=server
  {
    printf 'name = "%s"\ndata_dir = "%s/%s/data"\nbind_addr = "127.0.0.1"\ndisable_update_check = true\n' "$node" "$here" "$node"
    printf 'ports {\n  http = %s\n  rpc = %s\n  serf = %s\n}\n' "${http[$node]}" "${rpc[$node]}" "${serf[$node]}"
    printf 'advertise {\n  http = "127.0.0.1"\n  rpc = "127.0.0.1"\n  serf = "127.0.0.1"\n}\n'
    if [ $role = server ]; then printf 'server {\n  enabled = true\n  bootstrap_expect = 1\n}\n'
    else printf 'client {\n  enabled = true\n  servers = ["127.0.0.1:%s"]\n  network_interface = "lo"\n}\n' "${rpc[server]}"; fi
    if [ "$2" != off ]; then
      printf 'tls {\n  http = true\n  rpc  = true\n\n  ca_file   = "%s/agent-certs/ca.crt"\n' "$here/$node"
      printf '  cert_file = "%s/agent-certs/agent.crt"\n  key_file  = "%s/agent-certs/agent.key"\n\n' "$here/$node" "$here/$node"
      printf '  verify_server_hostname = true\n  verify_https_client    = true\n'
      [ "$2" != upgrade ] || printf '  rpc_upgrade_mode       = true\n'
      printf '}\n'
    fi
  } >"$node/nomad.hcl"
}
for node in $nodes; do
  agent "$node" off
  begin "$node" nomad agent -config="$node/nomad.hcl"
done
export NOMAD_ADDR=http://127.0.0.1:${http[server]}
ready() { [ "$(nomad node status 2>/dev/null | grep -c ' ready$')" = 3 ]; }
soon "the plaintext cluster is ready" 60 ready

for node in $nodes; do
  role=client
  [ "$node" = server ] && role=server
  for pair in certificate:agent.crt private_key:agent.key; do
    printf '{{ with secret "pki_int/issue/nomad-cluster" "common_name=%s.global.nomad" "ttl=24h" "alt_names=localhost" "ip_sans=127.0.0.1"}}\n{{ .Data.%s }}\n{{ end }}\n' \
      $role "${pair%%:*}" >"$node/templates/${pair##*:}.tpl"
  done
  printf '{{ with secret "pki_int/issue/nomad-cluster" "common_name=%s.global.nomad" "ttl=24h"}}\n{{ .Data.issuing_ca }}\n{{ end }}\n' \
    $role >"$node/templates/ca.crt.tpl"
  for pair in certificate:cli.crt private_key:cli.key; do
    printf '{{ with secret "pki_int/issue/nomad-cluster" "ttl=24h" }}\n{{ .Data.%s }}\n{{ end }}\n' "${pair%%:*}" >"$node/templates/${pair##*:}.tpl"
  done
  {
    printf 'vault {\n  address      = "%s"\n  token        = "%s"\n  unwrap_token = false\n  renew_token  = true\n}\n' "$VAULT_ADDR" "$token"
    for file in agent.crt agent.key ca.crt; do
      printf 'template {\n  source      = "%s/templates/%s.tpl"\n  destination = "%s/agent-certs/%s"\n  perms       = 0700\n  command     = "touch %s/reloaded"\n}\n' \
        "$here/$node" $file "$here/$node" $file "$here/$node"
    done
    for file in cli.crt cli.key; do
      printf 'template {\n  source      = "%s/templates/%s.tpl"\n  destination = "%s/cli-certs/%s"\n}\n' "$here/$node" $file "$here/$node" $file
    done
  } >"$node/consul-template.hcl"
  begin "consul-template-$node" consul-template -config="$node/consul-template.hcl"
done
for node in $nodes; do
  soon "certificates of $node" 30 test -s "$node/agent-certs/agent.crt" -a -s "$node/agent-certs/agent.key" \
    -a -s "$node/agent-certs/ca.crt" -a -s "$node/cli-certs/cli.crt" -a -s "$node/cli-certs/cli.key" -a -e "$node/reloaded"
  works "certificate and key of $node are a pair" bash -c \
    "diff <(openssl x509 -in $node/agent-certs/agent.crt -noout -pubkey) <(openssl pkey -in $node/agent-certs/agent.key -pubout)"
done

agent server upgrade
kill -HUP "${pids[server]}"
for node in client1 client2 client3; do
  agent $node on
  kill -HUP "${pids[$node]}"
done
soon_refuses "plain HTTP is refused" 20 'malformed HTTP response|HTTP request to an HTTPS server|connection reset|EOF' nomad status
export NOMAD_ADDR=https://localhost:${http[server]} NOMAD_CACERT="$here/server/agent-certs/ca.crt"
export NOMAD_CLIENT_CERT="$here/server/cli-certs/cli.crt" NOMAD_CLIENT_KEY="$here/server/cli-certs/cli.key"
soon "the command line answers over mTLS" 20 nomad status
soon "all clients are ready" 60 ready
agent server on
kill -HUP "${pids[server]}"
soon "all clients are ready at the end" 60 ready
says "nomad status" "No running jobs" nomad status
refuses "nobody gets in without a certificate" "certificate" env -u NOMAD_CLIENT_CERT -u NOMAD_CLIENT_KEY nomad status
