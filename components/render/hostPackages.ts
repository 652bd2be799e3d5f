import { ACCOUNT_PATH } from "./shell";

/** What the kit needs of Debian beside what every installation has, and any provider of cron-daemon. */
const PACKAGES = [
  "ca-certificates",
  "passwd",
  "postgresql-client",
  "python3",
  "python3-venv",
  "util-linux",
] as const;

/** The oldest that the runner's bundle is made for; Debian 12 has it. */
export const NODE_MAJOR = 18;

/** Prints the names of packages that lack. Node may come from anywhere, if it is one that everybody may run. */
export const MISSING_PACKAGES = `missing=
for package in ${PACKAGES.join(" ")}; do
  dpkg-query -W -f='\${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
# systemd-cron, bcron and others do what cron does, and some of them conflict with it
dpkg-query -W -f='\${Status} \${Package} \${Provides}\\n' 2>/dev/null |
  grep -Eq '^install ok installed (cron |.*cron-daemon)' || missing="$missing cron"
setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH=${ACCOUNT_PATH} node --version >/dev/null 2>&1 || missing="$missing nodejs"`;

/**
 * Installs with apt only what is missing, and never at the price of a package that is there. Destroy leaves packages
 * alone: others may use them by then. A second one waits for the first, whose apt may have outlived its connection.
 */
export function installPackages(): string {
  return `command -v apt-get >/dev/null || { echo "the host has no apt-get: this kit installs on Debian 12 or 13" >&2; exit 1; }
exec 9</var/lib/dpkg
flock -n 9 || { echo "waiting for another installation of packages on this host"; flock -w 1800 9; }
${MISSING_PACKAGES}
if [ -n "$missing" ]; then
  echo "installing with apt:$missing"
  export DEBIAN_FRONTEND=noninteractive
  said=$(mktemp)
  trap 'rm -f "$said"' EXIT
  apt-get -o DPkg::Lock::Timeout=600 -qq update </dev/null >"$said" 2>&1 || { tail -n 5 "$said" >&2; echo "apt-get update failed; going on with the lists that are there" >&2; }
  # a list of words
  # shellcheck disable=SC2086
  if ! apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-remove --no-install-recommends $missing </dev/null >"$said" 2>&1; then
    tail -n 25 "$said" >&2
    echo "apt could not install$missing; its last words are above. Nothing is ever removed to make room for them: see what it says, install them by hand, then try again" >&2
    exit 1
  fi
fi
node=$(setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH=${ACCOUNT_PATH} node -p 'process.versions.node' 2>&1) || {
  echo "$node" >&2
  echo "node does not run for an ordinary account with PATH=${ACCOUNT_PATH}: the jobs need Node ${NODE_MAJOR} or later there; install Debian's nodejs, or one that every account may run" >&2
  exit 1
}
[ "\${node%%.*}" -ge ${NODE_MAJOR} ] || { echo "node on the host is $node; the jobs need ${NODE_MAJOR} or later: remove it, or install Debian's nodejs" >&2; exit 1; }`;
}
