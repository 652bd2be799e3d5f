#!/usr/bin/env bash
# The first process of a throwaway host: starts sshd and cron, as an init system would, and ends when one of
# them does, which ends the host. bash reaps what others leave behind.
set -u
cron -f &
cron=$!
/usr/sbin/sshd -D -e &
sshd=$!
trap 'exit 0' TERM
wait -n "$cron" "$sshd"
echo "throwaway-init: sshd or cron has ended" >&2
exit 1
