# Shared by the project's shell programs: where costly things are kept, and how a step is told.
# shellcheck shell=bash

# The language of what is told: --lang of the program that asks, else the terminal's.
case "${VN_LANG:=${LC_ALL:-${LC_MESSAGES:-${LANG:-en}}}}" in fr*) VN_LANG=fr ;; *) VN_LANG=en ;; esac
export VN_LANG

# Kept between runs, outside the tree: engine, base trees of hosts, Python wheels.
vn_cache() {
  local dir="${VN_CHECK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vn-sync-check}"
  mkdir -p "$dir"
  printf '%s\n' "$dir"
}

# in_words ENGLISH FRENCH: the one of the user's language. A text without words is given once.
in_words() { if [ "$VN_LANG" = fr ]; then printf '%s\n' "${2-$1}"; else printf '%s\n' "$1"; fi; }

say() { in_words "$@" >&2; }
die() { say "error: $1" "erreur : ${2-$1}"; exit 1; }

# refuse ENGLISH FRENCH: for a wrong command line, before anything is done; the program has a `usage`.
refuse() { usage >&2; say "error: $1" "erreur : ${2-$1}"; exit 2; }

# took SECONDS: a duration as people read it.
took() { if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi; }

# timed ENGLISH FRENCH CMD…: says what begins, runs it, and says how long it took.
timed() {
  local since=$SECONDS status
  say "$1" "$2"
  shift 2
  "$@"
  status=$?
  say "  done in $(took $((SECONDS - since)))" "  terminé en $(took $((SECONDS - since)))"
  return "$status"
}

# progress: says the lines of its input while they come, the newest one each ten seconds.
progress() {
  local line last=$SECONDS
  while IFS= read -r line; do
    [ $((SECONDS - last)) -ge 10 ] || continue
    last=$SECONDS
    say "  $line"
  done
}

# counted ENGLISH FRENCH [TOTAL]: of each line of its input the number, as a line for `progress`.
counted() {
  local line n=0
  while IFS= read -r line; do
    n=$((n + 1))
    in_words "$1: $n${3:+ / $3}" "$2 : $n${3:+ / $3}"
  done
}

# as_root CMD…: runs CMD as root, through sudo where the caller is not.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# need_packages PACKAGE…: installs with apt what is not installed yet; starts no service.
need_packages() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  if [ -z "${VN_APT_UPDATED:-}" ]; then
    timed "apt: reading the lists of packages" "apt : lecture des listes de paquets" as_root apt-get update -qq >&2 ||
      say "apt: update failed, going on with the old lists" "apt : échec de la mise à jour, suite avec les anciennes listes"
    export VN_APT_UPDATED=1 # for the project's programs that are started from here
  fi
  timed "apt: installing ${missing[*]}" "apt : installation de ${missing[*]}" apt_install "${missing[@]}"
}

# apt tells its progress on a third descriptor, which sudo would close: it is opened behind sudo.
apt_install() {
  # shellcheck disable=SC2016 # for the inner shell
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c '
    exec apt-get install -y -qq --no-install-recommends -o APT::Status-Fd=3 "$@" 3>&1 >/dev/null' apt "$@" |
    apt_percent | progress
} 2> >(grep --line-buffered -v '^debconf: delaying package configuration' >&2)

apt_percent() {
  local what percent _
  while IFS=: read -r what _ percent _; do
    case "$what" in
      dlstatus) in_words "${percent%%[.,]*} % downloaded" "${percent%%[.,]*} % téléchargés" ;;
      pmstatus) in_words "${percent%%[.,]*} % installed" "${percent%%[.,]*} % installés" ;;
    esac
  done
}
