import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, fill, lacking, startDatabases } from "./support";

// R10: another session that locks a table, ours or main's, holds no repair for ever, and is named.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CHECK = "src_vn_json_check";
const REPAIR = "src_vn_json_repair";
const pidOf = async (client: Client) =>
  (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid ?? 0;

async function locking(db: Db, table: string): Promise<{ pid: number; letGo(): Promise<unknown> }> {
  const holder = await db.connect();
  await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return { pid: await pidOf(holder), letGo: () => holder.query("ROLLBACK") };
}

describe("R10: a lock that another session never lets go", () => {
  test("on a table of ours ends the repair in a minute or two, with the holder's pid, role and time", async () => {
    const tables = ["run", "settings", "client_table", "journal_observation"].map(
      (name) => `${REPAIR}.${name}`,
    );
    const made: [table: string, db: Db][] = [];
    for (const table of tables) made.push([table, await world.database({})]);
    await Promise.all(
      made.map(async ([table, db]) => {
        await fill(db.login, CHECK, 1, 20, 5);
        const holder = await locking(db, table);
        const started = Date.now();
        const error = await db.repair("whole").then(
          () => undefined,
          (e: Error & { hint?: string }) => e,
        );
        expect(error?.message, table).toMatch(
          new RegExp(
            `${table} is locked \\(AccessExclusiveLock\\) by process ${holder.pid} of the role postgres, for at least 00:01:00`,
          ),
        );
        expect(error?.hint, table).toContain("pg_terminate_backend");
        expect(Date.now() - started, table).toBeLessThan(200_000);
        await holder.letGo();
        expect(await db.repair("whole"), table).toMatchObject({ status: "done", inserted: 20 });
      }),
    );
  }, 240_000);

  test("on main's table: some rows are tried again and again, the rest is left to the next run, which is said with the holder", async () => {
    const db = await world.database({ lockTimeout: "20 ms", batchSize: 100, minDifferences: 5000 });
    await fill(db.login, CHECK, 1, 2000, 5);
    await db.admin.query(`
      CREATE TABLE public.counter (n integer); INSERT INTO public.counter VALUES (0);
      CREATE FUNCTION add_one() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF NEW.id > 10 THEN UPDATE public.counter SET n = n + 1; END IF; RETURN NEW; END $$;
      CREATE TRIGGER add_one BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION add_one()`);
    await db.rows(`SELECT FROM ${REPAIR}.preflight()`);
    const counter = await locking(db, "public.counter");
    const started = Date.now();
    expect(await db.repair("whole")).toMatchObject({
      status: "partial",
      inserted: 10,
      open: { locked: 1990 },
    });
    expect(Date.now() - started).toBeLessThan(60_000);
    expect(
      await db.rows(
        `SELECT DISTINCT message ~ 'by process ${counter.pid} of the role postgres' AS named FROM ${REPAIR}.set_aside`,
      ),
    ).toEqual([{ named: true }]);
    await counter.letGo();
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: 1990, open: {} });
    expect(await lacking(db)).toBe(0);
  }, 120_000);

  test("who may see it is told since when", async () => {
    const db = await world.database({});
    const holder = await locking(db, `${REPAIR}.job`);
    await db.admin.query("GRANT pg_read_all_stats TO vn_check_repair");
    const [row] = (await db.login.query(`SELECT ${REPAIR}.holders() AS said`)).rows;
    await db.admin.query("REVOKE pg_read_all_stats FROM vn_check_repair");
    expect(row.said).toMatch(
      new RegExp(
        `by process ${holder.pid} of the role postgres, in a transaction since 2\\d{3}-\\S+ \\S+ \\S+, for 00:00:\\d\\d$`,
      ),
    );
    await holder.letGo();
  });
});
