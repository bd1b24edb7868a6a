# end_leftovers DIRECTORY: ends what runs with a path below the directory in its environment, and unmounts what is mounted
# there. Tasks outlive an agent that is killed: the real one's with an executor, the lab's by themselves.
end_leftovers() {
  local process
  for process in $(grep -lz "=$1/" /proc/[0-9]*/environ 2>/dev/null); do
    process=${process#/proc/}
    [ "${process%/environ}" = "$$" ] || kill -KILL "${process%/environ}" 2>/dev/null || true
  done
  grep -o " $1/[^ ]*" /proc/mounts | xargs -r umount -l
}
