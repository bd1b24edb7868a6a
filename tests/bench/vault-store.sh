#!/usr/bin/env bash
# vault-store.sh LAB: fills the lab's Vault with 100,000 stored certificates, then lists and tidies them while somebody else
# asks for sys/health every few milliseconds. Prints how long each took, and the longest that the other one had to wait.
set -uo pipefail
lab=$(realpath "$1")
count=${COUNT:-100000}
work=$(mktemp -d)
port=18298
address=http://127.0.0.1:$port
"$lab" vault server -dev -dev-root-token-id=root -dev-no-store-token -dev-listen-address=127.0.0.1:$port >"$work/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do curl -s -o /dev/null "$address/v1/sys/health" && break; sleep 0.05; done
python3 - "$port" "$count" <<'P'
import http.client, json, sys, threading, time
port, count = int(sys.argv[1]), int(sys.argv[2])

def call(connection, method, path, body=None):
    connection.request(method, "/v1/" + path, None if body is None else json.dumps(body), {"X-Vault-Token": "root"})
    response = connection.getresponse()
    data = response.read()
    assert response.status < 300, (path, response.status, data[:200])
    return data

def connect():
    return http.client.HTTPConnection("127.0.0.1", port, timeout=120)

main = connect()
call(main, "POST", "sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
call(main, "POST", "pki/root/generate/internal", {"common_name": "global.nomad", "ttl": "87600h", "key_type": "ec", "key_bits": 256})
call(main, "POST", "pki/roles/r", {"allow_any_name": True, "key_type": "ec", "key_bits": 256, "not_before_duration": "1s"})

def issue(share):
    connection = connect()
    for _ in range(share):
        call(connection, "POST", "pki/issue/r", {"common_name": "server.global.nomad", "ttl": "2s"})

began = time.perf_counter()
threads = [threading.Thread(target=issue, args=(count // 4,)) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(f"{count} certificates issued and stored in {time.perf_counter() - began:.1f} s")
time.sleep(3)

waits, running = [], True
def watch():
    connection = connect()
    while running:
        began = time.perf_counter()
        call(connection, "GET", "sys/health")
        waits.append(time.perf_counter() - began)
        time.sleep(0.003)
watcher = threading.Thread(target=watch)
watcher.start()

def timed(what, work):
    time.sleep(0.3)
    waits.clear()
    began = time.perf_counter()
    told = work()
    took = time.perf_counter() - began
    time.sleep(0.1)
    print(f"{what}: {took * 1000:.0f} ms; the other one waited at most {max(waits) * 1000:.0f} ms{told}")

def listing():
    # Bytes only: reading the JSON here would hold the other thread up.
    return f" ({len(call(main, 'LIST', 'pki/certs')) / 1e6:.1f} MB)"

def tidy():
    call(main, "POST", "pki/tidy", {"tidy_cert_store": True, "safety_buffer": "1s"})
    while True:
        status = json.loads(call(main, "GET", "pki/tidy-status"))["data"]
        if status["state"] not in ("Running", "Inactive"):
            return f" ({status['cert_store_deleted_count']} removed)"
        time.sleep(0.02)

timed("list", listing)
timed("tidy", tidy)
running = False
watcher.join()
P
