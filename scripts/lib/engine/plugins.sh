# The provider plugins that the engine runs. Sourced after common.sh and vendor.sh.
# shellcheck shell=bash

# plugin_version NAME: the plugin that belongs to the pinned package of the same name.
# shellcheck disable=SC2016 # JavaScript
plugin_version() { node -p 'require(`@pulumi/${process.argv[1]}/package.json`).version' "$1"; }

# need_plugin NAME: makes sure that the engine finds it. A stand-in goes last on PATH: an executable of the
# plugin's name further ahead, and so an official one, is used instead.
need_plugin() {
  local name="$1" version found
  version="$(plugin_version "$name")"
  if found="$(type -P "pulumi-resource-$name")"; then
    say "plugin $name: $found (on PATH)" "greffon $name : $found (dans le PATH)"
  elif plugin_installed "$name" "$version"; then
    say "plugin $name: $version (installed)" "greffon $name : $version (installé)"
  elif vendor_reachable && timeout 300 pulumi plugin install resource "$name" "v$version" >&2; then
    say "plugin $name: $version (the vendor's, installed now)" "greffon $name : $version (celui de l'éditeur, installé à l'instant)"
  else
    found="$(stand_in "$name")"
    PATH="$PATH:$found"
    say "plugin $name: A STAND-IN of this project's (test/plugins/$name), because the vendor's $version cannot be had here" \
      "greffon $name : UNE DOUBLURE de ce projet (test/plugins/$name), car la version $version de l'éditeur n'est pas accessible ici"
  fi
}

plugin_installed() {
  pulumi plugin ls --json 2>/dev/null | node -e '
    const [name, version] = process.argv.slice(1);
    const found = JSON.parse(require("node:fs").readFileSync(0, "utf8") || "[]");
    process.exitCode = found.some((p) => p.kind === "resource" && p.name === name && p.version === version) ? 0 : 1;
  ' "$1" "$2"
}

# stand_in NAME: the folder with the executable, bundled anew when its source has changed.
stand_in() {
  local name="$1" root hash home new
  root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
  hash="$(cd "$root" && find test/plugins scripts/lib/engine/plugins.sh package-lock.json -type f ! -name '*.test.ts' |
    LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12)"
  home="$(vn_cache)/plugins/$hash/$name"
  if [ ! -x "$home/pulumi-resource-$name" ]; then
    find "$(vn_cache)/plugins" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} + 2>/dev/null || true
    new="$home.new.$$"
    mkdir -p "$new"
    # Native accelerators are optional in both libraries, and no file of a bundle.
    (cd "$root" && node_modules/.bin/esbuild "test/plugins/$name/main.ts" --bundle --platform=node --target=node20 \
      --outfile="$new/provider.cjs" --log-level=error --external:cpu-features --external:pg-native '--external:*.node') >&2
    # shellcheck disable=SC2016 # for the launcher to expand
    printf '#!/bin/sh\nexec node "$(dirname "$0")/provider.cjs" "$@"\n' >"$new/pulumi-resource-$name"
    chmod 755 "$new/pulumi-resource-$name"
    mv -T "$new" "$home" 2>/dev/null || rm -rf "$new" # another run was faster
  fi
  printf '%s\n' "$home"
}
