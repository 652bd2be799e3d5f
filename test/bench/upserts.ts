import type { Client } from "pg";

const TABLES = { plain: "bench_plain", ours: "bench_ours" } as const;

type Kind = "same" | "update" | "insert";
/** Shares of a download: most rows come again unchanged. */
const KINDS: [Kind, number][] = [
  ["same", 0.8],
  ["update", 0.1],
  ["insert", 0.1],
];

/**
 * What all our triggers and indexes add to Client-API-VN's way of writing: a statement and a commit per row, most of
 * them re-downloaded rows that change nothing (80 %), some changed (10 %), some new (10 %). A table as the client
 * makes it (primary key, indexes on id and form) beside one as ours, with journal, tombstones and the list of what a
 * download brought. Each row goes into one and at once into the other, first in turn: what else the machine does
 * meets both alike. Each kind's median statement counts with its share: a commit that waits for another program's
 * writes says nothing about ours. Returns ours / plain − 1, and the same for each kind.
 */
export async function upsertCost(
  client: Client,
  rows = 10_000,
): Promise<{ ratio: number; plain_us: number; ours_us: number; kinds: Record<Kind, number> }> {
  await client.query(`
    DROP TABLE IF EXISTS bench_plain, bench_ours;
    CREATE TABLE bench_plain (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
      id_form_universal varchar, CONSTRAINT bench_plain_pk PRIMARY KEY (id, site));
    CREATE INDEX ON bench_plain (id);
    CREATE INDEX ON bench_plain (id_form_universal);
    CREATE TABLE bench_ours (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
      id_form_universal varchar, CONSTRAINT bench_ours_pk PRIMARY KEY (id, site) INCLUDE (update_ts));
    CREATE TRIGGER vn_repair_download BEFORE INSERT ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_repair.note_download();
    CREATE TRIGGER vn_repair_change AFTER INSERT OR UPDATE ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_repair.note_observation();
    CREATE TRIGGER vn_repair_delete AFTER DELETE ON bench_ours FOR EACH ROW EXECUTE FUNCTION src_vn_json_repair.note_deletion();
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
  const none = () => ({ same: [], update: [], insert: [] }) as Record<Kind, number[]>;
  const took = { plain: none(), ours: none() };
  const upsert = async (table: string, n: number, kind: Kind) => {
    const s = samples[n];
    if (!s) return;
    const id = kind === "insert" ? s.id + 100_000_000 : s.id;
    const ts = kind === "update" ? s.update_ts + 1 : s.update_ts;
    await client.query(
      `INSERT INTO ${table} (id, site, item, update_ts, id_form_universal) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item, update_ts = EXCLUDED.update_ts,
         id_form_universal = EXCLUDED.id_form_universal WHERE ${table}.update_ts < EXCLUDED.update_ts`,
      [id, s.site, s.item, ts, s.id_form_universal],
    );
  };
  for (let n = 0; n < rows; n++) {
    const kind: Kind = n % 10 === 8 ? "update" : n % 10 === 9 ? "insert" : "same";
    // By tens, so that each kind meets each order equally often.
    for (const which of Math.floor(n / 10) % 2 === 0
      ? (["plain", "ours"] as const)
      : (["ours", "plain"] as const)) {
      const start = process.hrtime.bigint();
      await upsert(TABLES[which], n, kind);
      took[which][kind].push(Number(process.hrtime.bigint() - start) / 1000);
    }
  }
  await client.query(
    "DROP TABLE bench_plain, bench_ours; DELETE FROM src_vn_json_repair.journal_observation; DELETE FROM src_vn_json_repair.downloaded_key",
  );
  const mixed = (which: keyof typeof TABLES) =>
    KINDS.reduce((sum, [kind, share]) => sum + share * median(took[which][kind]), 0);
  return {
    ratio: mixed("ours") / mixed("plain") - 1,
    plain_us: mixed("plain"),
    ours_us: mixed("ours"),
    kinds: Object.fromEntries(
      KINDS.map(([kind]) => [kind, median(took.ours[kind]) / median(took.plain[kind]) - 1]),
    ) as Record<Kind, number>,
  };
}

/** The middle one; of an even number, the lower of the two. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
