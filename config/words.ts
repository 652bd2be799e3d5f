import type { Locale, Words } from "./values/key";

/** One fault of a configuration. `key` is written as `pulumi config set --path` takes it. */
export type Fault = { key: string } & (
  | { is: "missing"; secret: boolean; example: unknown }
  | { is: "unknown"; known: string[]; near?: string }
  /** `found` is absent where it is a secret. */
  | { is: "refused"; found?: unknown; expected: Words }
  | { is: "name"; expected: Words }
  | { is: "no list" }
  /** `below`: a key in it that is usually filled in. */
  | { is: "no object"; below?: string; example?: string }
  | { is: "without path"; path: string }
  | { is: "beside config" }
  | { is: "no JSON"; cause: string }
  | { is: "misfit"; wrong: Words; remedy: Words }
);

/** Every fault of a stack's configuration at once, in the user's language. */
export class ConfigFaults extends Error {
  constructor(
    readonly faults: Fault[],
    locale: Locale,
  ) {
    const n = faults.length;
    const head = {
      en: `The stack's configuration has ${n === 1 ? "one fault" : `${n} faults`}:`,
      fr: `La configuration de la pile a ${n === 1 ? "une erreur" : `${n} erreurs`} :`,
    };
    super([head[locale], ...faults.map((fault) => `  ${faultInWords(fault, locale)}`)].join("\n"));
    this.name = "ConfigFaults";
  }
}

/** Key, what is wrong, and what to do, for a stack's configuration. */
export function faultInWords(fault: Fault, locale: Locale): string {
  const [wrong, remedy] = parts(fault);
  return `${fault.key} ${wrong[locale]}${locale === "fr" ? " :" : ":"} ${remedy[locale]}`;
}

/** The same for what `pulumi up` has written to the host: there the command that mends it is that one. */
export function hostFaultInWords(fault: Fault, locale: Locale): string {
  if (fault.is !== "missing" && fault.is !== "no list" && fault.is !== "no object") {
    return faultInWords(fault, locale);
  }
  return `${fault.key} ${parts(fault)[0][locale]}`;
}

/** Secrets that stand in the stack's file for everybody to read, with the commands that encrypt them. */
export function plainInWords(keys: string[], locale: Locale): string {
  const head = {
    en: "Secrets stand in the stack's file unencrypted; change them if others have seen it, and set them by:",
    fr: "Des secrets sont en clair dans le fichier de la pile ; les changer si d'autres l'ont vu, et les donner par :",
  };
  return [head[locale], ...keys.map((key) => `  ${set(key, "", true)}`)].join("\n");
}

function parts(fault: Fault): [wrong: Words, remedy: Words] {
  switch (fault.is) {
    case "missing":
      return [MISSING, inBoth(set(fault.key, String(fault.example ?? "<value>"), fault.secret))];
    case "unknown":
      return [
        { en: "is not a key of this kit", fr: "n'est pas une clé de ce kit" },
        fault.near === undefined
          ? { en: `known here: ${fault.known.join(", ")}`, fr: `connues ici : ${fault.known.join(", ")}` }
          : { en: `did you mean ${fault.near}?`, fr: `vouliez-vous dire ${fault.near} ?` },
      ];
    case "refused":
      return [foundInWords(fault), fault.expected];
    case "name":
      return [{ en: "is not a site's name", fr: "n'est pas un nom de site" }, fault.expected];
    case "no list": {
      const command = set(`${fault.key}[0]`, "<value>");
      return [
        { en: "is not a list of texts", fr: "n'est pas une liste de textes" },
        {
          en: `set the entries one by one: ${command}`,
          fr: `donner les éléments un à un : ${inBoth(command).fr}`,
        },
      ];
    }
    case "no object": {
      const command = set(fault.below ?? `${fault.key}.<key>`, fault.example ?? "<value>");
      const away = `pulumi config rm --path '${fault.key}'`;
      return [
        {
          en: "is not an object",
          fr: "n'est pas un objet",
        },
        {
          en: `take the value away, then set its keys: ${away}; ${command}`,
          fr: `enlever la valeur, puis donner ses clés : ${away} ; ${inBoth(command).fr}`,
        },
      ];
    }
    case "beside config":
      return [
        {
          en: "stands beside `config:` in the stack's file, where nothing reads it",
          fr: "est à côté de `config:` dans le fichier de la pile, où rien ne la lit",
        },
        {
          en: "move the line below config:, as far in as its section has it; pulumi config shows what is read",
          fr: "déplacer la ligne sous config:, au retrait de sa section ; pulumi config montre ce qui est lu",
        },
      ];
    case "without path": {
      const commands = `pulumi config rm '${fault.key}'; ${set(fault.path, "<value>")}`;
      return [
        {
          en: "was set without --path, and nothing reads it",
          fr: "a été donnée sans --path, et rien ne la lit",
        },
        {
          en: `with --path (and --secret for a secret): ${commands}`,
          fr: `avec --path (et --secret pour un secret) : ${inBoth(commands).fr}`,
        },
      ];
    }
    case "no JSON":
      return [{ en: "is not JSON", fr: "n'est pas du JSON" }, same(fault.cause)];
    case "misfit":
      return [fault.wrong, fault.remedy];
  }
}

const MISSING: Words = { en: "is missing", fr: "manque" };

function foundInWords(fault: { found?: unknown }): Words {
  if (!("found" in fault)) {
    return { en: "is not usable (value not shown)", fr: "n'est pas utilisable (valeur non montrée)" };
  }
  const shown = JSON.stringify(fault.found);
  return { en: `is ${shown}`, fr: `vaut ${shown}` };
}

function same(text: string): Words {
  return { en: text, fr: text };
}

/** A command, with what people put into it named in their language. */
function inBoth(command: string): Words {
  return { en: command, fr: command.replace("<value>", "<valeur>").replace("<key>", "<clé>") };
}

function set(key: string, example: string, secret = false): string {
  return `pulumi config set --path ${secret ? "--secret " : ""}'${key}'${secret ? "" : ` ${example}`}`;
}
