#!/usr/bin/env bash
# vault.sh LAB [VAULT]: how many requests a second the lab's Vault answers, and the real one beside it where VAULT names it.
# One thread of wrk with CONNECTIONS (32) sends them, for SECONDS_EACH (5) seconds a line. Prints a Markdown table.
set -uo pipefail
lab=$(realpath "$1")
real=${2:-}
seconds=${SECONDS_EACH:-5}
connections=${CONNECTIONS:-32}
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=18299
address=http://127.0.0.1:$port

cat >"$work/post.lua" <<'L'
wrk.method = "POST"
wrk.headers["X-Vault-Token"] = "root"
wrk.headers["Content-Type"] = "application/json"
wrk.body = os.getenv("BODY")
local failed = 0
function response(status) if status ~= 200 then failed = failed + 1 end end
function done(summary, latency) io.write(string.format("slowest %.1f\n", latency.max / 1000)) end
L
cat >"$work/get.lua" <<'L'
wrk.headers["X-Vault-Token"] = "root"
function done(summary, latency) io.write(string.format("slowest %.1f\n", latency.max / 1000)) end
L

put() { curl -sf -o /dev/null -H 'X-Vault-Token: root' -X POST "$address/v1/$1" -d "$2" || echo "failed: $1" >&2; }
# The time from exec to the first 200, in milliseconds.
start() { # COMMAND...
  python3 - "$work" "$port" "$@" <<'P'
import http.client, subprocess, sys, time
work, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
began = time.perf_counter()
child = subprocess.Popen(command + ["server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"],
                         stdout=open(work + "/log", "w"), stderr=subprocess.STDOUT, start_new_session=True)
while True:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/v1/sys/health")
        if connection.getresponse().status == 200: break
    except OSError: time.sleep(0.0005)
print(child.pid, round((time.perf_counter() - began) * 1000, 1))
P
}
resident() { awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status"; }
prepare() {
  put sys/mounts/pki '{"type":"pki","config":{"max_lease_ttl":"87600h"}}'
  put pki/root/generate/internal '{"common_name":"global.nomad","ttl":"87600h","key_type":"ec","key_bits":256}'
  local names='"allow_any_name":true,"enforce_hostnames":false,"max_ttl":"720h"'
  put pki/roles/no-store "{$names,\"key_type\":\"ec\",\"key_bits\":256,\"no_store\":true}"
  put pki/roles/stored "{$names,\"key_type\":\"ec\",\"key_bits\":256}"
  put pki/roles/leased "{$names,\"key_type\":\"ec\",\"key_bits\":256,\"generate_lease\":true}"
  put pki/roles/rsa "{$names,\"key_type\":\"rsa\",\"key_bits\":2048,\"no_store\":true}"
  put sys/mounts/kv '{"type":"kv","options":{"version":"1"}}'
  put kv/a '{"password":"secret"}'
  put secret/data/a '{"data":{"password":"secret"}}'
}
rate() { # SCRIPT PATH [BODY]
  BODY=${3:-} wrk -t1 -c"$connections" -d"${seconds}s" --timeout 20s -s "$work/$1.lua" "$address/v1/$2" >"$work/wrk"
  local bad
  bad=$(sed -n 's/.*Non-2xx or 3xx responses: //p' "$work/wrk")
  printf '%s%s' "$(sed -n 's/^Requests\/sec: *//p' "$work/wrk")" "${bad:+ ($bad refused)}"
}
measure() { # NAME COMMAND...
  local name=$1
  shift
  read -r server ready < <(start "$@")
  local first
  first=$(resident)
  prepare
  local issue='{"common_name":"server.global.nomad","ttl":"24h"}'
  {
    echo "ready after exec (ms)|$ready"
    echo "resident when ready (MiB)|$first"
    echo "issue EC P-256, no_store (1/s)|$(rate post pki/issue/no-store "$issue")"
    echo "issue EC P-256, stored (1/s)|$(rate post pki/issue/stored "$issue")"
    echo "issue EC P-256, leased (1/s)|$(rate post pki/issue/leased "$issue")"
    echo "issue RSA-2048, no_store (1/s)|$(rate post pki/issue/rsa "$issue")"
    echo "KV 1 read (1/s)|$(rate get kv/a)"
    echo "KV 2 read (1/s)|$(rate get secret/data/a)"
    echo "auth/token/lookup-self (1/s)|$(rate get auth/token/lookup-self)"
    echo "sys/health (1/s)|$(rate get sys/health)"
    echo "resident at the end (MiB)|$(resident)"
  } >"$work/$name"
  kill "$server"
  while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
}

measure lab "$lab" vault
if [ -n "$real" ]; then
  measure real "$real"
  echo "| | lab | Vault |"
  echo "|---|---:|---:|"
  paste -d'|' "$work/lab" <(cut -d'|' -f2 "$work/real") | sed 's/^/| /; s/|/ | /g; s/$/ |/; s/^ *| */| /; s/  */ /g'
else
  echo "| | lab |"
  echo "|---|---:|"
  sed 's/^/| /; s/|/ | /2; s/$/ |/' "$work/lab"
fi
