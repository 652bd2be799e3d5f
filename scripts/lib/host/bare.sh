#!/usr/bin/env bash
# bare.sh make RELEASE DIR: unpacks a bare Debian (minbase and git) into DIR, which must be absent or empty,
# with the package clients configured as on this machine.
# bare.sh run DIR COMMAND…: runs a command in it as root, in namespaces of its own; what it has started ends
# with it. Needs root (sudo is used otherwise).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/lib/common.sh
. "$here/../common.sh"
# shellcheck source=scripts/lib/host/namespaces.sh
. "$here/namespaces.sh"
# shellcheck source=scripts/lib/host/carry.sh
. "$here/carry.sh"
# shellcheck source=scripts/lib/host/base.sh
. "$here/base.sh"

if [ "$(id -u)" != 0 ]; then
  exec sudo -n --preserve-env VN_CHECK_CACHE="$(vn_cache)" bash "$here/bare.sh" "$@"
fi
case "$1" in
  make)
    archive="$(host_base "$2" bare)"
    mkdir -p "$3"
    [ -z "$(ls -A "$3")" ] || die "$3 is not empty" "$3 n'est pas vide"
    chmod 755 "$3"
    tar -C "$3" --numeric-owner -xpf "$archive"
    carry_network "$3"
    carry_environment "$3"
    carry_clients "$3" ;;
  run)
    tree="$2"
    shift 2
    mapfile -t environment <"$tree/etc/environment"
    host_enter "$tree" env "${environment[@]}" VN_LANG="$VN_LANG" "$@" ;;
  *) die "bare.sh: make or run, not '$1'" "bare.sh : make ou run, pas « $1 »" ;;
esac
