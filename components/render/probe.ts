import type { Names } from "../../config/names";
import { HOME_FILES } from "../../config/names";
import { MISSING_PACKAGES } from "./hostPackages";
import { launcherPath, ours } from "./launcher";
import { ACCOUNT_PATH, BECOME_ROOT, LIMITS, quote } from "./shell";
import { standing } from "./standing";

/** What stands before each fact of a host. */
export const FACT = "vn-sync-check:";
/** Stands before the first fact: what came before is of the login's own start files. */
export const BEGIN = `${FACT}begin`;

/**
 * Tells what a host is like, a fact a line, and changes nothing on it. As root where that is to be had, as the login
 * itself otherwise; what the jobs will run is tried as their account, or as nobody before there is one.
 * @param sendmail path of the program that takes mails; empty: none
 */
export function probe(names: Names, sendmail = ""): string {
  return `printf '\\n${BEGIN}\\n'
${BECOME_ROOT}
fact() { printf '${FACT}%s=%s\\n' "$1" "$(printf %s "$2" | tr '\\n\\r\\t' '   ' | cut -c 1-600)"; }
fact login "$(id -un 2>&1)"
fact sudo "$said"
"$@" /bin/sh -c ${quote(looks(names, sendmail))}`;
}

function looks(names: Names, sendmail: string): string {
  const { account, home, marker, cronFile } = names;
  return `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
account=${account} home=${home} marker=${marker}
fact() { printf '${FACT}%s=%s\\n' "$1" "$(printf %s "$2" | tr '\\n\\r\\t' '   ' | cut -c 1-600)"; }
# whether a command succeeds, as a fact
yes() { if eval "$2" >/dev/null 2>&1; then fact "$1" yes; else fact "$1" no; fi; }

fact root "$(id -u)"
fact system "$(. /etc/os-release 2>/dev/null; echo "\${ID:-unknown} \${VERSION_ID:-}")"
fact now "$(date +%s)"
yes apt 'command -v apt-get'
if command -v apt-get >/dev/null; then
  ${MISSING_PACKAGES.replaceAll("\n", "\n  ")}
  fact missing "$missing"
  fact python_to_install "$(apt-cache policy python3 2>/dev/null | sed -n 's/^  Candidate: *//p')"
  fact node_to_install "$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^  Candidate: *//p')"
fi

entry=$(getent passwd "$account")
fact account "$entry"
fact group "$(getent group "$account")"
fact marker "$(cat "$marker" 2>/dev/null)"
as_account() {
  if [ "$(id -u)" != 0 ]; then set -- env -i HOME=/ PATH=${ACCOUNT_PATH} sh -c "$1"
  elif [ -n "$entry" ]; then set -- setpriv --reuid "$account" --regid "$(id -g "$account")" --init-groups env -i HOME="$home" PATH=${ACCOUNT_PATH} sh -c "$1"
  else set -- setpriv --reuid 65534 --regid 65534 --clear-groups env -i HOME=/ PATH=${ACCOUNT_PATH} sh -c "$1"
  fi
  timeout 30 "$@" </dev/null
}
# NAME FAULT COMMAND: the last line of what it prints as one fact, or what it says in failing as the other
tried() {
  if value=$(as_account "$3" 2>/dev/null); then fact "$1" "$(printf %s "$value" | tail -n 1)"
  else value=$(as_account "$3" 2>&1 | grep -v '^ERROR: ld\\.so'); fact "$2" "\${value:-it ended without a word}"
  fi
}
fact node_at "$(as_account 'command -v node' 2>/dev/null || command -v node)"
tried node node_fault 'node -p process.versions.node'
fact python_at "$(as_account 'command -v python3' 2>/dev/null)"
tried python python_fault ${quote(`python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'`)}
venv=$(as_account ${quote(`python3 -c 'import ensurepip, venv, ssl'`)} 2>&1) || fact venv_fault "$(printf %s "$venv" | tail -n 1)"
tmp=$(as_account 'f=$(mktemp) && rm "$f"' 2>&1) || fact tmp_fault "$tmp"

# As PAM sets them, which cron asks too.
if [ "$(id -u)" = 0 ]; then
  if [ -n "$entry" ]; then who=$account; else who=nobody; fi
  fact limits "$(runuser -u "$who" -- /bin/sh -c ${quote(LIMITS)} 2>/dev/null </dev/null)"
fi

what() { if [ -L "$1" ]; then echo link; elif [ -d "$1" ]; then echo folder; elif [ -e "$1" ]; then echo file; else echo absent; fi; }
fact home "$(what "$home")"
fact home_owner "$(stat -Lc %U "$home" 2>/dev/null)"
fact home_holds "$(find "$home/" -mindepth 1 -maxdepth 1 ! -name lost+found -printf '%f ' 2>/dev/null | cut -c 1-100)"
yes home_is_mount 'mountpoint -q "$home"'
yes home_writable '[ -z "$entry" ] || [ ! -d "$home" ] || as_account "test -w \\"\\$HOME\\" && test -x \\"\\$HOME\\""'
near=$home
while [ ! -d "$near" ]; do near=\${near%/*}; near=\${near:-/}; done
fact home_mount "$(findmnt -n -o OPTIONS -T "$near" 2>/dev/null)"
yes venv_there '[ -d "$home/${HOME_FILES.venv}" ]'
space() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { printf "%s", int($4 / 1024) }'; }
inodes() { df -Pi "$1" 2>/dev/null | awk 'NR == 2 && $2 > 0 { printf "%s", $4 }'; }
fact home_megabytes "$(space "$near")"
fact home_inodes "$(inodes "$near")"
fact var_megabytes "$(space /var/cache)"
fact usr_megabytes "$(space /usr)"
fact tmp_megabytes "$(space /tmp)"

${standing(names)}
for_apt() {
  [ -n "\${missing:-}" ] && [ "$(id -u)" = 0 ] || return 0
  for path in /usr /var/lib/dpkg /var/cache/apt; do [ ! -e "$path" ] || [ -w "$path" ] || echo "unwritable $path"; done
}
fact standing "$({ standing; for_apt; } | tr '\\n' ';')"
fact etc_megabytes "$(space /etc)"
fact etc_inodes "$(inodes /etc)"
fact lib_megabytes "$(space /var/lib)"
fact lib_inodes "$(inodes /var/lib)"
fact tmp_inodes "$(inodes /tmp)"

yes cron_file '[ -e /etc/cron.d/${cronFile} ] || [ -L /etc/cron.d/${cronFile} ]'
yes crontab '[ -e /var/spool/cron/crontabs/${account} ]'
${ours(names)}
yes program '! ours && { [ -e ${launcherPath(names)} ] || [ -L ${launcherPath(names)} ]; }'
cron_runs() {
  cat /proc/[0-9]*/comm 2>/dev/null | grep -Eqx 'cron|crond|fcron|bcron-start|bcron-sched|dcron|cronie' || systemctl -q is-active cron.target 2>/dev/null
}
yes cron_runs cron_runs
yes mail 'command -v sendmail || command -v mail'
${sendmail === "" ? "" : `yes sendmail '[ -x ${sendmail} ]'\n`}exit 0`;
}
