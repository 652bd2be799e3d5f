import { Cron } from "croner";
import type { Locale, Words } from "./key";

const FIELDS = [
  { en: "minute", fr: "minute", min: 0, max: 59, names: [] },
  { en: "hour", fr: "heure", min: 0, max: 23, names: [] },
  { en: "day of month", fr: "jour du mois", min: 1, max: 31, names: [] },
  {
    en: "month",
    fr: "mois",
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  {
    en: "day of week",
    fr: "jour de la semaine",
    min: 0,
    max: 7,
    names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
  },
] as const;
type Field = (typeof FIELDS)[number];

/**
 * What Debian's cron would refuse in a line (crontab(5)), undefined where it takes it. It is asked before
 * croner, which knows more than cron does (@daily, L, W, #, ?): one wrong line makes cron ignore the whole
 * file without a word anywhere but its log.
 */
export function cronFault(expression: string): Words | undefined {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return {
      en: `needs five fields (minute hour day-of-month month day-of-week), has ${parts.length}`,
      fr: `il faut cinq champs (minute heure jour-du-mois mois jour-de-la-semaine), il y en a ${parts.length}`,
    };
  }
  for (const [i, field] of FIELDS.entries()) {
    for (const item of (parts[i] as string).split(",")) {
      const why = itemFault(item, field);
      if (why) return { en: `${field.en} "${item}": ${why.en}`, fr: `${field.fr} « ${item} » : ${why.fr}` };
    }
  }
  return undefined;
}

function itemFault(item: string, field: Field): Words | undefined {
  const match = /^(\*|([0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?)(?:\/([0-9]+))?$/i.exec(item);
  if (!match) return FAULTS.form;
  const [, base, from, to, step] = match;
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) return FAULTS.step;
  if (step !== undefined && base !== "*" && to === undefined) return FAULTS.stepBase;
  const number = (word: string): number => {
    const index = (field.names as readonly string[]).indexOf(word.toLowerCase());
    return /^[0-9]+$/.test(word) ? Number(word) : index < 0 ? Number.NaN : index + field.min;
  };
  const values = [from, to].filter((word) => word !== undefined).map(number);
  if (values.some(Number.isNaN)) return FAULTS.name;
  if (values.some((value) => value < field.min || value > field.max)) {
    return { en: `outside ${field.min}-${field.max}`, fr: `hors de ${field.min}-${field.max}` };
  }
  return values.length === 2 && (values[0] as number) > (values[1] as number) ? FAULTS.backwards : undefined;
}

const FAULTS = {
  form: {
    en: "not a number, *, a-b, or one of these with /step",
    fr: "ni un nombre, ni *, ni a-b, ni l'un d'eux avec /pas",
  },
  step: { en: "step out of range", fr: "pas hors limites" },
  stepBase: {
    en: "a step needs * or a range before it",
    fr: "un pas demande * ou un intervalle devant lui",
  },
  name: { en: "not a name that cron knows here", fr: "pas un nom que cron connaît ici" },
  backwards: { en: "range is backwards", fr: "intervalle à l'envers" },
} as const satisfies Record<string, Words>;

/**
 * When a line is next due after `after`, in local time; undefined: never, or nothing that cron would take.
 */
export function nextDue(expression: string, after: Date): Date | undefined {
  return cronOf(expression)?.nextRun(after) ?? undefined;
}

/** When it was last due, at `before` or earlier. */
export function lastDue(expression: string, before: Date): Date | undefined {
  // croner looks for runs before its reference, in whole seconds.
  return cronOf(expression)?.previousRuns(1, new Date(before.getTime() + 1000))[0];
}

/**
 * With day of month and day of week both given, either will do; but where one of them begins with *, as in
 * "*\/2", both must fit. croner says so of a bare * only, so it is told.
 */
function cronOf(expression: string): Cron | undefined {
  if (cronFault(expression) !== undefined) return undefined;
  const [, , day = "", , weekday = ""] = expression.trim().split(/\s+/);
  return new Cron(expression.trim(), {
    mode: "5-part",
    paused: true,
    fixedTimeRule: "no-wildcard",
    domAndDow: day.startsWith("*") || weekday.startsWith("*"),
  });
}

const DAYS = {
  fr: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
  en: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
} as const;

/** When a line fires, in plain words where it is one of the usual kinds. */
export function whenInWords(expression: string, locale: Locale): string {
  const [minute = "", hour = "", day, month, weekday = ""] = expression.split(/\s+/);
  const number = /^[0-9]+$/;
  const fr = locale === "fr";
  if (day === "*" && month === "*" && number.test(minute)) {
    if (hour === "*" && weekday === "*")
      return fr ? `chaque heure, à la minute ${minute}` : `every hour, at minute ${minute}`;
    if (number.test(hour)) {
      const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
      if (weekday === "*") return fr ? `chaque jour à ${time}` : `every day at ${time}`;
      if (number.test(weekday)) {
        const name = DAYS[locale][Number(weekday) % 7];
        return fr ? `chaque ${name} à ${time}` : `every ${name} at ${time}`;
      }
    }
  }
  return fr ? `selon cron « ${expression} »` : `as cron reads "${expression}"`;
}
