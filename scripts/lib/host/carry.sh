# What lets a throwaway host reach the same package registries as the machine outside: its name resolution,
# certificates, and the settings of apt and pip; a bare machine those of npm and Go too. Sourced after common.sh.
# shellcheck shell=bash

# Variables that programs on the host need to reach a registry through what is set up outside.
CARRIED='^(PIP_[A-Z_]+|(npm|NPM)_(config|CONFIG)_[A-Za-z_]+|GO(PROXY|SUMDB|PRIVATE|NOPROXY|NOSUMDB|INSECURE)|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|(http|https|ftp|all|no)_proxy|(HTTP|HTTPS|ALL|NO)_PROXY)='

# carry_network TREE: name resolution, certificates and apt's settings.
carry_network() {
  local tree="$1" bundle=/etc/ssl/certs/ca-certificates.crt
  cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
  { cat /etc/hosts; printf '127.0.1.1 %s\n' "$(cat "$tree/etc/hostname")"; } >"$tree/etc/hosts"
  if [ -f "$bundle" ]; then
    mkdir -p "$tree/etc/ssl/certs"
    cp -L "$bundle" "$tree$bundle"
  fi
  if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$tree/usr/local/share/ca-certificates"
    cp -rL /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
  fi
  # Only what says how to reach a mirror: hooks and paths of the machine outside have no place in there.
  mkdir -p "$tree/etc/apt/apt.conf.d"
  apt-config dump 2>/dev/null |
    grep -E '^Acquire::(.*Proxy|https?::.*(CaInfo|CaPath|Verify)|Check-|Languages|Retries|ForceIPv4|https?::Timeout)' \
      >"$tree/etc/apt/apt.conf.d/80carried" || true
}

# carry_environment TREE: pip's settings and the variables above, for ssh sessions, cron jobs (both read
# /etc/environment through PAM) and what runs through sudo.
carry_environment() {
  local tree="$1" line name value names=()
  : >"$tree/etc/environment"
  while IFS= read -r line; do
    [[ $line =~ $CARRIED ]] || continue
    name="${line%%=*}" value="${line#*=}"
    # A path that the host lacks would be worse than no setting; PAM reads no quotes or blanks reliably.
    case "$value" in /*) [ -e "$tree$value" ] || continue ;; esac
    case "$value" in '' | *[!A-Za-z0-9_./:@%,+~=-]*) continue ;; esac
    printf '%s=%s\n' "$name" "$value" >>"$tree/etc/environment"
    names+=("$name")
  done < <(env)
  [ "${#names[@]}" = 0 ] || {
    mkdir -p "$tree/etc/sudoers.d"
    printf 'Defaults env_keep += "%s"\n' "${names[*]}" >"$tree/etc/sudoers.d/carried"
    chmod 440 "$tree/etc/sudoers.d/carried"
  }
  carry_pip "$tree"
}

# carry_pip TREE: pip's configuration file; without one outside, the same settings from its variables, for
# programs that run with a bare environment.
carry_pip() {
  local tree="$1" file name value
  for file in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf" /etc/pip.conf; do
    [ -s "$file" ] || continue
    install -m 644 "$file" "$tree/etc/pip.conf"
    return
  done
  {
    printf '[global]\n'
    while IFS='=' read -r name value; do
      case "$name" in PIP_*) ;; *) continue ;; esac
      name="${name#PIP_}"
      printf '%s = %s\n' "$(printf '%s' "$name" | tr 'A-Z_' 'a-z-')" "$value"
    done <"$tree/etc/environment"
  } >"$tree/etc/pip.conf"
}

# carry_clients TREE: how npm and Go reach their registries, from their own files. npm's may hold a token.
carry_clients() {
  local tree="$1" file
  for file in "${NPM_CONFIG_GLOBALCONFIG:-/etc/npmrc}" /usr/etc/npmrc /usr/local/etc/npmrc "${NPM_CONFIG_USERCONFIG:-$HOME/.npmrc}"; do
    [ ! -r "$file" ] || grep -E '^ *(//|@[^=]*:registry|registry|(https?-)?proxy|noproxy|cafile|ca(\[\])?|strict-ssl) *[=:/]?' "$file" || true
  done | (umask 077 && cat >"$tree/root/.npmrc")
  file="${GOENV:-${XDG_CONFIG_HOME:-$HOME/.config}/go/env}"
  if [ -r "$file" ]; then
    mkdir -p "$tree/root/.config/go"
    grep -E '^GO(PROXY|SUMDB|PRIVATE|NOPROXY|NOSUMDB|INSECURE)=' "$file" >"$tree/root/.config/go/env" || true
  fi
}
