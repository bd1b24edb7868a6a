#!/usr/bin/env bash
# run.sh LAB [docs/FIDELITY.md]: walks the guides in every mix of the lab's programs and the real ones: Vault's server,
# Nomad's agents, both command lines and consul-template. Needs ../shared/walks, the real programs (LAB_VAULT_BIN,
# LAB_NOMAD_BIN, LAB_CONSUL_TEMPLATE_BIN), ports 8200 and 4646, and about a quarter of an hour. Prints a table, puts it
# between the marks in the file that is named, and ends with `N passed, N failed`.
set -uo pipefail
lab=$(realpath "$1")
page=${2:+$(realpath "$2")}
walks=$(cd "$(dirname "$0")/../../../shared/walks" && pwd) || { echo "skipped: ../shared/walks is not here"; exit 0; }
for program in LAB_VAULT_BIN LAB_NOMAD_BIN LAB_CONSUL_TEMPLATE_BIN; do
  [ -n "${!program:-}" ] || { echo "skipped: $program is not set"; exit 0; }
done
work=$(mktemp -d)
. "$(dirname "$0")/../local/leftovers.sh"
trap 'end_leftovers "$work"; rm -rf "$work"' EXIT
# The walks' own directories.
export TMPDIR=$work
"$lab" shims "$work/lab" >/dev/null 2>&1
mkdir "$work/real" "$work/results"
ln -s "$LAB_VAULT_BIN" "$work/real/vault"
ln -s "$LAB_NOMAD_BIN" "$work/real/nomad"
ln -s "$LAB_CONSUL_TEMPLATE_BIN" "$work/real/consul-template"

# programs SERVER AGENTS CLI TEMPLATE: a directory with programs that are the lab's or the real ones, by what they are asked.
programs() {
  local mix=$work/$1-$2-$3-$4
  if mkdir "$mix" 2>/dev/null; then
    printf '#!/bin/sh\n[ "$1" != server ] || exec %s/vault "$@"\nexec %s/vault "$@"\n' "$work/$1" "$work/$3" >"$mix/vault"
    printf '#!/bin/sh\n[ "$1" != agent ] || exec %s/nomad "$@"\nexec %s/nomad "$@"\n' "$work/$2" "$work/$3" >"$mix/nomad"
    ln -s "$work/$4/consul-template" "$mix/consul-template"
    chmod +x "$mix/vault" "$mix/nomad"
  fi
  echo "$mix"
}
# walk GUIDE SERVER AGENTS CLI TEMPLATE: its result goes to a file.
walk() {
  local out=$work/results/$1-$2-$3-$4-$5
  # A second time where the first met with something of the machine's: a port that was taken.
  for _ in 1 2; do
    PATH=$(programs "${@:2}"):$PATH bash "$walks/guide-$1.sh" >"$out.log" 2>&1 && break
  done
  tail -n 1 "$out.log" >"$out"
  grep -q ' 0 failed' "$out" || { echo "FAIL  $*"; grep '^FAIL' "$out.log"; }
}
result() { cat "$work/results/$1" 2>/dev/null || echo "not run"; }

ours="lab real"
echo "guide-workload-identity, eight mixes one after another; the others four at a time" >&2
# The first has ports of its own and nobody beside it on them.
(for server in $ours; do for agents in $ours; do for cli in $ours; do walk workload-identity $server $agents $cli lab; done; done; done) &
for agents in $ours; do for cli in $ours; do walk enable-tls lab $agents $cli lab & done; done
wait
for server in $ours; do for agents in $ours; do
  for cli in $ours; do for template in $ours; do walk vault-pki $server $agents $cli $template & done; done
  wait
done; done

table() {
  echo "| Vault's server | Nomad's agents | command lines | consul-template | 002 | 003 | 004 |"
  echo "|---|---|---|---|---|---|---|"
  for server in $ours; do for agents in $ours; do for cli in $ours; do for template in $ours; do
    echo "| $server | $agents | $cli | $template | $(result enable-tls-lab-$agents-$cli-lab) |" \
      "$(result vault-pki-$server-$agents-$cli-$template) | $(result workload-identity-$server-$agents-$cli-lab) |"
  done; done; done; done
}
table | tee "$work/table"
if [ -n "$page" ]; then
  sed -i -e "/^<!-- matrix -->$/,/^<!-- end of matrix -->$/{//!d}" -e "/^<!-- matrix -->$/r $work/table" "$page"
fi
failed=$(cat "$work"/results/*.log | grep -c '^FAIL')
passed=$(cat "$work"/results/*.log | grep -c '^ok')
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
