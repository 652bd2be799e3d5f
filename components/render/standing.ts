import { HOME_FILES, type Names } from "../../config/names";

/** Files of the account that may be there already, where what exists is taken over: kept beside the new ones. */
export const KEPT = [HOME_FILES.config, HOME_FILES.service, HOME_FILES.password] as const;
export const BEFORE = ".before-vn-sync-check";
/** Folders of a home that the kit writes into. */
export const FOLDERS = ["bin", "lib", HOME_FILES.lib, "log", "state", "tmp"] as const;

const FILES = [
  ...KEPT.flatMap((file) => [file, `${file}${BEFORE}`]),
  HOME_FILES.authority,
  HOME_FILES.settings,
  `${HOME_FILES.bin}/vn-check`,
  `${HOME_FILES.bin}/transfer_vn_full_2w`,
];

/**
 * Defines `standing`, which prints what would stop root half-way in making the account, a line each: a word of
 * `STANDING` and a path. `taken-…` matters only where what exists is taken over: root follows no link and opens no
 * folder that somebody else has laid where it writes.
 */
export function standing({ account, home, marker, cronFile }: Names): string {
  return `standing() (
  set +eu
  no() { [ ! -e "$1" ] || [ -w "$1" ] || echo "unwritable $1"; }
  [ "$(id -u)" = 0 ] || exit 0
  folder=${marker.slice(0, marker.lastIndexOf("/"))} parent=${home.slice(0, home.lastIndexOf("/"))}
  no /etc/cron.d
  no /usr/local/bin
  if [ -d "$folder" ]; then
    no "$folder"
    [ "$(stat -Lc %u "$folder")" = 0 ] && [ -z "$(find -H "$folder" -maxdepth 0 -perm /022)" ] || echo "others $folder"
  elif [ -e "$folder" ] || [ -L "$folder" ]; then echo "kind $folder"
  else no "\${folder%/*}"
  fi
  if [ -L ${marker} ] || [ -d ${marker} ]; then echo "kind ${marker}"; else no ${marker}; fi
  uid=$(id -u ${account} 2>/dev/null)
  if [ -z "$uid" ]; then
    for path in /etc /etc/passwd /etc/shadow /etc/group /etc/gshadow; do no "$path"; done
    setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$parent" || echo "closed $parent"
  elif [ "$uid" = 0 ]; then echo "root ${account}"
  else
    other=$(getent passwd | awk -F: -v uid="$uid" '$3 == uid && $1 != "${account}" { print $1; exit }')
    [ -z "$other" ] || echo "shared $other"
  fi
  if [ ! -e ${home} ] && ! findmnt -n -o OPTIONS -T "$parent" | grep -Eq '(^|,)ro(,|$)'; then no "$parent"; fi
  [ ! -e ${marker} ] || exit 0
  if [ -L ${home} ] && [ "$(stat -Lc %u ${home} 2>/dev/null)" != "\${uid:-none}" ]; then echo "taken-link ${home}"; fi
  if [ -L /etc/cron.d/${cronFile} ] || [ -d /etc/cron.d/${cronFile} ]; then echo "taken-kind /etc/cron.d/${cronFile}"; fi
  [ ! -e ${home}/${HOME_FILES.venv} ] || [ -L ${home}/${HOME_FILES.venv} ] || echo "taken-kind ${home}/${HOME_FILES.venv}"
  for path in ${FOLDERS.join(" ")} .postgresql; do
    if [ -L "${home}/$path" ]; then echo "taken-link ${home}/$path"
    elif [ -e "${home}/$path" ] && [ ! -d "${home}/$path" ]; then echo "taken-kind ${home}/$path"; fi
  done
  for path in ${FILES.join(" ")}; do
    if [ -L "${home}/$path" ]; then echo "taken-link ${home}/$path"
    elif [ -e "${home}/$path" ] && [ ! -f "${home}/$path" ]; then echo "taken-kind ${home}/$path"; fi
  done
  exit 0
)`;
}
