#!/usr/bin/env bash
# run.sh LAB [SCRATCH]: the client libraries' sessions against `vault server -dev` and `nomad agent -dev` of the program
# LAB. The libraries are installed below SCRATCH (default: in the build directory), which is kept for the next time. Ends with `N passed, N failed`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lab=$(realpath "$1")
scratch=${2:-${CARGO_TARGET_DIR:-$here/../../target}/clients}
mkdir -p "$scratch"
passed=0 failed=0

session() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$scratch/$name.log" 2>&1; then passed=$((passed + 1)); tail -n 1 "$scratch/$name.log"
  else failed=$((failed + 1)); echo "FAIL $name"; tail -n 20 "$scratch/$name.log"; fi
}

# A free port.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
address=http://127.0.0.1:$port
"$lab" vault server -dev -dev-root-token-id=root -dev-no-store-token -dev-listen-address="127.0.0.1:$port" \
  >"$scratch/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for _ in $(seq 100); do curl -s -o /dev/null "$address/v1/sys/health" && break; sleep 0.05; done

[ -x "$scratch/python/bin/python" ] || python3 -m venv "$scratch/python"
if "$scratch/python/bin/pip" install -q hvac pyjwt cryptography >"$scratch/pip.log" 2>&1; then
  session hvac "$scratch/python/bin/python" "$here/hvac_session.py" "$address" root
else echo "skipped: hvac could not be installed"; fi

if npm install --silent --no-audit --no-fund --prefix "$scratch/node" node-vault >"$scratch/npm.log" 2>&1; then
  session node-vault env NODE_PATH="$scratch/node/node_modules" node "$here/node_vault_session.js" "$address" root
else echo "skipped: node-vault could not be installed"; fi

if "$scratch/python/bin/pip" install -q python-nomad >"$scratch/pip-nomad.log" 2>&1; then
  # Three free ports for an agent of its own.
  read -r http rpc serf < <(python3 -c 'import socket
ports = [socket.socket() for _ in range(3)]
[port.bind(("127.0.0.1", 0)) for port in ports]
print(*[port.getsockname()[1] for port in ports])')
  printf 'ports {\n  http = %s\n  rpc = %s\n  serf = %s\n}\nacl {\n  enabled = true\n}\n' "$http" "$rpc" "$serf" >"$scratch/nomad.hcl"
  "$lab" nomad agent -dev -bind=127.0.0.1 -config="$scratch/nomad.hcl" >"$scratch/nomad-agent.log" 2>&1 &
  agent=$!
  trap 'kill $server $agent 2>/dev/null' EXIT
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$http/v1/status/leader" && break; sleep 0.05; done
  session python-nomad "$scratch/python/bin/python" "$here/nomad_session.py" "http://127.0.0.1:$http"
else echo "skipped: python-nomad could not be installed"; fi

# A package of its own, outside the workspace: the program under test is reached only through its socket.
mkdir -p "$scratch/vaultrs/src"
cp "$here/vaultrs_session.rs" "$scratch/vaultrs/src/main.rs"
cat >"$scratch/vaultrs/Cargo.toml" <<'T'
[package]
name = "vaultrs-session"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
tokio = { version = "1", features = ["rt", "macros"] }
vaultrs = { version = "0.7", default-features = false, features = ["rustls"] }
rustify = { version = "0.6", default-features = false }
rustify_derive = "0.5"
jsonwebtoken = { version = "11", default-features = false, features = ["aws_lc_rs", "use_pem"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[workspace]
T
if CARGO_TARGET_DIR=$scratch/rust cargo build -q --manifest-path "$scratch/vaultrs/Cargo.toml" >"$scratch/cargo.log" 2>&1; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$scratch/jwt.key" 2>/dev/null
  openssl pkey -in "$scratch/jwt.key" -pubout -out "$scratch/jwt.pub" 2>/dev/null
  session vaultrs "$scratch/rust/debug/vaultrs-session" "$address" root "$scratch/jwt.key" "$scratch/jwt.pub"
elif grep -q 'failed to download\|Could not resolve\|failed to get' "$scratch/cargo.log"; then
  echo "skipped: vaultrs could not be downloaded"
else
  failed=$((failed + 1))
  echo "FAIL vaultrs does not build"
  tail -n 20 "$scratch/cargo.log"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
