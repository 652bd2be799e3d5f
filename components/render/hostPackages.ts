import type { Locale } from "../../config/values/key";
import { ACCOUNT_PATH, spoken } from "./shell";

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
export function installPackages(locale: Locale = "en"): string {
  const say = spoken(locale);
  return `command -v apt-get >/dev/null || { echo "${say("the host has no apt-get: this kit installs on Debian 12 or 13", "le serveur n'a pas d'apt-get : ce kit s'installe sur Debian 12 ou 13")}" >&2; exit 1; }
exec 9</var/lib/dpkg
flock -n 9 || { echo "${say("waiting for another installation of packages on this host", "attente d'une autre installation de paquets sur ce serveur")}"; flock -w 1800 9; }
${MISSING_PACKAGES}
if [ -n "$missing" ]; then
  echo "${say("installing with apt:", "installation par apt :")}$missing"
  export DEBIAN_FRONTEND=noninteractive
  said=$(mktemp)
  trap 'rm -f "$said"' EXIT
  apt-get -o DPkg::Lock::Timeout=600 -qq update </dev/null >"$said" 2>&1 || { tail -n 5 "$said" >&2; echo "${say("apt-get update failed; going on with the lists that are there", "apt-get update a échoué ; suite avec les listes déjà là")}" >&2; }
  # a list of words
  # shellcheck disable=SC2086
  if ! apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-remove --no-install-recommends $missing </dev/null >"$said" 2>&1; then
    tail -n 25 "$said" >&2
    echo "${say(
      "apt could not install$missing; its last words are above. Nothing is ever removed to make room for them: see what it says, install them by hand, then try again",
      "apt n'a pas pu installer$missing ; ses derniers mots sont ci-dessus. Rien n'est jamais enlevé pour leur faire place : voir ce qu'il dit, les installer à la main, puis recommencer",
    )}" >&2
    exit 1
  fi
fi
node=$(setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH=${ACCOUNT_PATH} node -p 'process.versions.node' 2>&1) || {
  echo "$node" >&2
  echo "${say(
    `node does not run for an ordinary account with PATH=${ACCOUNT_PATH}: the jobs need Node ${NODE_MAJOR} or later there; install Debian's nodejs, or one that every account may run`,
    `node ne se lance pas pour un compte ordinaire avec PATH=${ACCOUNT_PATH} : il faut aux tâches Node ${NODE_MAJOR} ou plus récent ; installer le nodejs de Debian, ou un autre que tout compte puisse lancer`,
  )}" >&2
  exit 1
}
[ "\${node%%.*}" -ge ${NODE_MAJOR} ] || { echo "${say(
    `node on the host is $node; the jobs need ${NODE_MAJOR} or later: remove it, or install Debian's nodejs`,
    `node est en $node sur le serveur ; il faut aux tâches ${NODE_MAJOR} ou plus récent : l'enlever, ou installer le nodejs de Debian`,
  )}" >&2; exit 1; }`;
}
