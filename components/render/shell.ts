import type { Locale } from "../../config/values/key";

/** Chooses what a script says: one language of the two, when its text is made. */
export function spoken(locale: Locale): (en: string, fr: string) => string {
  return (en, fr) => (locale === "fr" ? fr : en);
}

/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Whatever sudo, PAM or a login shell have made of it. */
const ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where cron looks for programs, and so whatever runs as the account. */
export const ACCOUNT_PATH = "/usr/local/bin:/usr/bin:/bin";

/**
 * Forgets what /etc/environment, PAM or cron may have set for all programs, and what would make Node, Python and libpq
 * others than those that were tried.
 */
export const FORGET =
  "unset NODE_OPTIONS NODE_PATH LD_PRELOAD LD_LIBRARY_PATH PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONINSPECT PGHOST PGPORT PGDATABASE PGUSER PGOPTIONS PGSERVICE PGSERVICEFILE PGPASSFILE PGSYSCONFDIR PGSSLMODE PGSSLROOTCERT";

/**
 * Prints each limit (pam_limits) under which no job would end, as `limit t=60`: f size of a file in 512 bytes, t
 * seconds of work, n open files, v kilobytes of memory, p (in bash u) processes. No percent sign, which cron takes for a line's end.
 */
export const LIMITS = `p=p; [ -z "$BASH_VERSION" ] || p=u; for one in 'f 4000000' 't 86400' 'n 256' 'v 8000000' "$p 100"; do set -- $one; is=$(ulimit -$1); case $is in unlimited | '') ;; *) [ $is -ge $2 ] || echo limit $1=$is ;; esac; done`;

/** Sets `$@` to what makes a command run as root, `$said` to sudo's own words where it refuses. */
export const BECOME_ROOT = `said=
if [ "$(id -u)" = 0 ]; then set --
elif said=$(sudo -n -u root /bin/sh -c '/usr/bin/id -u' 2>&1 </dev/null) && [ "$(printf %s "$said" | tail -n 1)" = 0 ]; then set -- sudo -n -u root; said=
else
  set --
  said=\${said:-"sudo said nothing and failed"}
fi`;

/** What to do about sudo's words, for the person who runs `pulumi up`. */
function sudoAdvice(locale: Locale): string {
  const say = spoken(locale);
  const tty = say(
    "sudo wants a terminal (requiretty): add the line 'Defaults:$(id -un) !requiretty' in /etc/sudoers.d",
    "sudo veut un terminal (requiretty) : ajouter la ligne 'Defaults:$(id -un) !requiretty' dans /etc/sudoers.d",
  );
  const password = say(
    "this login needs sudo without a password: '$(id -un) ALL=(ALL) NOPASSWD: ALL' in /etc/sudoers.d, or let host.user be root",
    "il faut à cet utilisateur un sudo sans mot de passe : '$(id -un) ALL=(ALL) NOPASSWD: ALL' dans /etc/sudoers.d, ou root dans host.user",
  );
  const noexec = say(
    "sudo lets a shell run and nothing from it (noexec): add the line 'Defaults:$(id -un) !noexec' in /etc/sudoers.d",
    "sudo laisse un shell se lancer, et rien depuis lui (noexec) : ajouter la ligne 'Defaults:$(id -un) !noexec' dans /etc/sudoers.d",
  );
  return `case $said in
  *"ermission denied"*) echo "${noexec}" ;;
  *tty*) echo "${tty}" ;;
  *password*) echo "${password}" ;;
  *"not found"*) echo "${say("install sudo, or let host.user be root", "installer sudo, ou donner root à host.user")}" ;;
  *) echo "${say(
    "host.user has to be root, or a login whose sudo runs any command without a password",
    "host.user doit être root, ou un utilisateur dont le sudo lance toute commande sans mot de passe",
  )}" ;;
esac`;
}

/** The program that runs a script as root, whoever logs in: directly, or through sudo. */
export function asRoot(script: string, locale: Locale = "en"): string {
  return `${BECOME_ROOT}
if [ -n "$said" ]; then
  {
    printf '%s\\n' "$said"
    ${sudoAdvice(locale).replaceAll("\n", "\n    ")}
  } >&2
  exit 1
fi
"$@" /bin/sh -c ${quote(`set -eu\numask 022\nPATH=${ROOT_PATH}\nexport PATH\n${script}`)}`;
}

/**
 * The program that runs a script as an account without a login: its home as HOME and working directory,
 * umask 077, nothing of the caller's environment. The host's own settings for package indexes, proxies and
 * certificates (/etc/environment) are kept, as a login would have them.
 *
 * @param missingOk where the account is gone, there is nothing to do (for what destroy runs)
 */
export function asAccount(
  account: string,
  home: string,
  script: string,
  missingOk = false,
  locale: Locale = "en",
): string {
  const inner = `set -eu\numask 077\ncd "$HOME"\n${HOST_ENVIRONMENT}\n${script}`;
  return asRoot(
    `${missingOk ? `getent passwd ${account} >/dev/null || exit 0\n` : ""}exec runuser -u ${account} -- env -i HOME=${home} USER=${account} LOGNAME=${account} LC_ALL=C.UTF-8 ` +
      `PATH=${ACCOUNT_PATH} sh -c ${quote(inner)}`,
    locale,
  );
}

/**
 * Reads /etc/environment as PAM does, without running it: a comment from # on, `export ` before a name, quotes
 * around a value. A line that is nothing of this is left out, as PAM does.
 */
const HOST_ENVIRONMENT = `if [ -r /etc/environment ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    line=\${line%%#*}
    line=\${line#"\${line%%[![:space:]]*}"}
    line=\${line%"\${line##*[![:space:]]}"}
    line=\${line#export }
    name=\${line%%=*}
    case $name in
      "$line" | '' | [0-9]* | *[!A-Za-z0-9_]*) continue ;;
      PIP_* | *_proxy | *_PROXY | SSL_CERT_FILE | SSL_CERT_DIR | REQUESTS_CA_BUNDLE) ;;
      *) continue ;;
    esac
    value=\${line#*=}
    case $value in
      \\"* | \\'*) value=\${value#?}; value=\${value%[\\"\\']} ;;
    esac
    export "$name=$value"
  done </etc/environment
fi`;
