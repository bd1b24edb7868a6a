# What the walks share. A walk types a guide's commands, verbatim, at whatever `vault`, `nomad` and `consul-template`
# come first on PATH: the lab's or the real ones. It ends with `N passed, N failed` and fails when anything failed.
set -euo pipefail
unset AWS_CA_BUNDLE VAULT_ADDR VAULT_TOKEN NOMAD_ADDR NOMAD_TOKEN LAB_DIRECTORY
here=$(mktemp -d "${TMPDIR:-/tmp}/walk.XXXXXX")
export HOME=$here
cd "$here"
declare -A pids=()
passed=0
failed=0

finish() {
  local name
  for name in "${!pids[@]}"; do kill -INT "${pids[$name]}" 2>/dev/null || true; done
  for name in "${!pids[@]}"; do
    timeout 10 tail --pid="${pids[$name]}" -f /dev/null 2>/dev/null || kill -9 "${pids[$name]}" 2>/dev/null || true
  done
  cd /
  rm -rf "$here"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] || exit 1
}
trap finish EXIT

# begin NAME COMMAND...: starts a program; its output goes to NAME.log.
begin() {
  local name=$1
  shift
  (exec "$@") >"$here/$name.log" 2>&1 &
  pids[$name]=$!
}
# wait_for SECONDS COMMAND...: tries until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}
good() { passed=$((passed + 1)); echo "ok   $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1: $(tail -c 600 "$here/.out" 2>/dev/null)"; }
# works DESCRIPTION COMMAND...: the command succeeds.
works() {
  local what=$1
  shift
  if "$@" >"$here/.out" 2>&1; then good "$what"; else bad "$what"; fi
}
# says DESCRIPTION PATTERN COMMAND...: what it prints matches.
says() {
  local what=$1 pattern=$2
  shift 2
  "$@" >"$here/.out" 2>&1 || true
  if grep -Eq -- "$pattern" "$here/.out"; then good "$what"; else bad "$what"; fi
}
# refuses DESCRIPTION PATTERN COMMAND...: it fails and says so.
refuses() {
  local what=$1 pattern=$2
  shift 2
  if "$@" >"$here/.out" 2>&1; then bad "$what"; elif grep -Eq -- "$pattern" "$here/.out"; then good "$what"; else bad "$what"; fi
}
# soon_refuses DESCRIPTION SECONDS PATTERN COMMAND...: the same, once the program that it asks has got there.
soon_refuses() {
  local what=$1 seconds=$2
  shift 2
  wait_for "$seconds" fails "${@:2}" || true
  refuses "$what" "$@"
}
fails() { ! "$@"; }
# soon DESCRIPTION SECONDS COMMAND...: it succeeds in time.
soon() {
  local what=$1 seconds=$2
  shift 2
  if wait_for "$seconds" "$@"; then good "$what"; else bad "$what"; fi
}
# A port that nothing listens on, and that this walk has not been given before.
free_port() {
  local port
  while :; do
    # Below those that the system gives to connections.
    port=$((10000 + RANDOM % 22000))
    ! grep -qx "$port" "$here/.ports" 2>/dev/null || continue
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" | tee -a "$here/.ports"; return; }
  done
}
# A Vault that is to be initialised, on a free port.
begin_vault() {
  local port
  port=$(free_port)
  export VAULT_ADDR=http://127.0.0.1:$port
  cat >vault.hcl <<H
storage "inmem" {}
listener "tcp" {
  address     = "127.0.0.1:$port"
  tls_disable = true
}
disable_mlock = true
api_addr      = "$VAULT_ADDR"
H
  begin vault vault server -config=vault.hcl
  wait_for 30 bash -c "vault status | grep -q Initialized"
}
# Both guides' steps from `vault operator init` to the intermediate CA.
prepare_vault() {
  vault operator init -key-shares=1 -key-threshold=1 >init.txt
  says "init tells a key and a token" "Initial Root Token: hvs\." cat init.txt
  says "unseal" "Sealed +false" vault operator unseal "$(sed -n 's/^Unseal Key 1: //p' init.txt)"
  says "login" "Success! You are now authenticated" vault login "$(sed -n 's/^Initial Root Token: //p' init.txt)"
  works "enable pki" vault secrets enable pki
  works "tune pki" vault secrets tune -max-lease-ttl=87600h pki
  vault write -field=certificate pki/root/generate/internal \
    common_name="global.nomad" ttl=87600h > CA_cert.crt
  says "the root is a CA for ten years" "CA:TRUE" openssl x509 -in CA_cert.crt -noout -text -checkend 315000000
  works "enable pki_int" vault secrets enable -path=pki_int pki
  works "tune pki_int" vault secrets tune -max-lease-ttl=43800h pki_int
  vault write -format=json pki_int/intermediate/generate/internal \
    common_name="global.nomad Intermediate Authority" \
    ttl="43800h" | jq -r '.data.csr' > pki_intermediate.csr
  works "the signing request verifies" openssl req -in pki_intermediate.csr -noout -verify
  vault write -format=json pki/root/sign-intermediate \
    csr=@pki_intermediate.csr format=pem_bundle \
    ttl="43800h" | jq -r '.data.certificate' > intermediate.cert.pem
  works "import the intermediate" vault write pki_int/intermediate/set-signed certificate=@intermediate.cert.pem
  works "the intermediate is below the root" openssl verify -CAfile CA_cert.crt intermediate.cert.pem
}
