const NAMES: Record<string, number> = Object.fromEntries(
  [
    ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  ].flatMap((list) => list.map((name, i) => [name, i] as const).filter(([name]) => name !== "")),
);

/**
 * When a cron line's five fields are next due after `after`, in local time; undefined: never within four
 * years, or not five fields that cron knows. As cron does it: with day of month and day of week both
 * given, either will do.
 */
export function nextDue(expression: string, after: Date): Date | undefined {
  return search(expression, after, 1);
}

/** When they were last due, at `before` or earlier. */
export function lastDue(expression: string, before: Date): Date | undefined {
  return search(expression, before, -1);
}

function search(expression: string, from: Date, direction: 1 | -1): Date | undefined {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const ranges: [number, number][] = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 7],
  ];
  const sets = fields.map((field, i) => valuesOf(field, ...(ranges[i] as [number, number])));
  if (sets.some((set) => set === undefined)) return undefined;
  const [minutes, hours, days, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  if (weekdays.has(7)) weekdays.add(0);
  const anyDay = fields[2]?.startsWith("*") ?? true;
  const anyWeekday = fields[4]?.startsWith("*") ?? true;
  const dayFits = (d: Date) => {
    if (!months.has(d.getMonth() + 1)) return false;
    const byDay = days.has(d.getDate());
    const byWeekday = weekdays.has(d.getDay());
    return anyDay || anyWeekday ? byDay && byWeekday : byDay || byWeekday;
  };
  const times = [...hours].flatMap((h) => [...minutes].map((m) => [h, m] as const));
  times.sort((a, b) => direction * (a[0] * 60 + a[1] - b[0] * 60 - b[1]));
  for (let i = 0; i < 4 * 366; i++) {
    const day = new Date(from.getFullYear(), from.getMonth(), from.getDate() + direction * i);
    if (!dayFits(day)) continue;
    for (const [h, m] of times) {
      const at = new Date(day.getFullYear(), day.getMonth(), day.getDate(), h, m);
      if (direction === 1 ? at > from : at <= from) return at;
    }
  }
  return undefined;
}

function valuesOf(field: string, min: number, max: number): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of field.toLowerCase().split(",")) {
    const match = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, first = "", last, step] = match;
    const number = (text: string) => NAMES[text] ?? (/^\d+$/.test(text) ? Number(text) : Number.NaN);
    const from = first === "*" ? min : number(first);
    const to = first === "*" ? max : last ? number(last) : step ? max : from;
    const by = step ? Number(step) : 1;
    if (!(from >= min && to <= max && from <= to && by > 0)) return undefined;
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}
