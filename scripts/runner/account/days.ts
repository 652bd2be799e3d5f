/** Local time, YYYY-MM-DDTHH:MM:SS. */
export function stamp(date: Date): string {
  return `${localDay(date)}T${date.toTimeString().slice(0, 8)}`;
}

/** Local date, YYYY-MM-DD. */
export function localDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The day `days` after `day` (before it when negative), YYYY-MM-DD. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The latest of some days, YYYY-MM-DD; at least one is given. */
export function latestDay(days: readonly string[]): string {
  return [...days].sort().at(-1) ?? "";
}
