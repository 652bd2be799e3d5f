# The vendor's way to the engine. Sourced after common.sh.
# shellcheck shell=bash

# The versions that are known to work together with the pinned @pulumi packages.
ENGINE_VERSION=3.259.0

# "unreachable" once the vendor could not be reached: nobody waits for the same time-out twice.
VN_VENDOR="${VN_VENDOR:-}"

engine_home() { printf '%s/engine/%s\n' "$(vn_cache)" "$ENGINE_VERSION"; }

# path_without DIR: PATH without the folders below DIR.
path_without() {
  local part parts kept=()
  IFS=: read -ra parts <<<"$PATH"
  for part in "${parts[@]}"; do
    case "$part/" in "$1"/engine/* | "$1"/plugins/*) ;; *) kept+=("$part") ;; esac
  done
  (IFS=:; printf '%s\n' "${kept[*]}")
}

# engine_complete PATH: the engine with its language host; the engine also looks beside its own program.
engine_complete() {
  local engine
  engine="$(PATH="$1" type -P pulumi)" || return 1
  [ -x "$(dirname "$(realpath "$engine")")/pulumi-language-nodejs" ] ||
    PATH="$1" type -P pulumi-language-nodejs >/dev/null
}

# vendor_reachable: asks for the vendor's installation script, for 15 seconds at most, once.
vendor_reachable() {
  [ "$VN_VENDOR" = '' ] || [ "$VN_VENDOR" = reachable ] || return 1
  [ "$VN_VENDOR" = '' ] || return 0
  if ! vendor_script >/dev/null; then
    VN_VENDOR=unreachable
    return 1
  fi
  VN_VENDOR=reachable
}

# The address is the Node SDK's own: it carries the vendor's installer and knows where that has its script.
vendor_script() {
  timeout 15 node -e '
    const { download } = require("@pulumi/pulumi/automation/download");
    const source = require("node:fs").readFileSync(require.resolve("@pulumi/pulumi/automation/cmd"), "utf8");
    const address = /"(https:[^"]+\/install\.sh)"/.exec(source)?.[1];
    if (!address) throw new Error("the SDK names no installation script");
    download(address).catch((error) => { console.error(error.message); process.exitCode = 1; });
  ' 2>/dev/null
}

# vendor_engine: installs the engine as the Node SDK does, and believes it only when it says its version.
vendor_engine() {
  local home new
  vendor_reachable || return 1
  home="$(engine_home)"
  new="$home.new.$$"
  say "engine: installing $ENGINE_VERSION the vendor's way" "moteur : installation de $ENGINE_VERSION à la manière de l'éditeur"
  timeout 900 node -e '
    const { PulumiCommand } = require("@pulumi/pulumi/automation");
    const { SemVer } = require("semver");
    const [root, version] = process.argv.slice(1);
    PulumiCommand.install({ root, version: new SemVer(version) }).catch((error) => {
      console.error(String(error.message));
      process.exitCode = 1;
    });
  ' "$new" "$ENGINE_VERSION" >&2 || { rm -rf "$new"; return 1; }
  if [ "$("$new/bin/pulumi" version)" != "v$ENGINE_VERSION" ] || ! engine_complete "$new/bin"; then
    say "engine: what the vendor's script installed is not $ENGINE_VERSION with its language host" \
      "moteur : ce que le script de l'éditeur a installé n'est pas $ENGINE_VERSION avec son hôte de langage"
    rm -rf "$new"
    return 1
  fi
  printf "the vendor's, %s\n" "$ENGINE_VERSION" >"$new/origin"
  rm -rf "$home"
  mv "$new" "$home"
}
