import { until } from "../support/command";
import type { Association } from "./association";

export interface WeeklyRun {
  id: number;
  status: string;
  window: string;
  monitoring: { action: string; count: number }[];
  /** Rows of main's observations that the repair wrote. */
  observations: { inserted: number; updated: number };
}

/** What is told while one waits: when cron starts the job, then each ten seconds how many are left. */
export type Waiting = { line: string } | { seconds: number };

/**
 * Sets the weekly line of the schedule to a minute soon to come, as a user would (`config set`, `up`),
 * and waits until cron has started the job and the job has recorded its end. What there is to do `meanwhile` is
 * begun once the line is set.
 */
export async function startWeeklyByCron(
  association: Association,
  tell: (waiting: Waiting) => void = () => {},
  meanwhile: () => Promise<void> = async () => {},
): Promise<WeeklyRun> {
  const [last] = await association.query<{ id: number }>(
    "SELECT coalesce(max(id), 0)::int AS id FROM src_vn_json_repair.job",
  );
  let due = await scheduleWeekly(association, 30, tell);
  // On a busy machine the minute may have come before cron could read its new line.
  if (due < Date.now()) due = await scheduleWeekly(association, 240, tell);
  await meanwhile();
  let told = Number.POSITIVE_INFINITY;
  const done = await until("the weekly job started by cron", 600, async () => {
    const seconds = Math.round((due - Date.now()) / 1000);
    if (seconds > 0 && seconds <= told - 10) {
      told = seconds;
      tell({ seconds });
    }
    const [row] = await association.query<{
      id: number;
      status: string;
      window: string;
      repair: number;
    }>(
      `SELECT id::int AS id, status, window_from || ' … ' || window_to AS window, repair_run::int AS repair
         FROM src_vn_json_repair.job
        WHERE id > $1 AND verb = 'weekly' AND ended_at IS NOT NULL`,
      [last?.id ?? 0],
    );
    return row;
  });
  const monitoring = await association.query<{ action: string; count: number }>(
    "SELECT action, count FROM dbadmin.monitoring_vn_check_to_prod WHERE run_id = $1 ORDER BY action",
    [done.repair],
  );
  const counted = (action: string) => monitoring.find((row) => row.action === action)?.count ?? 0;
  return { ...done, monitoring, observations: { inserted: counted("insert"), updated: counted("update") } };
}

/** Writes a line for the first full minute at least `seconds` from now. Gives when that is, in ms. */
async function scheduleWeekly(
  association: Association,
  seconds: number,
  tell: (waiting: Waiting) => void,
): Promise<number> {
  const due = Math.ceil((Date.now() + seconds * 1000) / 60_000) * 60_000;
  const line = await association.cronTime(new Date(due));
  tell({ line });
  await association.stack.set("vn-sync-check:schedule.weekly", line);
  await association.stack.up();
  return due;
}
