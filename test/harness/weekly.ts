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

/**
 * Sets the weekly line of the schedule to a minute soon to come, as a user would (`config set`, `up`),
 * and waits until cron has started the job and the job has recorded its end.
 */
export async function startWeeklyByCron(
  association: Association,
  say: (line: string) => void,
): Promise<WeeklyRun> {
  const [last] = await association.query<{ id: number }>(
    "SELECT coalesce(max(id), 0)::int AS id FROM src_vn_json_repair.job",
  );
  const due = new Date(Date.now() + 100_000);
  const line = await association.cronTime(due);
  say(`schedule.weekly: "${line}"`);
  await association.stack.set("vn-sync-check:schedule.weekly", line);
  await association.stack.up();
  const done = await until("the weekly job started by cron", 600, async () => {
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
  say(`${done.status}, ${done.window}`);
  const monitoring = await association.query<{ action: string; count: number }>(
    "SELECT action, count FROM dbadmin.monitoring_vn_check_to_prod WHERE run_id = $1 ORDER BY action",
    [done.repair],
  );
  const counted = (action: string) => monitoring.find((row) => row.action === action)?.count ?? 0;
  return { ...done, monitoring, observations: { inserted: counted("insert"), updated: counted("update") } };
}
