#!/usr/bin/env bash
# killed.sh LAB [TIMES]: starts the safe sequence on the real programs, kills `lab` after a random time, and looks for
# processes, mounts and files that are left. Needs the real programs, as `lab run --target local` does. Ends with
# `N passed, N failed`.
set -uo pipefail
lab=$(realpath "$1")
times=${2:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
passed=0 failed=0
left() {
  grep -lz "=$work/" /proc/[0-9]*/environ 2>/dev/null | xargs -r grep -Lz '^LAB_KILLED_SH=' | wc -l
}
export LAB_KILLED_SH=1
for number in $(seq "$times"); do
  seconds=$((RANDOM % 40 + 1))
  signal=$([ $((number % 2)) = 0 ] && echo TERM || echo KILL)
  env -u LAB_KILLED_SH "$lab" run --target local >out 2>err &
  sleep "$seconds"
  kill "-$signal" $! 2>/dev/null
  wait $! 2>/dev/null
  for _ in $(seq 100); do
    [ -z "$(ls .lab/local 2>/dev/null)" ] && break
    sleep 0.1
  done
  processes=$(left) mounts=$(grep -c "$work" /proc/mounts) files=$(ls .lab/local 2>/dev/null | wc -l)
  if [ "$processes$mounts$files" = 000 ]; then
    passed=$((passed + 1))
    echo "ok    $signal after $seconds s leaves nothing"
  else
    failed=$((failed + 1))
    echo "FAIL  $signal after $seconds s leaves $processes processes, $mounts mounts, $files directories"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
