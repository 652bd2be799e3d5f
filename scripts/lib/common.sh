# Shared by the project's shell programs: where costly things are kept, and how a step is told.
# shellcheck shell=bash

# Kept between runs, outside the tree: engine, base trees of hosts, Python wheels.
vn_cache() {
  local dir="${VN_CHECK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vn-sync-check}"
  mkdir -p "$dir"
  printf '%s\n' "$dir"
}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# as_root CMD…: runs CMD as root, through sudo where the caller is not.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# need_packages PACKAGE…: installs with apt what is not installed yet; starts no service.
need_packages() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  say "apt: installing ${missing[*]}"
  [ -n "${VN_APT_UPDATED:-}" ] || { as_root apt-get update -qq >&2 || say "apt: update failed, going on with the old lists"; VN_APT_UPDATED=1; }
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
