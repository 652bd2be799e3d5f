/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const NO_SUDO =
  "this login needs sudo without a password (NOPASSWD in /etc/sudoers.d), or be root: see host.user";

/**
 * The command that runs a script as root, whoever logs in: directly, or through sudo, which must ask for
 * no password.
 */
export function asRoot(script: string): string {
  return [
    'if [ "$(id -u)" = 0 ]; then set --; else set -- sudo -n; fi',
    `"$@" true || ${fail(NO_SUDO)}`,
    `"$@" sh -c ${quote(`set -eu\numask 022\n${script}`)}`,
  ].join("\n");
}

/**
 * The command that runs a script as an account without a login: its home as HOME and working directory,
 * umask 077, nothing of the caller's environment. The host's own settings for package indexes, proxies and
 * certificates (/etc/environment) are kept, as a login would have them.
 *
 * @param missingOk where the account is gone, there is nothing to do (for what destroy runs)
 */
export function asAccount(account: string, home: string, script: string, missingOk = false): string {
  const inner = `set -eu\numask 077\ncd "$HOME"\n${HOST_ENVIRONMENT}\n${script}`;
  return asRoot(
    `${missingOk ? `getent passwd ${account} >/dev/null || exit 0\n` : ""}exec runuser -u ${account} -- env -i HOME=${home} USER=${account} LOGNAME=${account} LC_ALL=C.UTF-8 ` +
      `PATH=/usr/local/bin:/usr/bin:/bin sh -c ${quote(inner)}`,
  );
}

/** Reads /etc/environment as PAM does, line by line, without running it. */
const HOST_ENVIRONMENT = `if [ -r /etc/environment ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      PIP_*=* | [A-Za-z]*_proxy=* | [A-Z]*_PROXY=* | SSL_CERT_FILE=* | SSL_CERT_DIR=* | REQUESTS_CA_BUNDLE=*)
        value=\${line#*=}
        case $value in \\"*\\") value=\${value#?}; value=\${value%?} ;; esac
        export "\${line%%=*}=$value" ;;
    esac
  done </etc/environment
fi`;

/** Ends with a message for the person who runs `pulumi up`. */
function fail(...lines: string[]): string {
  return `{ ${lines.map((line) => `echo ${quote(line)} >&2`).join("; ")}; exit 1; }`;
}
