import { HOME_FILES } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { FORGET, spoken } from "./shell";

/** Where the pieces of the installation are, relative to the account's home. */
export const VENV = {
  builder: HOME_FILES.builder,
  constraints: `${HOME_FILES.lib}/constraints.txt`,
} as const;

/**
 * Reads what pip says of its settings, prints as lines for sh those that tell how an index is reached: the others
 * put packages elsewhere (target, prefix, user), build them from source, leave some out or stop at a hash.
 */
const REACH = `import ast, re, shlex, sys
wanted = "index-url extra-index-url no-index find-links trusted-host cert client-cert proxy timeout default-timeout retries use-feature keyring-provider".split()
ranks = {"global": 0, "install": 1, ":env:": 2}
found = []
for line in sys.stdin:
    match = re.match(r"(global|install|:env:)[.]([a-z-]+)=(.*)", line)
    if match and match[2] in wanted:
        found.append((ranks[match[1]], match[2], ast.literal_eval(match[3])))
for _, name, value in sorted(found):
    value = " ".join(value.split()) if chr(10) in value else value
    print("export PIP_" + name.upper().replace("-", "_") + "=" + shlex.quote(value))`;

/**
 * The program on the host that makes sure of Client-API-VN. It is kept there, because a new Python on the
 * host (an upgrade of Debian) needs the same again: each job that downloads sees to it.
 *
 * A venv cannot be moved, so each has a folder of its own, named by what is in it, and `.venv.clientapivn`
 * is a link that is renamed into place once the new one has been seen to start. One that does not start is
 * removed and the link stays as it was. The previous folder is kept for jobs that still run in it.
 */
export function venvBuilder(version: string, locale: Locale = "en"): string {
  const say = spoken(locale);
  const before = say(
    "the version before, if any, is still in use",
    "l'ancienne version, s'il y en avait une, sert encore",
  );
  return `#!/bin/sh
# Written by vn-sync-check: installs Client-API-VN ${version} for this host's Python, where it is not there yet.
set -eu
umask 077
${FORGET}
export VN_CHECK_LOCALE=${locale}
cd "$HOME"
link=${HOME_FILES.venv}
if [ -e "$link" ] && [ ! -L "$link" ]; then
  echo "${say(
    "$HOME/$link is a folder that was not made by vn-sync-check: move it away, then try again",
    "$HOME/$link est un dossier que vn-sync-check n'a pas fait : l'écarter, puis recommencer",
  )}" >&2
  exit 1
fi
# Another one may be at work: one that has outlived its connection, or a job's.
exec 9<${HOME_FILES.lib}
flock -n 9 || { echo "${say("waiting for another installation of Client-API-VN", "attente d'une autre installation de Client-API-VN")}"; flock -w 1800 9; }
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
key=$({ echo ${version} "$python"; cat ${VENV.constraints}; } | sha256sum | cut -c 1-12)
folder=$link-$key

# The interpreter starts, the client's own command too, and the adapter fits the client's version.
works() {
  said=$("$1/bin/python" ${HOME_FILES.adapter} --check 2>&1 && "$1/bin/transfer_vn" --version 2>&1)
}
# What a tool said is kept in memory: on a full disk a log would be empty. Its last lines are shown.
last_words() {
  printf '%s\n' "$said" | tail -n 20 >&2
}

if [ ! -x "$folder/bin/python" ] || ! works "$folder"; then
  echo "${say(`installing Client-API-VN ${version} for Python $python`, `installation de Client-API-VN ${version} pour Python $python`)}"
  rm -rf "$folder"
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 1' HUP INT TERM
  said=$(python3 -m venv "$folder" 2>&1) || {
    last_words
    echo "${say(
      "python3 could not make a venv in $HOME: see df -h and df -i there, and whether python3-venv is installed",
      "python3 n'a pas pu faire de venv dans $HOME : y voir df -h et df -i, et si python3-venv est installé",
    )}" >&2
    exit 1
  }
  unset PIP_LOG PIP_PYTHON
  said=$("$folder/bin/python" -m pip --log /dev/null --disable-pip-version-check config list 2>&1) || {
    last_words
    echo "${say("pip cannot read its own settings: see", "pip ne peut pas lire ses réglages : voir")} /etc/pip.conf, $HOME/.config/pip/pip.conf, /etc/environment" >&2
    exit 1
  }
  reach=$(printf '%s\\n' "$said" | "$folder/bin/python" -c '${REACH}')
  for name in $(env | sed -n 's/^\\(PIP_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset "$name"; done
  eval "$reach"
  export PIP_CONFIG_FILE=/dev/null
  for attempt in 1 2 3; do
    said=$("$folder/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-cache-dir --only-binary psycopg2-binary,numpy,pyproj -c ${VENV.constraints} setuptools Client-API-VN==${version} 2>&1) && break
    case $said in
      *"No space left"* | *"Disk quota"* | *"Errno 28"* | *"Errno 122"*)
        last_words
        echo "${say(
          `no room for Client-API-VN ${version}: make some on the file systems of $HOME and of \${TMPDIR:-/tmp} (df -h, df -i)`,
          `pas de place pour Client-API-VN ${version} : en faire sur les systèmes de fichiers de $HOME et de \${TMPDIR:-/tmp} (df -h, df -i)`,
        )}; ${before}" >&2
        exit 1 ;;
    esac
    if [ "$attempt" = 3 ]; then
      last_words
      echo "${say(`pip could not install Client-API-VN ${version}`, `pip n'a pas pu installer Client-API-VN ${version}`)}; ${before}. ${say(
        "of this host's settings for pip (/etc/pip.conf, /etc/environment) those are used that tell how an index is reached.",
        "des réglages de pip de ce serveur (/etc/pip.conf, /etc/environment) sont suivis ceux qui disent comment joindre un index.",
      )}" >&2
      exit 1
    fi
    sleep 5
  done
  if ! works "$folder"; then
    last_words
    echo "${say(
      `Client-API-VN ${version} does not start with Python $python`,
      `Client-API-VN ${version} ne démarre pas avec Python $python`,
    )}; ${before}" >&2
    exit 1
  fi
  trap - EXIT HUP INT TERM
fi

before=$(readlink "$link" || true)
if [ "$before" != "$folder" ]; then
  ln -s "$folder" "$link.new.$$"
  mv -fT "$link.new.$$" "$link"
fi
for old in "$link"-*; do
  case $old in "$folder" | "$before") ;; *) rm -rf "$old" ;; esac
done
echo "Client-API-VN ${version}, Python $python"
`;
}
