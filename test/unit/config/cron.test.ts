import { expect, test } from "vitest";
import { cronFault, lastDue, nextDue, whenInWords } from "../../../config/values/cron";

const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const NAMES = [
  [],
  [],
  [],
  ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
];

interface Fits {
  day(at: Date): boolean;
  time(at: Date): boolean;
}

/**
 * What Debian's cron does with a line, after its entry.c (get_list, get_range) and cron.c (find_jobs): each
 * field is a set; a day field that begins with * makes both day fields count together, else either will do.
 */
function asDebian(line: string): Fits {
  const fields = line.toLowerCase().split(/\s+/);
  const sets = fields.map((field, i) => {
    const [low, high] = RANGES[i] as readonly [number, number];
    const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : (NAMES[i] ?? []).indexOf(text));
    const values = new Set<number>();
    for (const part of field.split(",")) {
      const [range = "", step = "1"] = part.split("/");
      const [from = low, to] = range === "*" ? [low, high] : range.split("-").map(number);
      for (let value = from; value <= (to ?? from); value += Number(step)) values.add(value);
    }
    return values;
  });
  const [minutes, hours, days, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  if (weekdays.has(0) || weekdays.has(7)) weekdays.add(0).add(7);
  const star = fields[2]?.startsWith("*") || fields[4]?.startsWith("*");
  return {
    time: (at) => minutes.has(at.getMinutes()) && hours.has(at.getHours()),
    day: (at) => {
      const [day, weekday] = [days.has(at.getDate()), weekdays.has(at.getDay())];
      return months.has(at.getMonth() + 1) && (star ? day && weekday : day || weekday);
    },
  };
}

function search(fits: Fits, from: Date, minutes: 1 | -1): Date | undefined {
  const at = new Date(from);
  at.setSeconds(0, 0);
  for (let i = 0; i < 60 * 24 * 400; i++) {
    if (!fits.day(at)) {
      // To the edge of the next day, or of the one before.
      if (minutes === 1) at.setHours(24, 0);
      else at.setHours(0, -1);
    } else if ((minutes === 1 ? at > from : at <= from) && fits.time(at)) return at;
    else at.setMinutes(at.getMinutes() + minutes);
  }
  return undefined;
}

test.each([
  "30 4 * * *",
  "0 22 * * 6",
  "17 * * * *",
  "0 22 * * 7",
  "0 22 * * 0",
  "0 22 * * sun",
  "*/20 10-11 * * 1-5",
  "*/7 3 * * *",
  "5-50/15 8-18/3 * * mon-fri",
  "0,30 6 1,15 * *",
  "0 1 1 * mon",
  "0 1 13 * 5",
  "0 1 */2 * mon",
  "0 1 */10 * tue,thu",
  "0 1 1-31 * mon",
  "0 1 1 * */2",
  "0 1 * * */3",
  "0 1 31 * *",
  "0 0 1 jan-mar/2 *",
  "0 0 * feb *",
  "59 23 31 dec *",
  "0 12 * * 5-7",
])("%s is due when Debian's cron starts it", (line) => {
  expect(cronFault(line)).toBeUndefined();
  const fits = asDebian(line);
  for (const from of [
    "2026-11-23T10:00:00",
    "2026-11-24T00:00:00",
    "2026-12-31T23:59:30",
    "2026-02-27T04:30:00",
  ]) {
    let at = new Date(from);
    expect(lastDue(line, at), `${line} before ${from}`).toEqual(search(fits, at, -1));
    for (let i = 0; i < 3; i++) {
      const next = search(fits, at, 1) as Date;
      expect(nextDue(line, at), `${line} after ${at}`).toEqual(next);
      at = next;
    }
  }
});

test("a day of month with a step and a day of week: both must fit, as for Debian's cron", () => {
  // Mondays with an odd day of month, and not each Monday and each odd day.
  expect(nextDue("0 1 */2 * mon", new Date("2026-11-23T10:00:00"))).toEqual(new Date("2026-12-07T01:00:00"));
});

test.each([
  "@daily",
  "0 0 L * *",
  "0 0 15W * *",
  "0 0 * * 1#2",
  "0 0 ? * *",
  "0 0 1 1 * 2027",
  "* * * * * *",
  "5/2 * * * *",
  "1+ * * * *",
  "* * * * 6-0",
])("%s is refused: Debian's cron does not know it", (line) => {
  expect(cronFault(line)).toBeDefined();
  expect(nextDue(line, new Date())).toBeUndefined();
  expect(lastDue(line, new Date())).toBeUndefined();
});

test("a day that never comes is never due", () => {
  expect(cronFault("0 0 30 2 *")).toBeUndefined();
  expect(nextDue("0 0 30 2 *", new Date())).toBeUndefined();
  expect(lastDue("0 0 30 2 *", new Date())).toBeUndefined();
});

test("in words, in both languages", () => {
  expect(whenInWords("0 22 * * 6", "fr")).toBe("chaque samedi à 22:00");
  expect(whenInWords("0 22 * * 6", "en")).toBe("every Saturday at 22:00");
});
