import { HOME_FILES, type Names } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { trialFile } from "./cronTrial";
import { launcherRemoval } from "./launcher";
import { quote, spoken } from "./shell";
import { BEFORE, FOLDERS, KEPT, standing } from "./standing";

/** What was there before the account was made, for destroy to leave. */
function foundFile({ marker }: Names): string {
  return marker.replace(/\.json$/, ".found");
}

/** What was begun by an engine that was killed goes on here: the next waits for it, and finds what it has done. */
const ONE_AT_A_TIME = `exec 8</var/lib
flock -w 120 8`;

/** The marker's text before the stack's identity and after it. */
function markerText({ instance, account }: Names): [string, string] {
  return JSON.stringify({ instance, account, id: "ID" }).split("ID") as [string, string];
}

/**
 * Makes the account: no password, home 0700. The marker is written first, so that an account left by a
 * killed run is known as the kit's; what is there without it is somebody else's, and refused or taken over.
 * Standard input has the stack's identity, which the marker keeps (two stacks may not share an account), and the
 * hash of the password in the account's .pgpass: by that a stack knows its own where the marker is of an older kind.
 * @param stack name of the stack, as markers of version 0.1 have it
 * @param adopt takes over an account, group, home or cron file that is there
 */
export function makeAccount(names: Names, stack: string, adopt: boolean, locale: Locale = "en"): string {
  const say = spoken(locale);
  const { account, home, marker, instance, cronFile } = names;
  const before = JSON.stringify({ instance, account, stack });
  const [head, tail] = markerText(names);
  return `account=${account} home=${home} marker=${marker} had=${foundFile(names)}
${ONE_AT_A_TIME}
${standing(names)}
way=$(standing${adopt ? "" : " | grep -v ^taken- || true"})
if [ -n "$way" ]; then
  printf '%s\\n' "$way" ${quote(say("nothing was made: mend what stands in the way", "rien n'a été créé : corriger ce qui est en travers"))} >&2
  exit 1
fi
read -r id known
text=${quote(head)}$id${quote(tail)}
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
    echo "${say(`instance ${instance} of this host belongs to another stack`, `l'instance ${instance} de ce serveur est à une autre pile`)} ($(cat "$marker"))." >&2
    echo "${say(
      "Give this stack an instance of its own: pulumi config set instance <name>. If that stack is no more, and this one is to go on with its account and home:",
      "Donner à cette pile sa propre instance : pulumi config set instance <nom>. Si l'autre pile n'existe plus, et que celle-ci doit reprendre son compte et son dossier :",
    )} echo '$text' >$marker" >&2
    exit 1
  fi
else
  there=
  if getent passwd "$account" >/dev/null; then there="$there account"; fi
  if getent group "$account" >/dev/null; then there="$there group"; fi
  if [ -e "$home" ] || [ -L "$home" ]; then
    if [ -d "$home" ] && [ ! -L "$home" ] && [ -z "$(find "$home" -mindepth 1 -maxdepth 1 ! -name lost+found)" ]; then there="$there empty-home"; else there="$there home"; fi
  fi
  if [ -e /etc/cron.d/${cronFile} ] || [ -L /etc/cron.d/${cronFile} ]; then there="$there cron"; fi
  if [ -e "/var/spool/cron/crontabs/$account" ]; then there="$there crontab"; fi
  case $there in
    '' | ' empty-home') ;;
    *)
      if ${adopt ? "false" : "true"}; then
        echo "${say(
          "on this host there is what this kit did not make ($account:$there): it is left alone.",
          "il y a sur ce serveur ce que ce kit n'a pas fait ($account :$there) : il n'y est pas touché.",
        )}" >&2
        echo "${say(
          "Move it away, or give the stack another instance (pulumi config set instance <name>), or take it over: pulumi config set adoptExisting true",
          "L'écarter, ou donner une autre instance à la pile (pulumi config set instance <nom>), ou le reprendre : pulumi config set adoptExisting true",
        )}" >&2
        exit 1
      fi
      echo "${say("taken over, and left by destroy:", "repris, et laissé par destroy :")}$there" ;;
  esac
  mkdir -p "\${marker%/*}"
  rm -f "$had"
  if [ -n "$there" ]; then printf '%s\\n' "$there " >"$had"; fi
  case $there in
    *' home'*)
      for folder in ${FOLDERS.join(" ")}; do
        if [ -d "$home/$folder" ] && [ ! -L "$home/$folder" ]; then taken="\${taken:-} $folder"; fi
      done
      for file in ${KEPT.join(" ")}; do
        if [ -e "$home/$file" ]; then cp -pPT --remove-destination "$home/$file" "$home/$file${BEFORE}"; fi
      done ;;
  esac
  if [ -e /etc/cron.d/${cronFile} ]; then cp -p /etc/cron.d/${cronFile} "\${marker%.json}.cron"; fi
  printf '%s\\n' "$text" >"$marker.new"
  mv -f "$marker.new" "$marker"
fi
getent group "$account" >/dev/null || groupadd --system "$account"
getent passwd "$account" >/dev/null ||
  useradd --system --gid "$account" --home-dir "$home" --no-create-home --shell /bin/bash --comment "VisioNature sync check" "$account"
# useradd leaves the password locked; nothing is copied from /etc/skel
install -d -m 0700 -o "$account" -g "$(id -gn "$account")" "$home"
# the folders that the kit writes into, in a home that was taken over
for folder in \${taken:-}; do chown -h "$account:" "$home/$folder"; done`;
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

/**
 * Removes the account with its home and crontab; only where the marker says that the kit made it, and of what was
 * there before only what the kit has put into it. A home that is a mount is emptied and stays.
 */
export function removeAccount(names: Names, locale: Locale = "en"): string {
  const say = spoken(locale);
  const { account, home, marker, cronFile } = names;
  const folder = marker.slice(0, marker.lastIndexOf("/"));
  return `account=${account} home=${home} marker=${marker} found=${foundFile(names)}
${ONE_AT_A_TIME}
[ -e "$marker" ] || { echo "${say("$marker is gone: the account $account is left alone", "$marker n'est plus là : il n'est pas touché au compte $account")}" >&2; exit 0; }
( ${stopProcesses(account)} )
before=$(cat "$found" 2>/dev/null || true)
had() { case "$before " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
rm -f "/etc/cron.d/${trialFile(names)}"
had crontab || rm -f "/var/spool/cron/crontabs/$account"
if had home; then
  echo "${say(
    "$home was there before: what this kit put into it is removed, the rest stays",
    "$home était là avant : ce que ce kit y a mis est enlevé, le reste demeure",
  )}"
  [ -L "$home/lib" ] || rm -rf "$home/${HOME_FILES.lib}"
  rm -rf "$home/${HOME_FILES.venv}" "$home/${HOME_FILES.venv}"-* "$home/state"
  rmdir --ignore-fail-on-non-empty "$home/lib" "$home/bin" 2>/dev/null || true
  for file in ${KEPT.join(" ")}; do
    if [ -e "$home/$file${BEFORE}" ]; then mv -fT "$home/$file${BEFORE}" "$home/$file"; fi
  done
elif [ -d "$home" ] && { had empty-home || mountpoint -q "$home"; }; then
  echo "${say(
    "$home is a mount, or was there before: it is emptied and stays",
    "$home est un montage, ou était là avant : il est vidé et demeure",
  )}"
  find "$home" -xdev -mindepth 1 ! -name lost+found -delete
else
  rm -rf --one-file-system "$home"
fi
had account || { getent passwd "$account" >/dev/null && userdel "$account"; } || true
had group || { getent group "$account" >/dev/null && groupdel "$account"; } || true
if had account && getent passwd "$account" >/dev/null; then echo "${say("the account $account was there before: it stays", "le compte $account était là avant : il demeure")}"
elif getent passwd "$account" >/dev/null; then echo "${say("the account $account could not be removed", "le compte $account n'a pas pu être supprimé")}" >&2; exit 1; fi
if [ -e "\${marker%.json}.cron" ]; then mv -f "\${marker%.json}.cron" /etc/cron.d/${cronFile}; fi
rm -f "$marker" "$found"
rmdir --ignore-fail-on-non-empty ${folder} 2>/dev/null || true`;
}

/**
 * Removes what is still there of this stack's, cron file and running jobs first; its marker tells. Standard input has
 * the stack's identity: with another one in the marker nothing is touched.
 */
export function removeRest(names: Names, locale: Locale = "en"): string {
  const [head, tail] = markerText(names);
  return `read -r id
text=${quote(head)}$id${quote(tail)}
if [ "$(cat ${names.marker} 2>/dev/null)" != "$text" ]; then exit 0; fi
rm -f /etc/cron.d/${names.cronFile}
${launcherRemoval(names)}
${removeAccount(names, locale)}`;
}
