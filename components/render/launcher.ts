import { HOME_FILES, type Names } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { fileWriter } from "./fileScripts";
import { ACCOUNT_PATH, spoken } from "./shell";

/** Where the command is that a person on the host types. */
export function launcherPath({ command }: Names): string {
  return `/usr/local/bin/${command}`;
}

const by = ({ account }: Names) =>
  `# Written by vn-sync-check: vn-check as the account ${account}, whoever calls it.`;

/**
 * Runs the account's vn-check as that account: for root and for the account itself at once, for others by sudo.
 * Root runs nothing of the account's own.
 */
export function launcher(names: Names, locale: Locale = "en"): string {
  const { account, home, command } = names;
  const say = spoken(locale);
  const program = `${home}/${HOME_FILES.bin}/vn-check`;
  return `#!/bin/sh
${by(names)}
PATH=${ACCOUNT_PATH}:/usr/sbin:/sbin
export PATH
cd / || exit 1
me=$(id -u)
if [ "$me" = "$(id -u ${account})" ]; then exec ${program} "$@"; fi
if [ "$me" = 0 ]; then exec runuser -u ${account} -- env USER=${account} LOGNAME=${account} ${program} "$@"; fi
command -v sudo >/dev/null || { echo "${command}: ${say(`run it as root or as ${account}`, `à lancer en root ou sous ${account}`)}" >&2; exit 1; }
exec sudo -u ${account} -H ${program} "$@"
`;
}

/** Defines `ours`: is it the command of this account that stands there? A link is nobody's of ours. */
export function ours(names: Names): string {
  const path = launcherPath(names);
  return `ours() { [ -f ${path} ] && [ ! -L ${path} ] && [ "$(sed -n 2p ${path})" = '${by(names)}' ]; }`;
}

function keptAt({ marker }: Names): string {
  return marker.replace(/\.json$/, ".program");
}

/**
 * Writes what standard input has (see `fileInput`). Another program of that name is refused, or, where what exists is
 * taken over, kept for destroy to put back.
 */
export function launcherWriter(names: Names, adopt: boolean, locale: Locale = "en"): string {
  const say = spoken(locale);
  const [path, kept] = [launcherPath(names), keptAt(names)];
  return `${ours(names)}
if ! ours && { [ -e ${path} ] || [ -L ${path} ]; }; then
  if ${adopt ? `[ -d ${path} ] || [ -e ${kept} ] || [ -L ${kept} ]` : "true"}; then
    echo "${say(
      `${path} is another program of that name, and is left alone. Move it away, or give this stack another instance (pulumi config set instance <name>)`,
      `${path} est un autre programme de ce nom : il n'y est pas touché. L'écarter, ou donner une autre instance à cette pile (pulumi config set instance <nom>)`,
    )}" >&2
    exit 1
  fi
  mv -fT ${path} ${kept}
fi
${fileWriter(path, "0755", locale)}`;
}

/** Takes the command away, and puts back what was there before. */
export function launcherRemoval(names: Names): string {
  const [path, kept] = [launcherPath(names), keptAt(names)];
  return `${ours(names)}
if ours; then rm -f ${path}; fi
if { [ -e ${kept} ] || [ -L ${kept} ]; } && [ ! -e ${path} ] && [ ! -L ${path} ]; then mv -fT ${kept} ${path}; fi`;
}
