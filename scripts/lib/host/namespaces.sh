# How a throwaway host's tree is entered. Sourced after common.sh.
# shellcheck shell=bash

HOST_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# host_enter TREE CMD…: runs CMD as the first process of namespaces of its own with TREE as root. The end of
# this process, kill -9 too, ends everything in them (--kill-child), and the kernel drops their mounts.
host_enter() {
  local tree="$1"
  shift
  exec unshare --mount --pid --uts --ipc --fork --kill-child=KILL -- \
    env -i PATH="$HOST_PATH" HOME=/root TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
    bash "$(dirname "${BASH_SOURCE[0]}")/enter.sh" "$tree" "$@"
}

# host_init_pid UNSHARE-PID: the host's process 1 as seen from outside.
host_init_pid() { tr -d ' ' <"/proc/$1/task/$1/children" 2>/dev/null; }

# process_start PID: when it started, in clock ticks since boot; with the pid it names one process for ever.
# Nothing for one that has ended, also when nobody has collected it yet.
# An ended one is no error: a caller with `set -e` must live to see that it has ended.
process_start() { { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null || true; } | awk '$1 != "Z" && $1 != "X" { print $20 }'; }
