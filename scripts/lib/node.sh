# Node and the project's packages, for the shell programs. Sourced after common.sh.
# shellcheck shell=bash

# The operator's side needs Node ≥ 20; Debian 12 has 18, whose npm can fetch a newer one as a package.
readonly VN_NODE_MAJOR=20
readonly VN_NODE_PACKAGE_VERSION=22.23.3

vn_node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# need_node: makes sure of Node ≥ 20 and npm, and puts them first on PATH.
need_node() {
  local arch home
  command -v npm >/dev/null || need_packages nodejs npm
  if [ "$(vn_node_major)" -lt "$VN_NODE_MAJOR" ]; then
    case "$(uname -m)" in
      x86_64) arch=x64 ;;
      aarch64) arch=arm64 ;;
      *) die "Node $(node --version 2>/dev/null || echo 'none') is too old and there is no package of it for $(uname -m): install Node $VN_NODE_MAJOR or newer" ;;
    esac
    home="$(vn_cache)/node/$VN_NODE_PACKAGE_VERSION"
    if [ ! -x "$home/node_modules/node-linux-$arch/bin/node" ]; then
      say "node: $(node --version 2>/dev/null || echo none) is too old, installing $VN_NODE_PACKAGE_VERSION as a package under $home"
      npm install --prefix "$home" --no-save --silent "node-linux-$arch@$VN_NODE_PACKAGE_VERSION" >&2
    fi
    PATH="$home/node_modules/node-linux-$arch/bin:$PATH"
    export PATH
  fi
  [ "$(vn_node_major)" -ge "$VN_NODE_MAJOR" ] || die "Node $VN_NODE_MAJOR or newer is needed, found $(node --version)"
}

# need_modules: installs the packages that package-lock.json pins, once per lock file, and builds the runner.
need_modules() {
  local mark=node_modules/.installed-lock
  if ! cmp -s package-lock.json "$mark"; then
    say "npm: installing the pinned packages"
    # Not `npm ci`: npm 11 takes the optional packages of other platforms for missing ones and refuses.
    npm install --no-audit --no-fund --loglevel=error >&2
    git diff --quiet -- package-lock.json 2>/dev/null || die "package.json and package-lock.json do not fit each other"
    cp package-lock.json "$mark"
  fi
  npm run --silent build >&2
}
