import { type Command, Help } from "commander";
import type { Locale } from "./values/key";

const TITLES: Record<string, string> = {
  "Usage:": "Usage :",
  "Arguments:": "Arguments :",
  "Options:": "Options :",
  "Global Options:": "Options globales :",
  "Commands:": "Commandes :",
};

/** What commander says of a wrong command line; `$1` … are what it found. */
const ERRORS: [english: RegExp, french: string][] = [
  [/^unknown command '(.*)'/, "commande inconnue : « $1 »"],
  [/^unknown option '(.*)'/, "option inconnue : « $1 »"],
  [/^missing required argument '(.*)'/, "il manque l'argument « $1 »"],
  [/^option '(.*)' argument missing/, "l'option « $1 » veut une valeur"],
  [/^required option '(.*)' not specified/, "l'option « $1 » est obligatoire"],
  [/^option '(.*)' argument '(.*)' is invalid\. ?/, "la valeur « $2 » ne va pas pour l'option « $1 » : "],
  [
    /^command-argument value '(.*)' is invalid for argument '(.*)'\. ?/,
    "la valeur « $1 » ne va pas pour l'argument « $2 » : ",
  ],
  [/^option '(.*)' cannot be used with option '(.*)'/, "les options « $1 » et « $2 » ne vont pas ensemble"],
  [
    /^too many arguments(?: for '(.*)')?\. Expected (\d+) arguments? but got (\d+)\./,
    "trop d'arguments : $2 attendus, $3 donnés",
  ],
  [/Allowed choices are (.*)\.$/m, "au choix : $1"],
  [/\(Did you mean one of (.*)\?\)/, "(vouliez-vous dire l'un de : $1 ?)"],
  [/\(Did you mean (.*)\?\)/, "(vouliez-vous dire $1 ?)"],
];

/** Lets a command line, with its subcommands, speak the user's language: commander has English alone. */
export function speaking(command: Command, locale: Locale): Command {
  if (locale === "en") return command;
  command
    .helpOption("-h, --help", "affiche cette aide")
    .configureHelp({
      styleTitle: (title) => TITLES[title] ?? title,
      boxWrap: unbroken,
      optionDescription: (option) => {
        const more = [
          ...(option.argChoices ? [`au choix : ${option.argChoices.join(", ")}`] : []),
          ...(option.defaultValue === undefined ? [] : [`par défaut : ${option.defaultValue}`]),
        ];
        return more.length === 0 ? option.description : `${option.description} (${more.join(" ; ")})`;
      },
    })
    .configureOutput({
      outputError: (said, write) =>
        write(
          ERRORS.reduce(
            (text, [english, french]) => text.replace(english, french),
            said.replace(/^error: /, ""),
          ).replace(/^/, "erreur : "),
        ),
    });
  if (command.commands.length > 0) command.helpCommand("help [commande]", "affiche l'aide d'une commande");
  command.usage(command.usage().replace("[command]", "[commande]"));
  for (const one of command.commands) speaking(one, locale);
  return command;
}

/** Wraps lines as commander does, which would break them at a U+00A0 too. */
function unbroken(this: Help, text: string, width: number): string {
  const wrapped = Help.prototype.boxWrap.call(this, text.replaceAll("\u00a0", "\ue000"), width);
  return wrapped.replaceAll("\ue000", "\u00a0");
}
