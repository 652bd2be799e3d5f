import type { Words } from "../../config/values/key";
import type { HostFacts } from "./facts";

/** What `standing` finds on the host, in words, and what to type then. */
const STANDING: Record<string, (paths: string[]) => { wrong: Words; remedy: Words }> = {
  unwritable: (paths) => ({
    wrong: {
      en: `root itself cannot write to ${paths.join(", ")}`,
      fr: `root lui-même ne peut pas écrire dans ${paths.join(", ")}`,
    },
    remedy: both(
      `lsattr -d ${paths.join(" ")} (i: chattr -i); findmnt -T ${paths[0]} (ro: mount -o remount,rw)`,
    ),
  }),
  others: ([path]) => ({
    wrong: {
      en: `${path} is not root's alone, who writes there`,
      fr: `${path} n'est pas à root seul, qui y écrit`,
    },
    remedy: both(`chown root: ${path}; chmod 755 ${path}`),
  }),
  link: (paths) => ({
    wrong: {
      en: `${paths.join(", ")}: a link, which root does not follow`,
      fr: `${paths.join(", ")} : un lien, que root ne suit pas`,
    },
    remedy: away(paths),
  }),
  kind: (paths) => ({
    wrong: {
      en: `${paths.join(", ")}: not what the kit writes there (a folder for a file, or the other way round)`,
      fr: `${paths.join(", ")} : pas ce que le kit y écrit (un dossier pour un fichier, ou l'inverse)`,
    },
    remedy: away(paths),
  }),
  closed: ([path]) => ({
    wrong: {
      en: `an account without rights of its own cannot enter ${path}`,
      fr: `un compte sans droits particuliers ne peut pas entrer dans ${path}`,
    },
    remedy: both(`chmod o+x ${path}`),
  }),
  root: ([account]) => ({
    wrong: {
      en: `${account} is root under another name (uid 0)`,
      fr: `${account} est root sous un autre nom (uid 0)`,
    },
    remedy: { en: "pulumi config set instance <name>", fr: "pulumi config set instance <nom>" },
  }),
  shared: ([other]) => ({
    wrong: {
      en: `the account has the uid of ${other}, whose processes would be ended with its own`,
      fr: `le compte a l'uid de ${other}, dont les processus seraient arrêtés avec les siens`,
    },
    remedy: {
      en: "usermod -u <uid>, or pulumi config set instance <name>",
      fr: "usermod -u <uid>, ou pulumi config set instance <nom>",
    },
  }),
};

function both(text: string): Words {
  return { en: text, fr: text };
}

function away(paths: string[]): Words {
  return both(paths.map((path) => `mv ${path} ${path}.before`).join("; "));
}

function told({ fact, adopt }: HostFacts): { wrong: Words; remedy: Words }[] {
  const paths = new Map<string, string[]>();
  for (const one of fact("standing").split(";")) {
    const [, taken, word = "", path = ""] = /^ *(taken-)?(\w+) (.*)$/.exec(one.trim()) ?? [];
    if (taken === undefined || adopt) paths.set(word, [...(paths.get(word) ?? []), path]);
  }
  return [...paths].flatMap(([word, all]) => STANDING[word]?.(all) ?? []);
}

function together(words: Words[]): Words {
  return { en: words.map(({ en }) => en).join("; "), fr: words.map(({ fr }) => fr).join(" ; ") };
}

/** What would stop root half-way in making the account. */
export function standingFault(at: HostFacts): Words | undefined {
  const all = told(at);
  return all.length === 0 ? undefined : together(all.map(({ wrong }) => wrong));
}

export function standingRemedy(at: HostFacts): Words {
  return together(told(at).map(({ remedy }) => remedy));
}
