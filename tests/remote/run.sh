#!/usr/bin/env bash
# run.sh LAB: `lab run --target remote` on a Vault, a Nomad server and a Nomad client that run already: those that come
# first on PATH. What may go wrong goes wrong: a machine that cannot be reached, a token that is none, a command that fails
# half way. Ends with `N passed, N failed`.
lab=$(realpath "$1")
own=$(cd "$(dirname "$0")" && pwd)
. "$own/../walks/lib.sh"
vault_port=$(free_port)
export VAULT_ADDR=http://127.0.0.1:$vault_port
begin vault vault server -dev -dev-root-token-id=root -dev-no-store-token -dev-listen-address="127.0.0.1:$vault_port"
wait_for 30 vault status

declare -A http rpc serf
for node in server-1 client-1; do http[$node]=$(free_port) rpc[$node]=$(free_port) serf[$node]=$(free_port); done
# The service manager of the machines: svc NODE VERB PROGRAM.
cat >svc <<S
#!/bin/bash
root=$here/\$1 pid=$here/\$1/\$3.pid
[ ! -e "$here/broken-\$1-\$2" ] || { echo "Job for \$3.service failed." >&2; exit 1; }
case \$2 in
  stop) [ ! -e "\$pid" ] || { kill -INT "\$(cat "\$pid")"; timeout 20 tail --pid="\$(cat "\$pid")" -f /dev/null; rm -f "\$pid"; } ;;
  reload) kill -HUP "\$(cat "\$pid")" ;;
  start)
    case \$3 in
      nomad) set -- nomad agent -config="\$root/etc/nomad.d" ;;
      consul-template) set -- consul-template -config="\$root/etc/consul-template.d/consul-template.hcl" ;;
    esac
    PATH=\$root/bin:\$PATH setsid "\$@" >>"\$root/\$1.log" 2>&1 </dev/null &
    echo \$! >"\$pid" ;;
esac
S
chmod +x svc
for node in server-1 client-1; do
  mkdir -p "$node/etc/nomad.d" "$node/bin"
  printf '#!/bin/sh\nexec %s/svc %s "$@"\n' "$here" "$node" >"$node/bin/systemctl"
  chmod +x "$node/bin/systemctl"
  {
    printf 'name = "%s"\ndata_dir = "%s/%s/data"\nbind_addr = "127.0.0.1"\ndisable_update_check = true\n' "$node" "$here" "$node"
    printf 'ports {\n  http = %s\n  rpc = %s\n  serf = %s\n}\n' "${http[$node]}" "${rpc[$node]}" "${serf[$node]}"
    printf 'advertise {\n  http = "127.0.0.1"\n  rpc = "127.0.0.1"\n  serf = "127.0.0.1"\n}\n'
    if [ $node = server-1 ]; then printf 'server {\n  enabled = true\n  bootstrap_expect = 1\n}\n'
    else printf 'client {\n  enabled = true\n  servers = ["127.0.0.1:%s"]\n  network_interface = "lo"\n}\n' "${rpc[server-1]}"; fi
  } >"$node/etc/nomad.d/nomad.hcl"
  ./svc $node start nomad
done
finish_machines() {
  local file
  for file in "$here"/*/*.pid; do [ ! -e "$file" ] || kill -INT "$(cat "$file")" 2>/dev/null || true; done
  for file in "$here"/*/*.pid; do
    [ ! -e "$file" ] || timeout 10 tail --pid="$(cat "$file")" -f /dev/null || kill -9 "$(cat "$file")"
  done
  works "nothing of the machines is left" bash -c "! pgrep -f '[=]$here/'"
  finish
}
trap finish_machines EXIT
export NOMAD_ADDR=http://127.0.0.1:${http[server-1]}
ready() { nomad node status 2>/dev/null | grep -q ' ready$'; }
soon "the cluster runs" 60 ready

# inventory FILE PREFIX
inventory() {
  cat >"$1" <<H
prefix  = $2
service = "$here/svc {node} {verb} {program}"
root    = "$here/{node}"

server "server-1" {
  http = "127.0.0.1:${http[server-1]}"
  rpc  = "127.0.0.1:${rpc[server-1]}"
  serf = "127.0.0.1:${serf[server-1]}"
}
client "client-1" {
  http = "127.0.0.1:${http[client-1]}"
}
H
}
inventory machines.hcl '["sh", "-c"]'
inventory unreachable.hcl '["false"]'
# ends STATUS DESCRIPTION PATTERN ARGUMENT...: `lab run --target remote` with them ends so, and says so.
ends() {
  local wanted=$1 what=$2 pattern=$3 got=0
  shift 3
  "$lab" run "$own/move.lab.hcl" --target remote "$@" >told 2>.err || got=$?
  cat .err >>told
  cat told >>everything
  if [ "$got" = "$wanted" ] && grep -Eq -- "$pattern" told; then good "$what"
  else
    cp told .out
    bad "$what (exit status $got)"
  fi
}
untouched() { [ ! -e server-1/etc/nomad.d/tls.hcl ] && ! vault secrets list | grep -q '^pki/'; }

export VAULT_TOKEN=root
ends 2 "there must be an inventory" "needs --inventory FILE"
ends 0 "a dry run shows every command" "svc server-1 reload nomad" --inventory machines.hcl --allow-changes --dry-run
ends 106 "nothing is changed unless that is allowed" "run it again with --allow-changes" --inventory machines.hcl
ends 105 "a machine that cannot be reached" "no step was begun" --inventory unreachable.hcl --allow-changes
VAULT_TOKEN=wrong ends 105 "a token that Vault does not know" "permission denied" --inventory machines.hcl --allow-changes
works "nothing of that changed anything" untouched
touch broken-client-1-reload
ends 105 "a command that fails half way" "to go on:  mend what failed in step clients, then add --from clients" \
  --inventory machines.hcl --allow-changes
says "it says what was done" "^done: +authority, certificates, mixed$" cat .err
says "it says what was not" "^not done: +clients, close$" cat .err
rm broken-client-1-reload
ends 3 "a step that there is not" 'no step called "client"; did you mean "clients"' \
  --inventory machines.hcl --allow-changes --from client
ends 0 "it goes on where it stopped" "held +no_plaintext" --inventory machines.hcl --allow-changes --from clients
export NOMAD_ADDR=https://127.0.0.1:${http[server-1]} NOMAD_CACERT=server-1/opt/nomad/agent-certs/ca.crt
export NOMAD_CLIENT_CERT=server-1/opt/nomad/cli-certs/cli.crt NOMAD_CLIENT_KEY=server-1/opt/nomad/cli-certs/cli.key
says "the versions are told" "Nomad 1\\.[0-9.]+ and Vault 1\\.[0-9.]+ there" cat told
soon "the client is ready over mutual TLS" 60 ready
works "plaintext is refused" "$lab" probe --rpc "127.0.0.1:${rpc[server-1]}" --expect strict
works "roles of the prober's own are gone" bash -c "[ \"\$(vault list pki_int/roles | tail -n 1)\" = nomad-cluster ]"
token=$(sed -n 's/.*token *= "\(.*\)"/\1/p' server-1/etc/consul-template.d/consul-template.hcl)
works "the token is in its file, for nobody else" test -n "$token" -a "$(stat -c %a server-1/etc/consul-template.d/consul-template.hcl)" = 600
works "no secret is in what was printed or kept" bash -c "! grep -rqF '$token' everything .lab"
