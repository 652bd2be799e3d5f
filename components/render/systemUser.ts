import type { Names } from "../../config/names";
import { quote } from "./shell";

/**
 * Makes the account: no password, home 0700. The marker is written first, so that an account left by a
 * killed run is known as the kit's; an account without it is somebody else's and is not touched.
 * Standard input has the stack's identity, which the marker keeps (two stacks may not share an account), and the
 * hash of the password in the account's .pgpass: by that a stack knows its own where the marker is of an older kind.
 * @param stack name of the stack, as markers of version 0.1 have it
 */
export function makeAccount(names: Names, stack: string): string {
  const { account, home, marker, instance } = names;
  const before = JSON.stringify({ instance, account, stack });
  const [head, tail] = JSON.stringify({ instance, account, id: "ID" }).split("ID");
  return `account=${account} home=${home} marker=${marker}
read -r id known
text=${quote(head as string)}$id${quote(tail as string)}
if [ -e "$marker" ]; then
  found=$(cat "$marker")
  case $found in *'"stack":'*)
    # of an older kind
    password=$(sed -n '1s/.*://p' "$home/.pgpass" 2>/dev/null | sha256sum | cut -d' ' -f1)
    if [ "$found" = ${quote(before)} ] || [ "$password" = "$known" ]; then
      printf '%s\\n' "$text" >"$marker.new"
      mv -f "$marker.new" "$marker"
    fi ;;
  esac
  if [ "$(cat "$marker")" != "$text" ]; then
    echo "instance ${instance} of this host belongs to another stack ($(cat "$marker"))." >&2
    echo "Give this stack an instance of its own: pulumi config set instance <name>. If that stack is no more, and this one is to go on with its account and home: echo '$text' >$marker" >&2
    exit 1
  fi
elif getent passwd "$account" >/dev/null; then
  echo "the account $account exists on this host and was not made by this kit: it is left alone." >&2
  echo "Give the stack another instance: pulumi config set instance <name>; or rename or remove that account." >&2
  exit 1
else
  mkdir -p "\${marker%/*}"
  printf '%s\\n' "$text" >"$marker.new"
  mv -f "$marker.new" "$marker"
fi
getent group "$account" >/dev/null || groupadd --system "$account"
getent passwd "$account" >/dev/null ||
  useradd --system --gid "$account" --home-dir "$home" --no-create-home --shell /bin/bash --comment "VisioNature sync check" "$account"
# useradd leaves the password locked; nothing is copied from /etc/skel
install -d -m 0700 -o "$account" -g "$account" "$home"`;
}

/** Ends every process of the account: asks, waits up to ten seconds, then kills. */
export function stopProcesses(account: string): string {
  return `uid=$(id -u ${account} 2>/dev/null) || exit 0
running() {
  for dir in /proc/[0-9]*; do
    [ "$(stat -c %u "$dir" 2>/dev/null)" = "$uid" ] && ! grep -q '^State:[[:space:]]*Z' "$dir/status" 2>/dev/null && echo "\${dir#/proc/}"
  done
  return 0
}
signal=TERM
for second in 1 2 3 4 5 6 7 8 9 10 11 12; do
  pids=$(running)
  [ -n "$pids" ] || break
  [ "$second" -lt 11 ] || signal=KILL
  # a list of numbers
  # shellcheck disable=SC2086
  if [ "$second" = 1 ] || [ $signal = KILL ]; then kill -s $signal $pids 2>/dev/null || true; fi
  sleep 1
done`;
}

/** Removes the account with its home and crontab; only where the marker says that the kit made it. */
export function removeAccount(names: Names): string {
  const { account, home, marker } = names;
  return `[ -e ${marker} ] || { echo "${marker} is gone: the account ${account} is left alone" >&2; exit 0; }
( ${stopProcesses(account)} )
rm -f /var/spool/cron/crontabs/${account}
rm -rf ${home}
getent passwd ${account} >/dev/null && userdel ${account}
getent group ${account} >/dev/null && groupdel ${account}
rm -f ${marker}
rmdir --ignore-fail-on-non-empty ${marker.slice(0, marker.lastIndexOf("/"))}`;
}
