import type { Client } from "pg";
import { type Cluster, startCluster } from "../support/postgres";
import { wrong } from "./data";

export const DATABASE = "bench";

export interface Run {
  seconds: number;
  temp_bytes: number;
  wal_bytes: number;
  /** Rows of main that are not what they should be afterwards. */
  wrong: number;
}

/** A server set as for a database of this size on a machine of 16 GB, and nothing that works on its own. */
export const startBench = (): Promise<Cluster> =>
  startCluster({
    durable: true,
    settings: {
      shared_buffers: "1GB",
      work_mem: "64MB",
      maintenance_work_mem: "512MB",
      max_wal_size: "16GB",
      checkpoint_timeout: "30min",
      wal_level: "minimal",
      max_wal_senders: "0",
      autovacuum: "off",
      effective_cache_size: "12GB",
    },
  });

export async function settle(client: Client): Promise<void> {
  await client.query("VACUUM ANALYZE");
  await client.query("CHECKPOINT");
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Runs something in a session of its own; the statistics of the database count its temporary files. */
export async function measure(
  cluster: Cluster,
  watch: Client,
  work: (c: Client) => Promise<unknown>,
): Promise<Run> {
  const temp = async () => {
    await watch.query("SELECT pg_stat_clear_snapshot()");
    const { rows } = await watch.query<{ temp: string; lsn: string }>(
      "SELECT temp_bytes AS temp, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS lsn FROM pg_stat_database WHERE datname = current_database()",
    );
    return { temp: Number(rows[0]?.temp), lsn: Number(rows[0]?.lsn) };
  };
  const before = await temp();
  const client = await cluster.connect(DATABASE);
  const took = await seconds(() => work(client));
  await client.end();
  await new Promise((done) => setTimeout(done, 300)); // a session's statistics are sent as it ends
  const after = await temp();
  return {
    seconds: took,
    temp_bytes: after.temp - before.temp,
    wal_bytes: after.lsn - before.lsn,
    wrong: await wrong(watch),
  };
}

export function told(run: Run): string {
  return `${run.seconds.toFixed(3)} s, ${run.temp_bytes} bytes of temporary files, ${(run.wal_bytes / 1e6).toFixed(1)} MB WAL, ${run.wrong} rows wrong`;
}
