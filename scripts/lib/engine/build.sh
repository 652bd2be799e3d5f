# The engine and its language host built from their Go modules, for machines that reach no vendor. Sourced
# after common.sh and vendor.sh.
# shellcheck shell=bash

# Go 1.21 is the first that fetches the toolchain that a module asks for.
GO_MINOR_NEEDED=21

# The last release in which the language host is a package of the SDK's module; any engine of today runs it.
LANGUAGE_HOST_VERSION=3.68.0

# build_engine: `go install pkg@version` refuses modules with replacements, so each program has a small
# module beside this file; two, because they need different versions of the same SDK.
build_engine() {
  local home new modules lock
  home="$(engine_home)"
  modules="$(dirname "${BASH_SOURCE[0]}")"
  mkdir -p "$(dirname "$home")"
  exec {lock}>"$home.lock"
  flock "$lock"
  if ! engine_complete "$home/bin"; then
    need_go
    new="$home.new.$$"
    mkdir -p "$new/bin"
    : >"$home.log"
    if ! { go_build "$modules/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$ENGINE_VERSION" "$new/bin/pulumi" &&
      go_build "$modules/language-nodejs" github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs \
        "$LANGUAGE_HOST_VERSION" "$new/bin/pulumi-language-nodejs"; }; then
      tail -n 30 "$home.log" >&2
      rm -rf "$new"
      die "the engine could not be built; all of the output is in $home.log" \
        "le moteur n'a pas pu être construit ; tout ce qui a été affiché est dans $home.log"
    fi
    printf 'built, %s\n' "$ENGINE_VERSION" >"$new/origin"
    rm -rf "$home"
    mv "$new" "$home"
  fi
  exec {lock}>&-
}

# go_build MODULE PACKAGE VERSION TARGET: without the version in it the program would print an empty one.
# Other flags would mean a full rebuild of all that is in Go's cache.
go_build() {
  local log
  log="$(engine_home).log"
  export GOTOOLCHAIN=auto GOFLAGS='' CGO_ENABLED=0
  (cd "$1" && go list -deps "$2" 2>&1 >"$4.packages" | tee -a "$log" |
    counted "modules fetched" "modules récupérés" | progress) || return 1
  (cd "$1" && go build -v -buildvcs=false -trimpath \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$3" -o "$4" "$2" 2>&1 |
    tee -a "$log" | counted "packages compiled" "paquets compilés" "$(wc -l <"$4.packages")" | progress) || return 1
  rm "$4.packages"
}

# need_go: a Go on PATH, else the newest that Debian packages (backports too), unpacked in the cache and not
# installed: it only has to fetch the toolchain that the modules ask for.
need_go() {
  local home go minor
  home="$(vn_cache)/go"
  minor="$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p' || true)"
  [ "${minor:-0}" -lt "$GO_MINOR_NEEDED" ] || return 0
  go="$(find_go "$home")"
  if [ -z "$go" ]; then
    timed "go: ${minor:+1.}${minor:-none} found, 1.$GO_MINOR_NEEDED or newer needed: unpacking Debian's in $home" \
      "go : ${minor:+1.}${minor:-absent}, il faut 1.$GO_MINOR_NEEDED ou plus récent : celui de Debian est déposé dans $home" \
      unpack_go "$home" || true
    go="$(find_go "$home")"
  fi
  [ -n "$go" ] || die "building the engine needs Go 1.$GO_MINOR_NEEDED or newer, and no Debian package of it was found.
Install Go or Pulumi (its vendor's instructions), put it on PATH and start again." \
    "pour construire le moteur il faut Go 1.$GO_MINOR_NEEDED ou plus récent, et aucun paquet Debian n'en a été trouvé.
Installez Go ou Pulumi (selon les instructions de l'éditeur), mettez-le dans le PATH et relancez."
  PATH="$(dirname "$go"):$PATH"
}

find_go() { { find "$1" -path '*/usr/lib/go-1.*/bin/go' 2>/dev/null || true; } | sort -V | tail -n 1; }

# unpack_go DIR: apt with lists of its own, so that nothing of the system's changes.
unpack_go() {
  local dir="$1" state release minor deb options
  # shellcheck disable=SC1091
  release="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")"
  state="$(mktemp -d)"
  mkdir -p "$state/lists/partial" "$dir"
  debian_source "$release" >"$state/sources.list" || { rm -rf "$state"; return 1; }
  options=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$state/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=)
  apt-get "${options[@]}" update -qq >&2 || { rm -rf "$state"; return 1; }
  minor="$(apt-cache "${options[@]}" pkgnames golang-1. | sed -n 's/^golang-1\.\([0-9]*\)-go$/\1/p' | sort -n | tail -n 1)"
  if [ "${minor:-0}" -ge "$GO_MINOR_NEEDED" ] &&
    (cd "$state" && apt-get "${options[@]}" download -qq "golang-1.$minor-go" "golang-1.$minor-src" >&2); then
    for deb in "$state"/*.deb; do dpkg -x "$deb" "$dir"; done
  fi
  rm -rf "$state"
}

# debian_source RELEASE: the mirror that this machine has its packages from, with the release's backports.
debian_source() {
  local mirror
  # shellcheck disable=SC2016 # apt-get's own placeholder
  mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)"
  [ -n "$mirror" ] || return 1
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
    "$mirror" "$1" "$mirror" "$1-backports"
}
