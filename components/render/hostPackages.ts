/** What the kit needs of Debian beside what every installation has. */
const PACKAGES = [
  "ca-certificates",
  "cron",
  "passwd",
  "postgresql-client",
  "python3",
  "python3-venv",
  "util-linux",
] as const;

/** The oldest that the runner's bundle is made for; Debian 12 has it. */
const NODE_MAJOR = 18;

/**
 * Installs with apt only what is missing. Node may come from anywhere: the package is added only where no
 * `node` is on PATH. Destroy leaves packages alone: others may use them by then.
 */
export function installPackages(): string {
  return `command -v apt-get >/dev/null || { echo "the host has no apt-get: this kit installs on Debian 12 or 13" >&2; exit 1; }
missing=
for package in ${PACKAGES.join(" ")}; do
  dpkg-query -W -f='\${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
command -v node >/dev/null || missing="$missing nodejs"
if [ -n "$missing" ]; then
  echo "installing with apt:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=600 -qq update </dev/null || echo "apt-get update failed; going on with the lists that are there" >&2
  # a list of words
  # shellcheck disable=SC2086
  apt-get -o DPkg::Lock::Timeout=600 -qq install -y --no-install-recommends $missing </dev/null >/dev/null
fi
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge ${NODE_MAJOR} ] || { echo "node on the host is $(node --version); the jobs need ${NODE_MAJOR} or later: remove it, or install Debian's nodejs" >&2; exit 1; }`;
}
