import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, fill, mainRows, putCheck, putMain, startDatabases } from "./support";

// `CALL fct_fix_sync(…)` by a person, or by a job that goes by psql's exit code: what was not done ends in an error,
// after all of it has been committed and recorded.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

/** As a script calls it. */
async function psql(db: Db, call = "fct_fix_sync(FALSE)"): Promise<{ code: number; said: string }> {
  const args = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", `CALL src_vn_json_check.${call}`];
  const env = { ...process.env, ...world.cluster.env(db.name) };
  return await new Promise((done) =>
    execFile("psql", args, { env }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    ),
  );
}
const runs = (db: Db) =>
  db.rows("SELECT status::text, ended_at IS NOT NULL AS ended FROM src_vn_json_repair.run ORDER BY id");
const refuse = (condition: string) => `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF ${condition} THEN RAISE EXCEPTION 'no to %', NEW.id; END IF; RETURN NEW; END $$;
  CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION refuse()`;

describe("issue 11, 3: a repair by hand ends as it has gone", () => {
  test("all repaired, or nothing to do: exit 0, no warning", async () => {
    const db = await world.database();
    await putCheck(db, { id: 1, ts: 5 });
    for (const call of ["fct_fix_sync(FALSE)", "fct_fix_sync()", "fct_fix_sync('me@example.org')"])
      expect(await psql(db, call), call).toEqual({ code: 0, said: expect.not.stringContaining("WARNING") });
  });

  test("refused by the stop before too many differences: an error whose hint is the call that agrees, and it works", async () => {
    const db = await world.database({ minDifferences: 10 });
    await fill(db.login, "src_vn_json_check", 1, 50, 5);
    const ended = await psql(db);
    expect(ended.code).not.toBe(0);
    expect(ended.said).toMatch(/ERROR: .*was refused.*50 rows of observations_json differ/);
    expect(await runs(db)).toEqual([{ status: "refused", ended: true }]);
    const hint = /HINT: .*(CALL .*\))/.exec(ended.said)?.[1] ?? "";
    const { rows } = await db.admin.query(hint);
    expect(rows[0]._result).toMatchObject({ status: "done", inserted: 50 });
  });

  test("busy: an error that says who, and how to end it", async () => {
    const db = await world.database();
    await putCheck(db, { id: 1, ts: 5 });
    const holder = await db.connect();
    await holder.query("BEGIN; LOCK TABLE src_vn_json_repair.run_lock IN EXCLUSIVE MODE");
    const [{ pid }] = (await holder.query("SELECT pg_backend_pid() AS pid")).rows as [{ pid: number }];
    const ended = await psql(db);
    expect(ended.code).not.toBe(0);
    expect(ended.said).toContain(
      `ERROR:  the repair of src_vn_json did not begin: the lock of the repair is held`,
    );
    expect(ended.said).toMatch(new RegExp(`HINT: .*pg_terminate_backend\\(${pid}\\)`));
    await holder.query("ROLLBACK");
  });

  test("main refuses every row: an error, with the rows in quarantine and the run recorded", async () => {
    const db = await world.database();
    await db.admin.query(refuse("true"));
    await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
    const ended = await psql(db);
    expect(ended.code).not.toBe(0);
    expect(ended.said).toMatch(
      /ERROR: .*failed: main has refused every row[\s\S]*HINT: .*src_vn_json_repair"\.difference/,
    );
    expect(await runs(db)).toEqual([{ status: "failed", ended: true }]);
    expect(await db.rows("SELECT FROM src_vn_json_repair.set_aside")).toHaveLength(2);
  });

  test.each(["dropped", "locked"])("every row is set aside, %s: an error", async (how) => {
    const db = await world.database({ lockTimeout: "40 ms" });
    await putMain(db, { id: 1, ts: 1 });
    await putCheck(db, { id: 1, ts: 5 });
    if (how === "dropped")
      await db.admin.query(`
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER swallow BEFORE UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION swallow()`);
    else await db.main.query("BEGIN; UPDATE src_vn_json.observations_json SET item = item");
    const ended = await psql(db);
    expect(ended.code).not.toBe(0);
    expect(ended.said).toMatch(
      /ERROR: .*has written nothing, and set aside all that it tried: 1 rows[\s\S]*HINT/,
    );
    expect((await runs(db)).map((run) => run["ended"])).toEqual([true]);
    if (how === "locked") await db.main.query("ROLLBACK");
    // What is not even tried again, for it would only be dropped again, is told in a warning.
    const again = await psql(db);
    expect(again).toEqual({
      code: 0,
      said: how === "locked" ? expect.any(String) : expect.stringMatching(/WARNING: .*1 set aside/),
    });
  });

  test("some rows set aside: a warning, and exit 0; what was written stays", async () => {
    const db = await world.database();
    await db.admin.query(refuse("NEW.id = 2"));
    await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
    const ended = await psql(db);
    expect(ended).toEqual({
      code: 0,
      said: expect.stringMatching(/WARNING: .*1 rows written, 1 set aside[\s\S]*HINT/),
    });
    expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  });

  test("partial, as one row stays locked: a warning", async () => {
    const db = await world.database({ lockTimeout: "40 ms" });
    await putMain(db, { id: 1, ts: 1 });
    await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
    await db.main.query("BEGIN; UPDATE src_vn_json.observations_json SET item = item");
    const ended = await psql(db);
    expect(ended).toEqual({
      code: 0,
      said: expect.stringMatching(/WARNING: .*stayed locked by other sessions/),
    });
    expect(await runs(db)).toEqual([{ status: "partial", ended: true }]);
    await db.main.query("ROLLBACK");
  });

  test("failed while comparing, and before it could begin: an error with a hint", async () => {
    const db = await world.database();
    await db.admin.query("ALTER TABLE src_vn_json.observations_json RENAME TO away");
    const ended = await psql(db);
    expect(ended.code).not.toBe(0);
    expect(ended.said).toMatch(/ERROR: [\s\S]*HINT: /);
    await db.admin.query("ALTER TABLE src_vn_json.away RENAME TO observations_json");
    expect(await psql(db)).toMatchObject({ code: 0 });
  });
});
