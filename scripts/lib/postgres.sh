#!/usr/bin/env bash
# postgres.sh [MAJOR]: makes sure that a PostgreSQL server with PostGIS can be started by the tests, the
# demo and the bench. Prints the folder of its programs (initdb, postgres …) and, for a version that only
# another Debian has, a tab and the root of the tree in which they live. Starts nothing, creates no cluster.
# Also to be sourced, for `postgres_bin`.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# postgres_bin: the programs of the distribution's PostgreSQL, installed with PostGIS where they are not.
postgres_bin() {
  local version
  version="$(postgres_version)" || return 1
  # The package would create and start a cluster of its own, which nobody here asked for.
  if [ ! -x "/usr/lib/postgresql/$version/bin/initdb" ]; then
    need_packages postgresql-common
    as_root sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
      printf "create_main_cluster = false\n" > /etc/postgresql-common/createcluster.d/vn-sync-check.conf'
  fi
  need_packages "postgresql-$version" "postgresql-$version-postgis-3" "postgresql-client-$version" || return 1
  printf '/usr/lib/postgresql/%s/bin\n' "$version"
}

# postgres_version: what is installed already, else the distribution's.
postgres_version() {
  local found
  found="$(find /usr/lib/postgresql -maxdepth 1 -mindepth 1 -printf '%f\n' 2>/dev/null | sort -rn | head -1)"
  if [ -z "$found" ]; then
    found="$(postgres_packaged)"
    if [ -z "$found" ]; then as_root apt-get update -qq >&2 && found="$(postgres_packaged)"; fi
  fi
  [ -n "$found" ] || { say "no PostgreSQL package found: apt-get update, then try again" "aucun paquet PostgreSQL : apt-get update, puis relancez"; return 1; }
  printf '%s\n' "$found"
}

postgres_packaged() {
  apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -1
}

# postgres_tree MAJOR: PostgreSQL 17 from Debian 13, in a tree of its own kept in the cache (1 to 2 minutes
# the first time). Needs root: the server is started in it with chroot.
postgres_tree() {
  local version="$1" tree ready
  [ "$version" = 17 ] || { say "PostgreSQL $version: no package known; 15 (Debian 12) and 17 (Debian 13) are" "PostgreSQL $version : aucun paquet connu, hors 15 (Debian 12) et 17 (Debian 13)"; return 1; }
  [ "$(id -u)" = 0 ] || { say "PostgreSQL $version runs in a tree of Debian 13: that needs root" "PostgreSQL $version tourne dans un arbre Debian 13 : il faut être root"; return 1; }
  tree="$(vn_cache)/postgres-$version"
  ready="$tree/usr/lib/postgresql/$version/.ready"
  exec 9>"$tree.lock"
  flock 9
  if [ ! -e "$ready" ]; then
    need_packages debootstrap
    timed "PostgreSQL $version: building a tree of Debian 13 in $tree" \
      "PostgreSQL $version : construction d'un arbre Debian 13 dans $tree" build_postgres_tree "$version" "$tree"
    : >"$ready"
  fi
  # The cache may lie below a home that only root may enter; inside the tree its own rights count.
  chmod 755 "$tree"
  printf '/usr/lib/postgresql/%s/bin\t%s\n' "$version" "$tree"
}

# build_postgres_tree MAJOR TREE
build_postgres_tree() {
  local version="$1" tree="$2"
  rm -rf "$tree.new" "$tree"
  debootstrap --variant=minbase trixie "$tree.new" >&2
  cp /etc/resolv.conf /etc/hosts "$tree.new/etc/"
  printf '#!/bin/sh\nexit 101\n' >"$tree.new/usr/sbin/policy-rc.d"
  chmod +x "$tree.new/usr/sbin/policy-rc.d"
  mkdir -p "$tree.new/etc/postgresql-common/createcluster.d"
  printf 'create_main_cluster = false\n' >"$tree.new/etc/postgresql-common/createcluster.d/none.conf"
  chroot "$tree.new" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "postgresql-$version" "postgresql-$version-postgis-3" >&2
  chroot "$tree.new" apt-get clean
  mv "$tree.new" "$tree"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  if [ -z "${1:-}" ] || [ -x "/usr/lib/postgresql/$1/bin/initdb" ] || [ "$1" = "$(postgres_version)" ]; then
    postgres_bin
  else
    postgres_tree "$1"
  fi
fi
