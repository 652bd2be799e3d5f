import { install } from "../../sql/installer";
import { installation } from "../support/installation";
import { chooseFaults, damage, FAULTS, makeCopies, NO_ITEM } from "./data";
import { DATABASE, measure, seconds, settle, startBench, told } from "./measure";
import { median } from "./upserts";

const ROUNDS = 4;
/** Reads the covering index of each copy once: nothing that compares them row by row can be faster. */
const COUNTS = ["src_vn_json", "src_vn_json_check"].map(
  (schema) => `SELECT count(update_ts) FROM ${schema}.observations_json`,
);

/**
 * The whole pass, repairs included, beside a count over each of the two indexes that it reads; in turn, in one run.
 * Items are empty: neither reads them. The first round is not counted.
 */
export async function wholePass(
  rows: number,
  say: (text: string) => void,
): Promise<Record<string, number | null>> {
  const cluster = await startBench();
  try {
    await cluster.createDatabase(DATABASE);
    const client = await cluster.connect(DATABASE);
    say(`making two copies of ${rows} rows without items`);
    await makeCopies(client, rows, NO_ITEM);
    say("installing the repair, its indexes");
    await install(client, installation({ roles: null, sameRights: true }), { parts: ["repair"] });
    await chooseFaults(client, FAULTS);
    const took = { counts: [] as number[], serial: [] as number[], pass: [] as number[] };
    const wrong: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await damage(client);
      await client.query("TRUNCATE src_vn_json_repair.journal_observation");
      await settle(client);
      const counts = async (workers: number) => {
        const session = await cluster.connect(DATABASE);
        await session.query(`SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;
          SET max_parallel_workers_per_gather = ${workers}`);
        for (const count of COUNTS) {
          const plan = JSON.stringify((await session.query(`EXPLAIN ${count}`)).rows);
          if (!/Index Only Scan using/.test(plan)) throw new Error(`not an index-only scan: ${plan}`);
        }
        const all = await seconds(async () => {
          for (const count of COUNTS) await session.query(count);
        });
        await session.end();
        return all;
      };
      const serial = await counts(0);
      const parallel = await counts(2);
      const pass = await measure(cluster, client, async (c) => {
        const { rows: answer } = await c.query(
          "CALL src_vn_json_repair.repair('whole', NULL, false, 50000, NULL)",
        );
        if (answer[0]._result.status !== "done") throw new Error(JSON.stringify(answer[0]._result));
      });
      say(
        `${round === 0 ? "(not counted)" : round}: two counts ${serial.toFixed(2)} s, with workers ${parallel.toFixed(2)} s; whole pass ${told(pass)}`,
      );
      wrong.push(pass.wrong);
      if (round === 0) continue;
      took.serial.push(serial);
      took.counts.push(parallel);
      took.pass.push(pass.seconds);
    }
    await client.end();
    return {
      rows,
      counts_s: median(took.serial),
      counts_parallel_s: median(took.counts),
      whole_s: median(took.pass),
      whole_to_counts: median(took.pass) / median(took.serial),
      whole_to_counts_parallel: median(took.pass) / median(took.counts),
      wrong_rows: Math.max(...wrong),
    };
  } finally {
    await cluster.stop();
  }
}
