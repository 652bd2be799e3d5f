import { createHash } from "node:crypto";
import type { Locale } from "../../config/values/key";

/** What a program is called with. */
export type Verb = "create" | "delete";

/** A program for the host, and what it reads. */
export interface Program {
  /** The command line for the login's shell, whichever that is. */
  command(verb: Verb): string;
  /** Comes first on standard input; what the program itself reads follows. */
  text: string;
  /** The last line of standard output of one that ran to its end. */
  proof: string;
}

/** Where a shell has read of what was ours; without a letter that some shell reads otherwise. */
const LOST = {
  en: "something on the host took away the beginning of what was sent to this command: look for a read, a cat or an exec in the .bashrc, .profile, .cshrc, config.fish of this login (host.user)",
  fr: "un read, un cat ou un exec dans le .bashrc, .profile, .cshrc ou config.fish de cet utilisateur (host.user) a pris ce qui devait aller au programme du kit : le chercher",
};

/**
 * A program that any login shell starts and that proves its end. The command has nothing in it that sh, bash, zsh,
 * fish and csh do not read alike (no quote, backslash, exclamation mark or line end within its quotes; csh takes
 * no word beyond 1024 characters). So the program itself comes on standard input; its hash tells whether a file that
 * the shell read first has eaten of that.
 *
 * The exit code proves nothing: a forced command may end with 0, fish does so after a line that it cannot read.
 * The proof is put together of two halves, so that a host that repeats the command does not give it, and begins a
 * line of its own, whatever a start file has printed before.
 * @param scripts by verb; they take the rest of standard input
 * @param name makes the proof another for the same scripts elsewhere
 */
export function programOf(
  scripts: Partial<Record<Verb, string>>,
  name: string,
  locale: Locale = "en",
): Program {
  const cases = Object.entries(scripts).map(([verb, script]) => `${verb})\n${script}\n;;`);
  const text = `case $1 in\n${cases.join("\n")}\nesac\n`;
  const nonce = sha256(`${name}\n${text}`).slice(0, 24);
  const [first, second] = [nonce.slice(0, 12), nonce.slice(12)];
  return {
    text,
    proof: `vn-sync-check ${second}${first}`,
    command: (verb) =>
      [
        `exec /bin/sh -c 'PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin; export PATH; a=${first}; b=${second}; p=$(head -c ${Buffer.byteLength(text)}; echo .); p=\${p%.}`,
        `s=$(printf %s "$p" | sha256sum)`,
        `[ "\${s%% *}" = ${sha256(text)} ] || { echo "${LOST[locale]}" >&2; exit 97; }`,
        `/bin/sh -c "$p" vn-sync-check ${verb} 1>&2 && echo && echo vn-sync-check $b$a'`,
      ].join("; "),
  };
}

/** Did a program with this proof run to its end? What a logout may have printed after it is no matter. */
export function proves(stdout: string, proof: string): boolean {
  return stdout.split("\n").some((line) => line.trimEnd() === proof);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
