import { HOME_FILES } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { spoken } from "./shell";

/** Where the pieces of the installation are, relative to the account's home. */
export const VENV = {
  builder: HOME_FILES.builder,
  constraints: `${HOME_FILES.lib}/constraints.txt`,
} as const;

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
cd "$HOME"
link=${HOME_FILES.venv}
if [ -e "$link" ] && [ ! -L "$link" ]; then
  echo "${say(
    "$HOME/$link is a folder that was not made by vn-sync-check: move it away, then try again",
    "$HOME/$link est un dossier que vn-sync-check n'a pas fait : l'écarter, puis recommencer",
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
      "python3 n'a pas pu faire de venv dans $HOME : y voir df -h et df -i, et si python3-venv est installé",
    )}" >&2
    exit 1
  }
  for attempt in 1 2 3; do
    said=$("$folder/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-cache-dir --only-binary psycopg2-binary,numpy,pyproj -c ${VENV.constraints} setuptools Client-API-VN==${version} 2>&1) && break
    case $said in
      *"No space left"* | *"Disk quota"* | *"Errno 28"* | *"Errno 122"*)
        last_words
        echo "${say(
          `no room for Client-API-VN ${version}: make some on the file systems of $HOME and of \${TMPDIR:-/tmp} (df -h, df -i)`,
          `pas de place pour Client-API-VN ${version} : en faire sur les systèmes de fichiers de $HOME et de \${TMPDIR:-/tmp} (df -h, df -i)`,
        )}; ${before}" >&2
        exit 1 ;;
    esac
    if [ "$attempt" = 3 ]; then
      last_words
      echo "${say(`pip could not install Client-API-VN ${version}`, `pip n'a pas pu installer Client-API-VN ${version}`)}; ${before}. ${say(
        "pip uses this host's own settings (/etc/pip.conf, /etc/environment).",
        "pip suit les réglages de ce serveur (/etc/pip.conf, /etc/environment).",
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
