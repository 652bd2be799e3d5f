import { setTimeout as sleep } from "node:timers/promises";
import type { Client, DatabaseError } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Databases,
  type Db,
  fill,
  lacking,
  mainRows,
  put,
  putMain,
  type Result,
  type Row,
  startDatabases,
} from "./support";

// What goes on beside a repair, or ends it: main's own writers, other repairs, time-outs, sessions that are killed.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const SCHEMA = "src_vn_json_check";
const REPAIR = "src_vn_json_repair";
const pidOf = async (client: Client) =>
  (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid ?? 0;

/** Main's triggers, as slow as real ones: 2 ms a row. AFTER, so that a batch holds all its rows meanwhile. */
const slow = (seconds = 0.002) => `
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NULL; END $$;
  CREATE TRIGGER slow AFTER INSERT OR UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION slow()`;

/** Waits until a query's single value `ok` is true. */
async function until(db: Db, sql: string, values: unknown[] = []): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if ((await db.rows<{ ok: boolean }>(`SELECT (${sql}) AS ok`, values))[0]?.ok) return;
    await sleep(5);
  }
  throw new Error(`never: ${sql}`);
}
const repaired = (db: Db, n: number) => until(db, `SELECT count(*) >= $1 FROM ${REPAIR}.change`, [n]);
const gone = (db: Db, pid: number) =>
  until(db, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", [pid]);

/** No repair's lock is held any more; a moment is granted, as the server reports an error before it cleans up. */
const noLockHeld = (db: Db) =>
  until(db, `NOT EXISTS (SELECT FROM pg_locks WHERE relation = '${REPAIR}.run_lock'::regclass)`);
const runs = async (db: Db) =>
  (await db.rows<{ status: string }>(`SELECT status FROM ${REPAIR}.run ORDER BY id`)).map((r) => r.status);

/** Each repaired row is recorded once, and counted once in monitoring: by run and action, the two say the same. */
async function countedOnce(db: Db, expected: number): Promise<void> {
  const recorded = await db.rows(
    `SELECT run::integer AS run_id, action::text, count(*)::integer FROM ${REPAIR}.change GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  expect(
    await db.rows(
      "SELECT run_id::integer, action, count FROM dbadmin.monitoring_vn_check_to_prod WHERE count > 0 ORDER BY 1, 2",
    ),
  ).toEqual(recorded);
  expect(
    await db.rows(
      "SELECT run_id, action FROM dbadmin.monitoring_vn_check_to_prod GROUP BY 1, 2 HAVING count(*) > 1",
    ),
  ).toEqual([]);
  expect(await db.rows(`SELECT id, site FROM ${REPAIR}.change GROUP BY 1, 2 HAVING count(*) > 1`)).toEqual(
    [],
  );
  expect(await db.rows(`SELECT FROM ${REPAIR}.change`)).toHaveLength(expected);
}

describe("main's own writers during a whole pass", () => {
  const KEYS = 2000;
  /** Reproducible numbers in [0, 1) (mulberry32). */
  function random(seed: number): () => number {
    let a = seed;
    return () => {
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
  /** `count` of the keys in random order; older than check (20), the same (50) or newer (60). */
  function plan(seed: number, keys: number[], count: number): Row[] {
    const next = random(seed);
    const shuffled = keys.map((id) => ({ id, at: next() })).sort((a, b) => a.at - b.at);
    return shuffled.slice(0, count).map(({ id }) => ({ id, ts: [20, 50, 60][Math.floor(next() * 3)] ?? 60 }));
  }

  interface Written {
    failures: { code: string | undefined; text: string }[];
    committed: Row[];
  }
  /** A synchronisation of main: a row a statement, so many a transaction; one that fails is given up and counted. */
  async function write(client: Client, rows: Row[], perTransaction: number): Promise<Written> {
    const written: Written = { failures: [], committed: [] };
    for (let i = 0; i < rows.length; i += perTransaction) {
      const part = rows.slice(i, i + perTransaction);
      try {
        if (perTransaction > 1) await client.query("BEGIN");
        for (const row of part) await put(client, "src_vn_json", row);
        if (perTransaction > 1) await client.query("COMMIT");
        written.committed.push(...part);
      } catch (error) {
        const e = error as DatabaseError;
        written.failures.push({ code: e.code, text: `${e.message}\n${e.detail ?? ""}` });
        await client.query("ROLLBACK");
      }
    }
    return written;
  }

  /**
   * The longest time, in ms, that a writer has waited because of the repair. From the lock table, one look each few
   * milliseconds: a statement's own time would count waits of the writers for one another, and a busy machine. A wait
   * behind another writer counts from when that one waits for the repair.
   */
  async function watch(db: Db, repair: number, writers: number[], stop: { now: boolean }) {
    const waits = { longest: 0, seen: 0 };
    const client = await db.connect();
    while (!stop.now) {
      const { rows } = await client.query<{ ms: number }>(
        `WITH RECURSIVE l AS MATERIALIZED (
           SELECT *, (locktype, database, relation, page, tuple, transactionid, virtualxid, objid)::text AS what FROM pg_locks),
         caused AS (
           SELECT w.pid, w.waitstart AS since, 1 AS depth FROM l AS w JOIN l AS h ON h.what = w.what AND h.granted
            WHERE NOT w.granted AND h.pid = $1
           UNION
           SELECT w.pid, greatest(w.waitstart, c.since), depth + 1
             FROM caused AS c JOIN l AS h ON h.pid = c.pid AND h.granted JOIN l AS w ON w.what = h.what AND NOT w.granted
            WHERE w.pid <> $1 AND depth < 4)
         SELECT extract(epoch FROM clock_timestamp() - since)::float8 * 1000 AS ms FROM caused WHERE pid = ANY ($2) AND since IS NOT NULL`,
        [repair, writers],
      );
      waits.seen += rows.length;
      waits.longest = Math.max(waits.longest, ...rows.map((r) => r.ms));
      await sleep(5);
    }
    return waits;
  }

  /** Check has all keys at 50; main lacks every fourth, has every other fourth older, the rest the same. */
  async function prepare(): Promise<Db> {
    const db = await world.database({ minDifferences: 5000 });
    await db.admin.query(`
      INSERT INTO src_vn_json.observations_json (id, site, item, update_ts)
      SELECT i, 'vn38', '{}', CASE i % 4 WHEN 1 THEN 10 ELSE 50 END FROM generate_series(1, ${KEYS}) AS i WHERE i % 4 > 0`);
    await fill(db.login, SCHEMA, 1, KEYS, 50);
    await db.admin.query(slow());
    await db.rows("SELECT FROM src_vn_json_repair.preflight()"); // else the run begins with that, while the writers go on
    return db;
  }

  async function run(db: Db, plans: Row[][], perTransaction: number, withRepair: boolean) {
    const clients = await Promise.all(plans.map(() => db.connect("vn_main")));
    const writing = Promise.all(clients.map((c, i) => write(c, plans[i] ?? [], perTransaction)));
    if (!withRepair) return { written: await writing };
    const repair = await pidOf(db.login);
    const stop = { now: false };
    const watching = watch(db, repair, await Promise.all(clients.map(pidOf)), stop);
    await sleep(100);
    const summary = await db.repair("whole");
    const written = await writing;
    stop.now = true;
    return { written, summary, repair, waits: await watching };
  }

  const all = Array.from({ length: KEYS }, (_, i) => i + 1);
  // Two that never meet fail never by themselves, so each failure would be the repair's doing. Two that meet deadlock
  // with one another, how often is chance: there the reports say who took part.
  test.each([
    { name: "100 rows a transaction, keys apart", perTransaction: 100, apart: true, rows: 800 },
    { name: "100 rows a transaction, the same keys", perTransaction: 100, apart: false, rows: 600 },
    { name: "a row a transaction, as Client-API-VN", perTransaction: 1, apart: false, rows: 1000 },
  ])("$name", async ({ perTransaction, apart, rows }) => {
    const plans = [0, 1].map((w) =>
      plan(w + 1, apart ? all.filter((id) => id % 8 < 4 === (w === 0)) : all, rows),
    );
    const [alone, beside] = [await prepare(), await prepare()];
    const [reference, result] = await Promise.all([
      run(alone, plans, perTransaction, false),
      run(beside, plans, perTransaction, true),
    ]);
    const failures = result.written.flatMap((w) => w.failures);
    const expected = reference.written.flatMap((w) => w.failures);
    if (apart || perTransaction === 1) expect([expected, failures]).toEqual([[], []]);
    for (const failure of failures) {
      expect(failure.code).toBe("40P01");
      expect(failure.text).toMatch(/Process \d+ waits for/);
      expect(failure.text).not.toMatch(new RegExp(`rocess ${result.repair}\\b`));
    }
    expect(result.waits?.seen).toBeGreaterThan(0); // they did meet
    expect(result.waits?.longest).toBeLessThan(500);

    if (result.summary?.status === "partial") await beside.repair("journal");
    expect(await lacking(beside)).toBe(0);
    const main = await mainRows(beside);
    for (const row of result.written.flatMap((w) => w.committed)) {
      expect(main[`${row.id}/vn38`]).toBeGreaterThanOrEqual(row.ts);
    }
    expect(Object.values(main)).toHaveLength(KEYS);
    await countedOnce(beside, await recorded(beside));
  });
  const recorded = async (db: Db) => (await db.rows(`SELECT FROM ${REPAIR}.change`)).length;
});

describe("two repairs at once", () => {
  const prepare = async () => {
    const db = await world.database({ batchSize: 10 });
    await fill(db.login, SCHEMA, 1, 300, 50);
    await db.admin.query(slow());
    return db;
  };
  const busy = { run: null, status: "busy", inserted: 0, updated: 0, deleted: 0 };

  const as = (db: Db, who: string) => db.connect(who === "login" ? "vn_check" : undefined);

  test.each([
    ["login", "login"],
    ["login", "superuser"],
    ["superuser", "login"],
  ])("of %s and of %s: the second says so at once, however often, and writes nothing", async (one, two) => {
    const db = await prepare();
    const [first, second] = [await as(db, one), await as(db, two)];
    let over = false;
    const running = db.repair("whole", { client: first }).finally(() => {
      over = true;
    });
    await repaired(db, 20);
    const asked: { summary: Result; took: number }[] = [];
    // Some of these meet the gap between two batches, in which the lock is free; dry runs would hold it for long.
    while (!over && asked.length < 60) {
      const started = Date.now();
      const summary = await db.repair("whole", { client: second, dryRun: asked.length % 2 > 0 });
      asked.push({ summary, took: Date.now() - started });
    }
    expect(await running).toMatchObject({ run: 1, status: "done", inserted: 300, open: {} });
    // The last one may have come after the end.
    const late = asked.length < 60 ? asked.pop()?.summary.run : undefined;
    expect(await runs(db)).toEqual(late ? ["done", "done"] : ["done"]);
    await countedOnce(db, 300);
    expect(asked.length).toBeGreaterThan(5);
    for (const { summary, took } of asked) {
      expect(summary).toMatchObject(busy);
      expect(took).toBeLessThan(1000);
    }
  });

  test.each(["comparing", "finishing"])(
    "another role's session knows the first while it is %s",
    async (phase) => {
      const db = await prepare();
      const table = phase === "comparing" ? `${REPAIR}.work_item` : "dbadmin.monitoring_vn_check_to_prod";
      await db.admin.query(`
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$;
        CREATE TRIGGER late AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION late()`);
      const first = db.repair("whole", { client: await as(db, "superuser") });
      await repaired(db, phase === "comparing" ? 0 : 300);
      await until(
        db,
        "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CALL%' AND wait_event = 'PgSleep')",
      );
      await sleep(100);
      expect(await db.repair("whole")).toMatchObject(busy);
      expect(await first).toMatchObject({ status: "done", inserted: 300 });
      expect(await runs(db)).toEqual(["done"]);
      await countedOnce(db, 300);
    },
  );

  test("many that start at the same moment repair each row once", async () => {
    const db = await prepare();
    const clients = await Promise.all(Array.from({ length: 6 }, () => db.connect("vn_check")));
    const summaries = await Promise.all(clients.map((client) => db.repair("whole", { client })));
    expect(summaries.map((s) => s.status).sort()).toEqual(["busy", "busy", "busy", "busy", "busy", "done"]);
    expect(summaries.reduce((n, s) => n + s.inserted, 0)).toBe(300);
    await countedOnce(db, 300);
  });
});

describe("a repair that fails in a client that stays connected, then another", () => {
  type Failing = Db & { loginPid: number };
  const cancel = (db: Db, pid: number) => db.rows("SELECT pg_cancel_backend($1)", [pid]);
  const AWAY = "ALTER TABLE src_vn_json.observations_json RENAME TO away";
  const BACK = "ALTER TABLE src_vn_json.away RENAME TO observations_json";
  test.each<{ name: string; fail(db: Failing): Promise<unknown>; mend?(db: Db): Promise<unknown> }>([
    {
      name: "cancelled while writing",
      async fail(db) {
        const failed = expect(db.repair("whole")).rejects.toThrow("user request");
        await repaired(db, 30);
        await cancel(db, db.loginPid);
        await failed;
      },
    },
    {
      name: "cancelled while comparing",
      async fail(db) {
        await db.admin.query("BEGIN; LOCK TABLE src_vn_json.observations_json IN ACCESS EXCLUSIVE MODE");
        const failed = expect(db.repair("whole")).rejects.toThrow("user request");
        await sleep(300);
        await cancel(db, db.loginPid);
        await failed;
        await db.admin.query("COMMIT");
      },
    },
    {
      name: "main's table is away when it compares",
      async fail(db) {
        await db.admin.query(AWAY);
        await expect(db.repair("whole")).rejects.toThrow("observations_json");
      },
      mend: (db) => db.admin.query(BACK),
    },
    {
      name: "main's table goes away while it writes",
      async fail(db) {
        const ended = db.repair("whole");
        await repaired(db, 30);
        await db.admin.query(AWAY);
        await ended.catch(() => undefined);
      },
      mend: (db) => db.admin.query(BACK),
    },
  ])("$name", async ({ fail, mend }) => {
    const base = await world.database({ batchSize: 10 });
    const db = Object.assign(base, { loginPid: await pidOf(base.login) });
    await fill(db.login, SCHEMA, 1, 200, 50);
    await db.admin.query(slow(0.005));
    await fail(db);
    await noLockHeld(db);
    await mend?.(db);
    await fill(db.login, SCHEMA, 201, 210, 50);
    const other = await db.connect("vn_check");
    expect(await db.repair("journal", { client: other })).toMatchObject({ status: "done", open: {} });
    expect(await lacking(db)).toBe(0);
    await fill(db.login, SCHEMA, 211, 220, 50);
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: 10 });
    await noLockHeld(db);
    expect(await runs(db)).not.toContain("running");
    await countedOnce(db, 220);
  });
});

describe("a repair whose session is killed, run again", () => {
  // A superuser's trigger ends the session at the n-th row written to any of these tables; a sequence counts, for it
  // goes on where a transaction is rolled back. 0 is never reached.
  const KILL = `
    CREATE SEQUENCE kill_count; CREATE TABLE kill_at (n bigint); INSERT INTO kill_at VALUES (0);
    CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
      IF nextval('kill_count') = (SELECT n FROM kill_at) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
      RETURN NULL; END $$;
    DO $$ DECLARE t text; BEGIN
      FOREACH t IN ARRAY '{src_vn_json.observations_json,${REPAIR}.run,${REPAIR}.work_item,${REPAIR}.set_aside,${REPAIR}.held_back,${REPAIR}.change,dbadmin.monitoring_vn_check_to_prod}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER zz_kill AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION kill()', t);
      END LOOP; END $$`;
  const arm = (db: Db, n: number) =>
    db.admin.query(`SELECT setval('kill_count', 1, false); UPDATE kill_at SET n = ${n}`);
  /** A run in a session of its own; null if that was killed. */
  async function once(db: Db): Promise<Result | null> {
    const client = await db.connect("vn_check");
    const pid = await pidOf(client);
    const summary = await db.repair("whole", { client }).catch((e: Error) => {
      expect(e.message).toMatch(/terminat/i);
      return null;
    });
    await client.end().catch(() => undefined);
    await gone(db, pid);
    return summary;
  }

  test("at every row that it writes anywhere: comparing, in and between batches, closing the run", async () => {
    const db = await world.database({ batchSize: 3, watchMain: false, minDifferences: 5000 });
    await db.admin.query(KILL);
    const cutOff: string[] = [];
    let total = 0;
    for (let n = 1, killed = true; killed; n++) {
      // Four to insert and four to update, of this round alone.
      const ids = Array.from({ length: 8 }, (_, i) => n * 10 + i);
      await putMain(db, ...ids.slice(4).map((id) => ({ id, ts: 1 })));
      await put(db.login, SCHEMA, ...ids.map((id) => ({ id, ts: 5 })));
      await arm(db, n);
      const before = (await runs(db)).length;
      killed = (await once(db)) === null;
      await arm(db, 0);
      await noLockHeld(db);
      if (killed) expect(await once(db)).toMatchObject({ status: "done", open: {}, set_aside: 0 });
      total += ids.length;
      expect(await lacking(db)).toBe(0);
      await countedOnce(db, total);
      cutOff.push((await runs(db)).slice(before).join());
    }
    // Killed before its row was there; then, at each later point, interrupted and said so; at last untouched.
    expect(cutOff[0]).toBe("done");
    expect(new Set(cutOff.slice(1, -1))).toEqual(new Set(["interrupted,done"]));
    expect(cutOff.at(-1)).toBe("done");
    expect(cutOff.length).toBeGreaterThan(30);
    const messages = await db.rows(
      `SELECT DISTINCT message, ended_at IS NOT NULL AS ended FROM ${REPAIR}.run WHERE status = 'interrupted'`,
    );
    expect(messages).toEqual([{ message: "its session ended", ended: true }]);
  });

  test("again and again, each time a little further", async () => {
    const db = await world.database({ batchSize: 5, minDifferences: 5000 });
    await fill(db.admin, "src_vn_json", 1, 100, 10);
    await fill(db.login, SCHEMA, 1, 200, 50);
    await db.admin.query(KILL);
    let times = 0;
    for (let done = false; !done; times++) {
      // Far enough to compare what is left, and to write a few batches.
      await arm(db, (await lacking(db)) + 60);
      done = (await once(db)) !== null;
      expect(times).toBeLessThan(100);
    }
    expect(times).toBeGreaterThan(4);
    expect(await lacking(db)).toBe(0);
    expect((await runs(db)).slice(0, -1)).toEqual(Array(times - 1).fill("interrupted"));
    await countedOnce(db, 200);
  });

  test("from outside, after the n-th batch", async () => {
    const db = await world.database({ batchSize: 10 });
    await db.admin.query(slow());
    let total = 0;
    for (const n of [1, 3, 7, 12]) {
      await fill(db.login, SCHEMA, total + 1, total + 150, 50);
      const client = await db.connect("vn_check");
      const pid = await pidOf(client);
      const killed = expect(db.repair("journal", { client })).rejects.toThrow(/terminat/i);
      await repaired(db, total + n * 10);
      await db.admin.query("SELECT pg_terminate_backend($1)", [pid]);
      await killed;
      await gone(db, pid);
      total += 150;
      const left = await lacking(db);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(150 - n * 10);
      expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: left, open: {} });
      expect((await runs(db)).slice(-2)).toEqual(["interrupted", "done"]);
      await countedOnce(db, total);
    }
  });
});

describe("a trigger of main that waits for a lock longer than lock_timeout", () => {
  // As a trigger that counts in a table of main's application: row 7 wants a row that somebody holds.
  const prepare = async () => {
    const db = await world.database({ lockTimeout: "40 ms", batchSize: 10 });
    await db.admin.query(`
      CREATE TABLE public.counter (n integer); INSERT INTO public.counter VALUES (0);
      CREATE FUNCTION add_one() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF NEW.id = 7 THEN UPDATE public.counter SET n = n + 1; END IF; RETURN NEW; END $$;
      CREATE TRIGGER add_one BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION add_one()`);
    await fill(db.login, SCHEMA, 1, 30, 50);
    const holder = await db.connect();
    await holder.query("BEGIN; UPDATE public.counter SET n = 100");
    return { db, holder };
  };

  test("held for the whole run: that row alone is left as locked, and the next run repairs it", async () => {
    const { db, holder } = await prepare();
    const first = await db.repair();
    expect(first).toMatchObject({ status: "partial", inserted: 29, set_aside: 0, open: { locked: 1 } });
    expect(first.message).toContain("1 rows of main stayed locked");
    expect(await db.rows(`SELECT id::integer, state, sqlstate, tries FROM ${REPAIR}.difference`)).toEqual([
      { id: 7, state: "locked", sqlstate: "55P03", tries: 1 },
    ]);
    expect((await db.rows(`SELECT message FROM ${REPAIR}.set_aside`))[0]?.["message"]).toMatch(
      new RegExp(
        `public\\.counter is locked \\(RowExclusiveLock\\) by process ${await pidOf(holder)} of the role postgres`,
      ),
    );
    expect(await db.repair()).toMatchObject({ status: "partial", inserted: 0, open: { locked: 1 } });
    await holder.query("COMMIT");
    expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, open: {} });
    expect(await db.rows("SELECT n FROM public.counter")).toEqual([{ n: 101 }]); // no try has left a trace
    expect(await runs(db)).toEqual(["partial", "partial", "done"]);
    await countedOnce(db, 30);
  });

  test("let go of meanwhile: tried again, and repaired by the same run", async () => {
    const { db, holder } = await prepare();
    const running = db.repair();
    await sleep(150);
    await holder.query("COMMIT");
    expect(await running).toMatchObject({ status: "done", inserted: 30, open: {} });
    await countedOnce(db, 30);
  });
});

test("a trigger of main that raises one of the server's own codes sets its row aside, whatever the code", async () => {
  const db = await world.database();
  await db.admin.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.item ? 'code' THEN RAISE EXCEPTION 'no' USING ERRCODE = NEW.item ->> 'code'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION refuse()`);
  const codes = ["55000", "2D000", "25000", "23505", "XX000"];
  await put(db.login, SCHEMA, ...codes.map((code, id) => ({ id, ts: 5, item: { code } })), { id: 9, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, set_aside: codes.length });
  expect(
    (await db.rows(`SELECT sqlstate FROM ${REPAIR}.difference ORDER BY id`)).map((r) => r["sqlstate"]),
  ).toEqual(codes);
});
