import { InputError } from "./inputError";
import type { Names } from "./names";

/** When each job runs: five-field expressions of cron, in the host's time zone. */
export interface Schedule {
  daily: string;
  weekly: string;
  watch: string;
  /** Where cron sends what a job prints; empty for nowhere. */
  mailTo: string;
}

const FIELDS = [
  { name: "minute", min: 0, max: 59, words: [] },
  { name: "hour", min: 0, max: 23, words: [] },
  { name: "day of month", min: 1, max: 31, words: [] },
  {
    name: "month",
    min: 1,
    max: 12,
    words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { name: "day of week", min: 0, max: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
] as const;

/**
 * Holds an expression against what Debian's cron understands (crontab(5)); a wrong line makes cron ignore
 * the whole file without a word anywhere but its log.
 * @throws InputError naming the field and its range
 */
export function checkCron(expression: string): string {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    throw new InputError(
      `needs five fields (minute hour day-of-month month day-of-week), has ${parts.length}`,
    );
  }
  FIELDS.forEach((field, i) => {
    for (const item of (parts[i] as string).split(",")) checkItem(item, field);
  });
  return parts.join(" ");
}

function checkItem(item: string, field: (typeof FIELDS)[number]): void {
  const wrong = (why: string) => new InputError(`${field.name} "${item}": ${why}`);
  const match = /^(\*|([0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?)(?:\/([0-9]+))?$/i.exec(item);
  if (!match) throw wrong("not a number, *, a-b, or one of these with /step");
  const [, base, from, to, step] = match;
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) throw wrong("step out of range");
  if (step !== undefined && base !== "*" && to === undefined)
    throw wrong("a step needs * or a range before it");
  const number = (text: string): number => {
    if (/^[0-9]+$/.test(text)) return Number(text);
    const index = (field.words as readonly string[]).indexOf(text.toLowerCase());
    if (index < 0) throw wrong("not a name that cron knows here");
    return index + field.min;
  };
  const values = [from, to].filter((text) => text !== undefined).map(number);
  for (const value of values) {
    if (value < field.min || value > field.max) throw wrong(`outside ${field.min}-${field.max}`);
  }
  if (values.length === 2 && (values[0] as number) > (values[1] as number)) throw wrong("range is backwards");
}

const COMMENTS = {
  fr: {
    head: "Écrit par vn-sync-check ; `pulumi up` remplace ce fichier en entier.",
    daily: "Chaque jour : mises à jour du portail, puis ce qui manquait à la dernière vérification.",
    weekly: "Chaque semaine : les derniers jours retéléchargés, prouvés complets, puis la base corrigée.",
    watch: "Chaque heure : reprend un premier import interrompu ; sinon ne fait rien.",
  },
  en: {
    head: "Written by vn-sync-check; `pulumi up` replaces the whole file.",
    daily: "Daily: the portal's updates, then what the last check left unproven.",
    weekly: "Weekly: the last days downloaded again, proven complete, then the main copy repaired.",
    watch: "Hourly: resumes an unfinished first import; otherwise does nothing.",
  },
} as const;

/** The whole of /etc/cron.d/<name>. @throws InputError from an expression */
export function cronEntry(names: Names, schedule: Schedule, locale: "fr" | "en"): string {
  const texts = COMMENTS[locale];
  const job = (verb: "daily" | "weekly" | "watch") => [
    `# ${texts[verb]}`,
    `${checkCron(schedule[verb])} ${names.account} ${names.home}/bin/vn-check ${verb}`,
  ];
  return [
    `# ${texts.head}`,
    "SHELL=/bin/sh",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    `HOME=${names.home}`,
    `MAILTO="${schedule.mailTo}"`,
    "",
    ...job("daily"),
    ...job("weekly"),
    ...job("watch"),
    "",
  ].join("\n");
}
