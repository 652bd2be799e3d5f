import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";

const TABLES = { plain: "bench_plain", ours: "bench_ours" } as const;

/**
 * What all our triggers and indexes add to Client-API-VN's way of writing: a statement and a commit per row, most of
 * them re-downloaded rows that change nothing (80 %), some changed (10 %), some new (10 %). A table as the client
 * makes it beside one with our primary key, journal, tombstones and the list of what a download brought; turns of 250
 * rows each by turns, so that whatever else the machine does meets both. Returns ours / plain − 1.
 */
export async function upsertCost(
  client: Client,
  rows = 6_000,
): Promise<{ ratio: number; plain_us: number; ours_us: number }> {
  await client.query(`
    DROP TABLE IF EXISTS bench_plain, bench_ours;
    CREATE TABLE bench_plain (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
      id_form_universal varchar, CONSTRAINT bench_plain_pk PRIMARY KEY (id, site));
    CREATE INDEX ON bench_plain (id);
    CREATE INDEX ON bench_plain (id_form_universal);
    CREATE TABLE bench_ours (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
      id_form_universal varchar, CONSTRAINT bench_ours_pk PRIMARY KEY (id, site) INCLUDE (update_ts));
    CREATE TRIGGER vn_repair_seen BEFORE INSERT ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_check.fix_note_seen();
    CREATE TRIGGER vn_repair_change AFTER INSERT OR UPDATE ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_check.fix_note_change();
    CREATE TRIGGER vn_repair_delete AFTER DELETE ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_check.fix_note_delete();
    INSERT INTO bench_plain SELECT id, site, item, update_ts, id_form_universal FROM src_vn_json_check.observations_json ORDER BY id, site LIMIT 100000;
    INSERT INTO bench_ours SELECT * FROM bench_plain;
    ANALYZE bench_plain; ANALYZE bench_ours`);
  const { rows: samples } = await client.query<{
    id: number;
    site: string;
    item: object;
    update_ts: number;
    id_form_universal: string;
  }>(`SELECT * FROM bench_plain ORDER BY md5(id::text) LIMIT ${rows}`);
  const took: Record<keyof typeof TABLES, number[]> = { plain: [], ours: [] };
  const upsert = async (table: string, n: number) => {
    const s = samples[n];
    if (!s) return;
    const [id, ts] =
      n % 10 === 8
        ? [s.id, s.update_ts + 1]
        : n % 10 === 9
          ? [s.id + 100_000_000, s.update_ts]
          : [s.id, s.update_ts];
    await client.query(
      `INSERT INTO ${table} (id, site, item, update_ts, id_form_universal) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item, update_ts = EXCLUDED.update_ts,
         id_form_universal = EXCLUDED.id_form_universal WHERE ${table}.update_ts < EXCLUDED.update_ts`,
      [id, s.site, s.item, ts, s.id_form_universal],
    );
  };
  const turn = 250;
  for (let from = 0; from < rows; from += turn) {
    const order = (from / turn) % 2 === 0 ? (["plain", "ours"] as const) : (["ours", "plain"] as const);
    for (const kind of order) {
      const start = process.hrtime.bigint();
      for (let n = from; n < from + turn; n++) await upsert(TABLES[kind], n);
      took[kind].push(Number(process.hrtime.bigint() - start) / 1000 / turn);
    }
  }
  await client.query(
    "DROP TABLE bench_plain, bench_ours; DELETE FROM src_vn_json_check.repair_journal; DELETE FROM src_vn_json_check.repair_seen",
  );
  await sleep(0);
  const [plain, ours] = [median(took.plain), median(took.ours)];
  return { ratio: ours / plain - 1, plain_us: plain, ours_us: ours };
}

/** The middle one; of an even number, the lower of the two. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
