import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../../sql/installer";
import {
  type Databases,
  type Db,
  installation,
  lacking,
  mainRows,
  ORIGINAL,
  put,
  putMain,
  startDatabases,
} from "./support";

// The faults of the published procedure, each shown on its shape first, then that ours has it not. The baseline runs as
// the superuser, as it has to; ours as the sync's login.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CALL = "CALL src_vn_json_check.fct_fix_sync(FALSE)";

/** The same state twice: with the published objects, and with ours. */
async function both(prepare: (db: Db) => Promise<unknown>): Promise<{ theirs: Db; ours: Db }> {
  const theirs = await world.database(null);
  await theirs.admin.query(ORIGINAL0);
  const ours = await world.database({});
  for (const db of [theirs, ours]) await prepare(db);
  return { theirs, ours };
}
const ORIGINAL0 = `CREATE SCHEMA src_vn_json_check;
  CREATE TABLE src_vn_json_check.observations_json (LIKE src_vn_json.observations_json INCLUDING ALL);
  CREATE TABLE src_vn_json_check.forms_json (LIKE src_vn_json.forms_json INCLUDING ALL);
  ${ORIGINAL}`;
const check = (db: Db, ...rows: Parameters<typeof put>[2][]) => put(db.admin, "src_vn_json_check", ...rows);
const refuse = (id: number) => `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id = ${id} THEN RAISE EXCEPTION 'no to %', NEW.id; END IF; RETURN NEW; END $$;
  CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION refuse()`;

describe("1. main's sync inserts a row meanwhile", () => {
  // Held open while the repair runs: the repair meets a row that was not there when it compared.
  async function meanwhile(db: Db, repair: () => Promise<unknown>) {
    await check(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
    await db.main.query("BEGIN");
    await putMain(db, { id: 1, ts: 9 });
    const repaired = repair().then(
      () => null,
      (e: Error) => e.message,
    );
    await new Promise((done) => setTimeout(done, 700));
    await db.main.query("COMMIT");
    return repaired;
  }
  test("theirs: duplicate key, all is lost; ours: the newest version, and the rest", async () => {
    const { theirs, ours } = await both(async () => undefined);
    expect(await meanwhile(theirs, () => theirs.admin.query(CALL))).toContain("duplicate key");
    expect(await mainRows(theirs)).toEqual({ "1/vn38": 9 });
    expect(await meanwhile(ours, () => ours.repair())).toBeNull();
    await ours.repair();
    expect(await mainRows(ours)).toEqual({ "1/vn38": 9, "2/vn38": 5 });
  });
});

test("2. unordered locks: ours gives way within its lock_timeout, main's sync never is the victim", async () => {
  const ours = await world.database({});
  await putMain(ours, { id: 1, ts: 1 }, { id: 2, ts: 1 });
  await check(ours, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  // The classic: main's sync holds 2 and will want 1, the repair takes 1 and wants 2.
  await ours.main.query("BEGIN");
  await ours.main.query("UPDATE src_vn_json.observations_json SET item = item WHERE id = 2");
  const repair = ours.repair();
  await new Promise((done) => setTimeout(done, 100));
  await ours.main.query("UPDATE src_vn_json.observations_json SET item = item WHERE id = 1");
  await ours.main.query("COMMIT");
  expect((await repair).status).toMatch(/done|partial/);
  await ours.repair();
  expect(await lacking(ours)).toBe(0);
});

test("3. one row that main's trigger refuses: theirs repairs nothing, ours sets that row aside", async () => {
  const { theirs, ours } = await both(async (db) => {
    await db.admin.query(refuse(77));
    for (let id = 1; id <= 120; id++) await check(db, { id, ts: 5 });
  });
  await expect(theirs.admin.query(CALL)).rejects.toThrow("no to 77");
  expect(await mainRows(theirs)).toEqual({});
  expect(await ours.repair()).toMatchObject({ status: "done", inserted: 119, set_aside: 1 });
  expect(
    await ours.rows("SELECT id::integer, state, sqlstate, message, tries FROM src_vn_json_repair.difference"),
  ).toEqual([{ id: 77, state: "refused", sqlstate: "P0001", message: "no to 77", tries: 1 }]);
  expect(await ours.repair()).toMatchObject({ inserted: 0, set_aside: 1 });
  expect(await ours.rows("SELECT tries FROM src_vn_json_repair.difference")).toEqual([{ tries: 2 }]);
  await ours.admin.query("DROP TRIGGER refuse ON src_vn_json.observations_json");
  expect(await ours.repair()).toMatchObject({ inserted: 1, set_aside: 0 });
});

test("3b. a deferred constraint of main is met inside the batch, not at its COMMIT", async () => {
  const ours = await world.database({});
  await ours.admin.query(`
    CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.id = 3 THEN RAISE EXCEPTION 'later no'; END IF; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON src_vn_json.observations_json DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION later()`);
  await check(ours, { id: 2, ts: 5 }, { id: 3, ts: 5 }, { id: 4, ts: 5 });
  expect(await ours.repair()).toMatchObject({ inserted: 2, set_aside: 1 });
});

test("4. and 5. the mail fails, or its text is hostile: theirs rolls the repair back or runs it, ours queues text", async () => {
  const { theirs, ours } = await both((db) => check(db, { id: 1, ts: 5 }));
  await theirs.admin.query(
    "CREATE ROLE plain_owner; GRANT ALL ON SCHEMA src_vn_json, src_vn_json_check, dbadmin TO plain_owner; GRANT ALL ON ALL TABLES IN SCHEMA src_vn_json, src_vn_json_check, dbadmin TO plain_owner",
  );
  await theirs.admin.query("SET ROLE plain_owner");
  await expect(theirs.admin.query("CALL src_vn_json_check.fct_fix_sync(TRUE)")).rejects.toThrow(
    /superuser|permission denied|privileges|pg_execute_server_program/,
  );
  await theirs.admin.query("RESET ROLE");
  expect(await mainRows(theirs)).toEqual({});
  await expect(theirs.admin.query("SELECT dbadmin.email_notify('it''s', 's', 'r')")).rejects.toThrow(
    "syntax error",
  );

  await ours.admin.query("ALTER TABLE dbadmin.mail_queue RENAME TO gone");
  await ours.login.query("CALL src_vn_json_check.fct_fix_sync('a@example.org')");
  expect(await mainRows(ours)).toEqual({ "1/vn38": 5 });
  expect(
    await ours.rows("SELECT count FROM dbadmin.monitoring_vn_check_to_prod WHERE action = 'insert'"),
  ).toEqual([{ count: 1 }]);
  await ours.admin.query("ALTER TABLE dbadmin.gone RENAME TO mail_queue");
  const evil = ["it's", '$(touch /tmp/pwned) "; DROP TABLE x; --\n\\', "a'b@example.org"];
  await ours.login.query("SELECT dbadmin.email_notify($1, $2, $3)", evil);
  expect(await ours.rows("SELECT message, subject, recipient FROM dbadmin.mail_queue")).toEqual([
    { message: evil[0], subject: evil[1], recipient: evil[2] },
  ]);
});

test("6. a call with an address works", async () => {
  const { theirs, ours } = await both((db) => check(db, { id: 1, ts: 5 }));
  await expect(theirs.admin.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')")).rejects.toThrow(
    "boolean",
  );
  await ours.login.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')");
  expect(await ours.rows("SELECT recipient FROM dbadmin.mail_queue")).toEqual([
    { recipient: "me@example.org" },
  ]);
});

test("7. the views tell rows of two sites apart, and are up to date", async () => {
  const { theirs, ours } = await both(async (db) => {
    await putMain(db, { id: 1, ts: 5 }, { id: 1, ts: 9, site: "vn07" }, { id: 2, ts: 1, site: "vn07" });
    await check(db, { id: 1, ts: 7 }, { id: 1, ts: 9, site: "vn07" }, { id: 2, ts: 4 });
    await db.admin.query(refuse(1));
  });
  await theirs.admin.query("REFRESH MATERIALIZED VIEW src_vn_json_check.mv_data_missing_or_not_updated");
  const keys = await theirs.rows(
    "SELECT checkdata_id FROM src_vn_json_check.mv_data_missing_or_not_updated ORDER BY 1",
  );
  expect(keys).not.toEqual([{ checkdata_id: 1 }, { checkdata_id: 2 }]); // joined on id alone: one row too many
  await ours.repair();
  expect(
    await ours.rows(
      "SELECT checkdata_id, site, data_prod_status FROM src_vn_json_check.mv_data_missing_or_not_updated",
    ),
  ).toEqual([{ checkdata_id: 1, site: "vn38", data_prod_status: "not_updated" }]);
});

test("8. a row that main deleted while check lags is not put back", async () => {
  const { theirs, ours } = await both(async (db) => {
    await putMain(db, { id: 1, ts: 5 });
    await check(db, { id: 1, ts: 5 });
  });
  for (const db of [theirs, ours])
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1");
  await theirs.admin.query(CALL);
  expect(await mainRows(theirs)).toEqual({ "1/vn38": 5 });
  expect(await ours.repair("whole")).toMatchObject({ inserted: 0, open: { "deleted in main": 1 } });
  expect(await mainRows(ours)).toEqual({});
});

test("9. the same update_ts with another item or form: repaired by --all", async () => {
  const { theirs, ours } = await both(async (db) => {
    await putMain(db, { id: 1, ts: 5, item: { a: 1 } }, { id: 2, ts: 5, form: "x" }, { id: 3, ts: 5 });
    await check(db, { id: 1, ts: 5, item: { a: 2 } }, { id: 2, ts: 5, form: "y" }, { id: 3, ts: 5 });
  });
  const seen = (db: Db) =>
    db.rows(
      "SELECT id, item -> 'a' AS a, id_form_universal AS form FROM src_vn_json.observations_json ORDER BY id",
    );
  await theirs.admin.query(CALL);
  expect(await seen(theirs)).toEqual([
    { id: 1, a: 1, form: null },
    { id: 2, a: null, form: "x" },
    { id: 3, a: null, form: null },
  ]);
  expect(await ours.repair("whole")).toMatchObject({ updated: 0 });
  expect(await ours.repair("contents")).toMatchObject({ updated: 2 });
  expect(await seen(ours)).toEqual([
    { id: 1, a: 2, form: null },
    { id: 2, a: null, form: "y" },
    { id: 3, a: null, form: null },
  ]);
  expect(await ours.repair("contents")).toMatchObject({ updated: 0 });
});

test("a row that a BEFORE trigger drops silently is recognised, and tried again only in another version", async () => {
  const db = await world.database({});
  await db.admin.query(`CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER swallow BEFORE INSERT OR UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION swallow()`);
  await putMain(db, { id: 3, ts: 1 });
  await check(db, { id: 1, ts: 5 }, { id: 2, ts: 5 }, { id: 3, ts: 5 });
  expect(await db.repair()).toMatchObject({ inserted: 1, updated: 1, set_aside: 1, open: { dropped: 1 } });
  await db.repair("whole");
  expect(await db.rows("SELECT id::integer, tries FROM src_vn_json_repair.difference")).toEqual([
    { id: 2, tries: 1 },
  ]);
  await check(db, { id: 2, ts: 6 });
  await db.repair();
  expect(await db.rows("SELECT id::integer, tries FROM src_vn_json_repair.difference")).toEqual([
    { id: 2, tries: 2 },
  ]);
  await db.admin.query("DROP TRIGGER swallow ON src_vn_json.observations_json");
  await check(db, { id: 2, ts: 7 });
  expect(await db.repair()).toMatchObject({ inserted: 1, set_aside: 0, open: {} });
});

test("a monitoring or view that fails undoes no repair", async () => {
  const db = await world.database({});
  await check(db, { id: 1, ts: 5 });
  await db.admin.query("ALTER TABLE dbadmin.monitoring_vn_check_to_prod RENAME TO away");
  await expect(db.repair()).rejects.toThrow("monitoring_vn_check_to_prod");
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  await db.admin.query("ALTER TABLE dbadmin.away RENAME TO monitoring_vn_check_to_prod");
  // The next run finds the one before interrupted, and writes its monitoring rows too.
  await check(db, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({ inserted: 1 });
  expect(
    await db.rows(
      "SELECT run_id::integer, count FROM dbadmin.monitoring_vn_check_to_prod WHERE action = 'insert' ORDER BY id",
    ),
  ).toEqual([
    { run_id: 1, count: 1 },
    { run_id: 2, count: 1 },
  ]);
  await install(db.admin, installation());
});
