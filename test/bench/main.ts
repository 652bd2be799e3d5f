import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { install } from "../../sql/installer";
import { installation } from "../support/installation";
import { chooseFaults, damage, FAULTS, makeCopies, touchFortnight } from "./data";
import { DATABASE, measure, type Run, settle, startBench, told } from "./measure";
import { median, upsertCost } from "./upserts";
import { wholePass } from "./whole";

const BASELINE = readFileSync(join(__dirname, "baseline.sql"), "utf8");

/** Rows to repair for the figure of growth: many enough that the time is more than noise. */
const GROWTH = { missing: 8_000, stale: 12_000 };

async function repair(rows: number, withBaseline: boolean, say: (text: string) => void) {
  const cluster = await startBench();
  try {
    await cluster.createDatabase(DATABASE);
    const client = await cluster.connect(DATABASE);
    say(`making two copies of ${rows} rows`);
    await makeCopies(client, rows);
    await client.query("CREATE TABLE bench_monitoring (action text, count bigint)");
    await chooseFaults(client, FAULTS);

    const baseline: Run[] = [];
    for (let i = 0; i < (withBaseline ? 4 : 0); i++) {
      await damage(client);
      await settle(client);
      const run = await measure(cluster, client, (c) => c.query(BASELINE));
      say(`baseline ${i === 0 ? "(not counted)" : i}: ${told(run)}`);
      if (i > 0) baseline.push(run);
    }

    say("installing the repair, its indexes");
    const started = Date.now();
    await install(client, installation({ roles: null, sameRights: true }), { parts: ["repair"] });
    const install_s = (Date.now() - started) / 1000;
    await client.query("DELETE FROM src_vn_json_repair.journal_gap");
    const runs = async (name: string, mode: string, times: number, before: () => Promise<unknown>) => {
      const done: Run[] = [];
      for (let i = 0; i <= times; i++) {
        await before();
        await settle(client);
        const run = await measure(cluster, client, async (c) => {
          const { rows: answer } = await c.query(
            `CALL src_vn_json_repair.repair('${mode}', NULL, false, 50000, NULL)`,
          );
          if (answer[0]._result.status !== "done") throw new Error(JSON.stringify(answer[0]._result));
        });
        say(`${name} ${i === 0 ? "(not counted)" : i}: ${told(run)}`);
        if (i > 0) done.push(run);
      }
      return done;
    };
    const full = await runs("whole pass", "whole", 5, async () => {
      await damage(client);
      await client.query("TRUNCATE src_vn_json_repair.journal_observation");
    });
    const journal = await runs("journal", "journal", 5, async () => {
      await damage(client);
      await touchFortnight(client);
    });
    const empty = await runs("journal, nothing to do", "journal", 5, async () => undefined);
    await chooseFaults(client, GROWTH);
    const growth = await runs("journal, 20 000 repairs", "journal", 5, async () => {
      await damage(client);
      await touchFortnight(client);
    });
    say("upserts one by one");
    const upserts = await upsertCost(client);
    await client.end();
    const seconds = (r: Run[]) => median(r.map((x) => x.seconds));
    const ratio = (r: Run[]) => (withBaseline ? seconds(baseline) / seconds(r) : null);
    const all = [...full, ...journal, ...empty, ...growth];
    return {
      rows,
      baseline_s: withBaseline ? seconds(baseline) : null,
      full_s: seconds(full),
      journal_s: seconds(journal),
      journal_empty_s: seconds(empty),
      journal_20k_s: seconds(growth),
      full_ratio: ratio(full),
      journal_ratio: ratio(journal),
      journal_empty_ratio: ratio(empty),
      temp_bytes: Math.max(...all.map((r) => r.temp_bytes)),
      baseline_temp_bytes: withBaseline ? Math.max(...baseline.map((r) => r.temp_bytes)) : null,
      wal_bytes: median(full.map((r) => r.wal_bytes)),
      journal_wal_bytes: median(journal.map((r) => r.wal_bytes)),
      baseline_wal_bytes: withBaseline ? median(baseline.map((r) => r.wal_bytes)) : null,
      upsert_cost_ratio: upserts.ratio,
      upsert_plain_us: upserts.plain_us,
      upsert_ours_us: upserts.ours_us,
      upsert_same_ratio: upserts.kinds.same,
      upsert_update_ratio: upserts.kinds.update,
      upsert_insert_ratio: upserts.kinds.insert,
      install_s,
      wrong_rows: Math.max(...all.map((r) => r.wrong), ...baseline.map((r) => r.wrong)),
    };
  } finally {
    await cluster.stop();
  }
}

const positive = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 50_000)
    throw new InvalidArgumentError("a whole number of at least 50000 was expected");
  return n;
};
/** One JSON object, or a line for each figure. */
const print = (result: Record<string, number | null>, json: boolean) =>
  process.stdout.write(
    json
      ? `${JSON.stringify(result)}\n`
      : `${Object.entries(result)
          .map(
            ([key, value]) =>
              `${key.padEnd(22)} ${value === null || Number.isInteger(value) ? value : value.toFixed(4)}`,
          )
          .join("\n")}\n`,
  );
const say = (text: string) => process.stderr.write(`${text}\n`);

const program = new Command("bench");
program
  .command("repair")
  .description("the repair beside the published procedure's shape")
  .requiredOption("--rows <n>", "rows of each copy", positive)
  .option("--no-baseline", "leave the published shape out: no ratios, but half the time")
  .option("--json", "one JSON object on stdout")
  .action(async (options: { rows: number; json?: boolean; baseline: boolean }) => {
    const result = await repair(options.rows, options.baseline, say);
    print(result, options.json ?? false);
    if (result.wrong_rows !== 0)
      throw new Error(`${result.wrong_rows} rows of main are not what they should be`);
  });
program
  .command("whole")
  .description("the whole pass beside two counts over the same indexes")
  .requiredOption("--rows <n>", "rows of each copy", positive)
  .option("--json", "one JSON object on stdout")
  .action(async (options: { rows: number; json?: boolean }) => {
    const result = await wholePass(options.rows, say);
    print(result, options.json ?? false);
    if (result.wrong_rows !== 0)
      throw new Error(`${result.wrong_rows} rows of main are not what they should be`);
  });
program.parseAsync().catch((error: Error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
