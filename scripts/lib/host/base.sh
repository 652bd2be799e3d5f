# The trees that throwaway hosts and bare machines start from, kept as archives in the cache. Sourced after
# common.sh, namespaces.sh and carry.sh.
# shellcheck shell=bash

# What every server has before the kit comes: ssh, cron, sudo, certificates. Python's venv, Node and
# PostgreSQL's client are for the kit to install.
HOST_PACKAGES=(openssh-server cron sudo ca-certificates procps iproute2 less)

# What a machine needs for the README's first line, git clone, and nothing more.
BARE_PACKAGES=(git ca-certificates)

host_cache() { mkdir -p "$(vn_cache)/host"; printf '%s/host\n' "$(vn_cache)"; }

# host_base RELEASE [KIND]: prints the archive of the base tree of a host (or, KIND "bare", of a bare machine),
# built first if there is none (about a minute).
host_base() {
  local release="$1" kind="${2:-host}" cache recipe archive build lock
  cache="$(host_cache)"
  recipe="$(cat "${BASH_SOURCE[0]}" "$(dirname "${BASH_SOURCE[0]}")/init.sh" | sha256sum | cut -c1-12)"
  archive="$cache/$kind-$release-$recipe.tar"
  exec {lock}>"$cache/$kind-$release.lock"
  flock "$lock"
  if [ ! -f "$archive" ]; then
    need_packages debootstrap
    build="$(mktemp -d "$cache/build.XXXXXX")"
    if ! timed "host: building the base tree of $release ($kind), kept in $archive" \
      "hôte : construction de l'arbre de base $release ($kind), gardé dans $archive" \
      host_build_logged "$release" "$build" "$kind" "$cache/$kind-$release.log"; then
      tail -n 30 "$cache/$kind-$release.log" >&2
      rm -rf --one-file-system "$build"
      die "the base tree of $release could not be built; all of the output is in $cache/$kind-$release.log" \
        "l'arbre de base $release n'a pas pu être construit ; tout ce qui a été affiché est dans $cache/$kind-$release.log"
    fi
    rm -f "$cache/$kind-$release"-*.tar
    tar -C "$build/tree" --numeric-owner -cf "$archive.new" .
    mv "$archive.new" "$archive"
    rm -rf --one-file-system "$build"
  fi
  exec {lock}>&-
  printf '%s\n' "$archive"
}

# host_build_logged RELEASE DIR KIND LOG
host_build_logged() {
  host_build "$1" "$2" "$3" 2>&1 | tee "$4" |
    sed -u -n 's/^\(I: [A-Z][a-z]*ing\) .*/\1/p; s/^\(Unpacking\|Setting up\) .*/\1/p' |
    counted "steps of packages" "étapes de paquets" | progress
}

# host_build RELEASE DIR KIND: DIR/tree; a host's with apt's lists in it, so that its next install starts at once.
host_build() {
  local release="$1" tree="$2/tree" kind="$3" packages mirror security
  if [ "$kind" = bare ]; then packages=("${BARE_PACKAGES[@]}"); else packages=("${HOST_PACKAGES[@]}"); fi
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
  # Nothing starts a service by being installed: the host's first process starts what runs, and the network
  # is that of the machine outside.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  carry_network "$tree"
  (host_enter "$tree" bash -euc '
    apt-get update
    apt-get install -y --no-install-recommends "$@"
    rm -f /etc/ssh/ssh_host_*
    apt-get clean
  ' base "${packages[@]}") </dev/null || return 1
  if [ "$kind" = bare ]; then rm -rf "$tree"/var/lib/apt/lists/*; return; fi
  install -m 755 "$(dirname "${BASH_SOURCE[0]}")/init.sh" "$tree/usr/local/sbin/throwaway-init"
}

# apt_mirror FILTER: where apt outside has Debian's packages from, nothing if it has them from nowhere.
apt_mirror() {
  # shellcheck disable=SC2016 # apt-get's own placeholder
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "$1" 2>/dev/null | head -n 1
}
