# The tree that each throwaway host starts from, kept as an archive in the cache. Sourced after common.sh,
# namespaces.sh and carry.sh.
# shellcheck shell=bash

# What every server has before the kit comes: ssh, cron, sudo, certificates. Python's venv, Node and
# PostgreSQL's client are for the kit to install.
HOST_PACKAGES=(openssh-server cron sudo ca-certificates procps iproute2 less)

host_cache() { mkdir -p "$(vn_cache)/host"; printf '%s/host\n' "$(vn_cache)"; }

# host_base RELEASE: prints the archive of the base tree, built first if there is none (about a minute).
host_base() {
  local release="$1" cache recipe archive build lock
  cache="$(host_cache)"
  recipe="$(cat "${BASH_SOURCE[0]}" "$(dirname "${BASH_SOURCE[0]}")/init.sh" | sha256sum | cut -c1-12)"
  archive="$cache/$release-$recipe.tar"
  exec {lock}>"$cache/$release.lock"
  flock "$lock"
  if [ ! -f "$archive" ]; then
    say "host: building the base tree of $release, kept in $archive"
    need_packages debootstrap
    build="$(mktemp -d "$cache/build.XXXXXX")"
    if ! host_build "$release" "$build" >"$cache/$release.log" 2>&1; then
      tail -n 30 "$cache/$release.log" >&2
      rm -rf --one-file-system "$build"
      die "the base tree of $release could not be built; all of the output is in $cache/$release.log"
    fi
    rm -f "$cache/$release"-*.tar
    tar -C "$build/tree" --numeric-owner -cf "$archive.new" .
    mv "$archive.new" "$archive"
    rm -rf --one-file-system "$build"
  fi
  exec {lock}>&-
  printf '%s\n' "$archive"
}

# host_build RELEASE DIR: DIR/tree, with apt's lists in it so that the next install starts at once.
host_build() {
  local release="$1" tree="$2/tree" mirror security
  mirror="$(apt_mirror 'Label: Debian')"
  # Without a mirror of its own to name, debootstrap takes Debian's.
  debootstrap --variant=minbase "$release" "$tree" ${mirror:+"$mirror"} || return 1
  mirror="$(awk '$1 == "deb" { print $2; exit }' "$tree/etc/apt/sources.list")"
  security="$(apt_mirror 'Label: Debian-Security')"
  {
    printf 'deb %s %s main\n' "$mirror" "$release" "$mirror" "$release-updates"
    [ -z "$security" ] || printf 'deb %s %s-security main\n' "$security" "$release"
  } >"$tree/etc/apt/sources.list"
  printf 'throwaway-%s\n' "$release" >"$tree/etc/hostname"
  # Nothing starts a service by being installed: the host's first process starts what runs.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  carry_network "$tree"
  (host_enter "$tree" bash -euc '
    apt-get update
    apt-get install -y --no-install-recommends "$@"
    rm -f /etc/ssh/ssh_host_*
    apt-get clean
  ' base "${HOST_PACKAGES[@]}") </dev/null || return 1
  install -m 755 "$(dirname "${BASH_SOURCE[0]}")/init.sh" "$tree/usr/local/sbin/throwaway-init"
}

# apt_mirror FILTER: where apt outside has Debian's packages from, nothing if it has them from nowhere.
apt_mirror() {
  # shellcheck disable=SC2016 # apt-get's own placeholder
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "$1" 2>/dev/null | head -n 1
}
