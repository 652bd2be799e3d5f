import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  makeClientTables,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// The triggers of ours, and what whoever owns the tables does to them. Rows that main deleted are never put back.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const MAIN = "src_vn_json.observations_json";
const CHECK = "src_vn_json_check.observations_json";
const later = () => Math.floor(Date.now() / 1000) + 7200;

/** Main and check with the same 20 rows, and a run over them. */
async function settled(options = {}): Promise<Db> {
  const db = await world.database(options);
  await fill(db.main, "src_vn_json", 1, 20, 5);
  await fill(db.login, "src_vn_json_check", 1, 20, 5);
  expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 0, message: null });
  return db;
}
const spells = (db: Db) =>
  db.rows<{ of_main: boolean; lasts: boolean; reason: string }>(
    "SELECT of_main, lasts, reason FROM src_vn_json_repair.blind_spell ORDER BY id",
  );
const faults = async (db: Db) =>
  (await db.login.query("SELECT problem, remedy FROM src_vn_json_repair.preflight()")).rows.map(
    (r: { problem: string; remedy: string }) => `${r.problem}: ${r.remedy}`,
  );
const MODES = ["journal", "whole", "contents"] as const;

describe("A8: deletions from main", () => {
  test("A8: under session_replication_role = replica they are noted, and nothing is put back", async () => {
    const db = await settled();
    await db.admin.query(`SET session_replication_role = replica; DELETE FROM ${MAIN} WHERE id IN (3, 4);
      RESET session_replication_role`);
    for (const mode of MODES) expect(await db.repair(mode)).toMatchObject({ inserted: 0, message: null });
    expect(Object.keys(await mainRows(db))).toHaveLength(18);
    expect(await spells(db)).toEqual([]);
  });

  const OFF: [string, string, string][] = [
    [
      "switched off and on",
      `ALTER TABLE ${MAIN} DISABLE TRIGGER USER`,
      `ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
    ],
    [
      "switched off and on as it was",
      `ALTER TABLE ${MAIN} DISABLE TRIGGER ALL`,
      `ALTER TABLE ${MAIN} ENABLE ALWAYS TRIGGER vn_repair_watch`,
    ],
    [
      "dropped and made again",
      `DROP TRIGGER vn_repair_watch ON ${MAIN}`,
      `CREATE TRIGGER vn_repair_watch AFTER DELETE ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION src_vn_json_repair.note_main_deletion();
       ALTER TABLE ${MAIN} ENABLE ALWAYS TRIGGER vn_repair_watch`,
    ],
    [
      "switched off and on in one transaction",
      `BEGIN; ALTER TABLE ${MAIN} DISABLE TRIGGER vn_repair_watch`,
      `ALTER TABLE ${MAIN} ENABLE ALWAYS TRIGGER vn_repair_watch; COMMIT`,
    ],
  ];
  test.each(OFF)(
    "A8: while the trigger is %s: known afterwards, told, nothing put back",
    async (_, off, on) => {
      const db = await settled();
      await db.main.query(off);
      await db.main.query(`DELETE FROM ${MAIN} WHERE id IN (3, 4)`);
      await db.main.query(on);
      for (const mode of MODES) {
        expect(await db.repair(mode)).toMatchObject({
          inserted: 0,
          ...(mode !== "journal" && { open: { unseen: 2 } }),
        });
      }
      expect(Object.keys(await mainRows(db))).toHaveLength(18);
      expect(await spells(db)).toMatchObject([{ of_main: true, lasts: false }]);
      const [run] = await db.rows<{ message: string }>(
        "SELECT r.message FROM src_vn_json_repair.run AS r JOIN src_vn_json_repair.blind_spell AS b ON b.run = r.id",
      );
      expect(run?.message).toMatch(/deletions from main not seen from .* to .*vn_repair_watch/);
    },
  );

  test("A8: still off: told by the preflight, held from run to run, and ended by the next installation", async () => {
    const db = await settled();
    await db.main.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3`);
    expect(await faults(db)).toEqual([
      expect.stringMatching(
        /deletions from main are not all seen.*run pulumi up; or as main's owner: .*ENABLE ALWAYS/,
      ),
    ]);
    await db.repair("whole");
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 4`);
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 2 } });
    expect(await spells(db)).toMatchObject([{ of_main: true, lasts: true }]);
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 5`);
    await install(db.admin, installation());
    expect(await faults(db)).toEqual([]);
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 3 } });
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 3 } });
    expect(await spells(db)).toMatchObject([{ of_main: true, lasts: false }]);
  });

  test("A8: what was lost afterwards is repaired as ever; what a person gives free, too", async () => {
    const db = await settled();
    await db.main.query(
      `ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
    );
    await db.repair("whole");
    // Downloads bring rows that main never had, of an old version; one that was deleted comes in a later version.
    await putCheck(db, { id: 30, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: { unseen: 1 } });
    await putCheck(db, { id: 31, ts: 5 });
    expect(await db.repair("journal")).toMatchObject({ inserted: 1, open: { unseen: 1 } });
    expect(await db.login.query("SELECT FROM src_vn_json_repair.blind_spell")).toMatchObject({ rowCount: 1 });
    await expect(db.login.query("SELECT src_vn_json_repair.nothing_was_deleted(1)")).rejects.toThrow(
      "permission denied",
    );
    await db.main.query(
      "SELECT src_vn_json_repair.nothing_was_deleted(id) FROM src_vn_json_repair.blind_spell",
    );
    expect(await db.repair("journal")).toMatchObject({ inserted: 1, open: {} });
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 4`);
    await putCheck(db, { id: 4, ts: later() });
    expect(await db.repair("journal")).toMatchObject({ inserted: 1 });
  });

  test("A8: what check got after the watch was on again is repaired by the run that finds the spell", async () => {
    for (const mode of ["journal", "whole"] as const) {
      const db = await settled();
      await db.main.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3`);
      await putCheck(db, { id: 30, ts: 5 });
      await db.main.query(`ALTER TABLE ${MAIN} ENABLE TRIGGER USER`);
      await putCheck(db, { id: 31, ts: 5 });
      expect(await db.repair(mode)).toMatchObject({ inserted: 1 });
      expect(await mainRows(db)).toHaveProperty("31/vn38");
      expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 2 } });
    }
  });

  test("A8: what main refused before is tried again as ever", async () => {
    const db = await settled();
    await db.admin.query(`CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER no BEFORE INSERT ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION no()`);
    await putCheck(db, { id: 30, ts: 5 });
    expect(await db.repair()).toMatchObject({ set_aside: 1 });
    await db.main.query(
      `ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
    );
    await db.admin.query(`DROP TRIGGER no ON ${MAIN}`);
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, set_aside: 0, open: { unseen: 1 } });
  });

  test.each([
    ["TRUNCATE", `TRUNCATE ${MAIN}`],
    [
      "TRUNCATE under replica role",
      `SET session_replication_role = replica; TRUNCATE ${MAIN}; RESET session_replication_role`,
    ],
  ])("A8: %s of main: told, and main's own sync alone fills it", async (_, emptied) => {
    const db = await settled();
    await db.admin.query(emptied);
    await putMain(db, { id: 1, ts: 5 });
    for (const mode of MODES)
      expect(await db.repair(mode)).toMatchObject({
        status: "partial", // what is held is not done
        inserted: 0,
        ...(mode !== "journal" && { open: { unseen: 19 } }),
      });
    expect((await spells(db))[0]?.reason).toContain("TRUNCATE of observations_json by");
    await putCheck(db, { id: 40, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, status: "partial" });
    await db.admin.query(
      "SELECT src_vn_json_repair.nothing_was_deleted(id) FROM src_vn_json_repair.blind_spell",
    );
    expect(await db.repair("whole")).toMatchObject({ inserted: 19, status: "done" });
  });

  test("A8: a dry run finds it, tells it, and leaves it to be found", async () => {
    const db = await settled();
    await db.main.query(
      `ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
    );
    expect(await db.repair("whole", { dryRun: true })).toMatchObject({ inserted: 0, open: { unseen: 1 } });
    expect(await spells(db)).toEqual([]);
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
  });

  test("A8: a watch that cannot write says so, and nothing is put back", async () => {
    const db = await settled();
    await db.admin.query("ALTER TABLE src_vn_json_repair.main_deletion RENAME TO away");
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 3`);
    await db.admin.query("ALTER TABLE src_vn_json_repair.away RENAME TO main_deletion");
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
    expect((await spells(db))[0]?.reason).toContain("the watch failed");
  });

  test("A8: installing again is no blind spell; uninstalling for a time is one", async () => {
    const db = await settled();
    await install(db.admin, installation());
    await install(db.admin, installation());
    expect(await db.repair("whole")).toMatchObject({ message: null });
    expect(await spells(db)).toEqual([]);
    await remove(db.admin, installation(), { data: false });
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 3`);
    await install(db.admin, installation());
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
    expect(await spells(db)).toMatchObject([{ of_main: true, reason: "uninstalled" }]);
  });

  test("A8: switched off and on between a run and an installation is known all the same", async () => {
    const db = await settled();
    await db.main.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3`);
    await install(db.admin, installation());
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
  });

  test("A8: where main's owner never allowed the watch, runs go on as without watchMain", async () => {
    const db = await world.database(null);
    await db.admin.query(
      "DROP ROLE IF EXISTS adm; CREATE ROLE adm LOGIN PASSWORD 'only-for-tests' CREATEROLE",
    );
    await db.admin.query(`GRANT CREATE ON DATABASE "${db.name}" TO adm; GRANT vn_check, vn_check_repair TO adm WITH ADMIN OPTION;
      GRANT USAGE ON SCHEMA src_vn_json TO adm`);
    const adm = await db.connect("adm");
    const roles = { owner: "adm_owner", repair: "vn_check_repair", login: "vn_check" };
    const { handover } = await install(adm, installation({ roles }));
    for (const statement of handover.filter((s) => /^GRANT .* TO vn_check_repair/.test(s)))
      await db.main.query(statement);
    await putCheck(db, { id: 1, ts: 5 });
    expect(await db.repair()).toMatchObject({ inserted: 1, message: null });
    await putCheck(db, { id: 2, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, message: null });
    expect(await spells(db)).toEqual([]);
    for (const statement of (await db.rows<{ s: string }>("SELECT src_vn_json_repair.handover() AS s")).map(
      (r) => r.s,
    ))
      await (/TO "?vn_main/.test(statement) ? db.admin : db.main).query(statement);
    expect(await db.rows("SELECT src_vn_json_repair.handover()")).toEqual([]);
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 2`);
    await putCheck(db, { id: 3, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1 });
    expect(await mainRows(db)).toEqual({ "1/vn38": 5, "3/vn38": 5 });
  });
});

test("A8: main swapped for a copy that nobody watches: told, and what is deleted there from now on is not put back", async () => {
  const db = await settled();
  await db.main.query(`BEGIN; CREATE TABLE src_vn_json.copy (LIKE ${MAIN} INCLUDING ALL); INSERT INTO src_vn_json.copy SELECT * FROM ${MAIN};
    ALTER TABLE ${MAIN} RENAME TO old; ALTER TABLE src_vn_json.copy RENAME TO observations_json;
    GRANT SELECT, INSERT, UPDATE ON ${MAIN} TO vn_check_repair; COMMIT`);
  expect(await faults(db)).toEqual([
    expect.stringMatching(/not all seen.*CREATE OR REPLACE TRIGGER vn_repair_watch/),
  ]);
  expect(await db.repair("whole")).toMatchObject({ inserted: 0 });
  await db.main.query(`DELETE FROM ${MAIN} WHERE id = 5`);
  for (const mode of MODES) expect(await db.repair(mode)).toMatchObject({ inserted: 0 });
  expect(await mainRows(db)).not.toHaveProperty("5/vn38");
  expect(await spells(db)).toMatchObject([{ of_main: true, lasts: true }]);
  await install(db.admin, installation());
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
  expect(await spells(db)).toMatchObject([{ of_main: true, lasts: false }]);
});

test("A8: the repair's own schema restored alone from an older dump: what was noted since is lost, told, and nothing is put back", async () => {
  const db = await settled();
  const folder = mkdtempSync(join(tmpdir(), "vn-repair-alone-"));
  try {
    const env = { ...process.env, ...world.cluster.env(db.name) };
    const file = join(folder, "repair.dump");
    execFileSync("pg_dump", ["-Fc", "-n", "src_vn_json_repair", "-f", file], { env });
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 3`);
    // It says that views of ours stand on one there, which stay.
    expect(() =>
      execFileSync("pg_restore", ["--clean", "--if-exists", "-d", db.name, file], { env, stdio: "pipe" }),
    ).toThrow("difference");
    expect(await db.repair("whole")).toMatchObject({
      inserted: 0,
      open: { unseen: 1 },
      message: expect.stringContaining("deletions from main not seen"),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("A8: a trigger switched on again as an ordinary one is put in force always by the next run", async () => {
  const db = await settled();
  await db.main.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`);
  expect(await faults(db)).toEqual([expect.stringMatching(/not all seen.*ENABLE ALWAYS/)]);
  await db.repair("whole");
  expect(await faults(db)).toEqual([]);
  await db.admin.query(
    `SET session_replication_role = replica; DELETE FROM ${MAIN} WHERE id = 3; RESET session_replication_role`,
  );
  await db.admin.query(
    "SELECT src_vn_json_repair.nothing_was_deleted(id) FROM src_vn_json_repair.blind_spell",
  );
  expect(await db.repair("whole")).toMatchObject({
    inserted: 0,
    open: { "deleted in main": 1 },
    message: null,
  });
  expect(await spells(db)).toHaveLength(1);
});

test("A8: behind a dump, or with an owner for whom nobody may act, that is told and no run waits for it", async () => {
  const db = await settled();
  await db.main.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`);
  await db.main.query(`BEGIN; UPDATE ${MAIN} SET update_ts = update_ts WHERE id = 1`);
  expect(await db.repair("journal")).toMatchObject({ inserted: 0 });
  expect(await faults(db)).toHaveLength(1);
  await db.main.query("COMMIT");
  await db.repair("journal");
  expect(await faults(db)).toEqual([]);
});

describe("A8: the journal of check", () => {
  test("A8: rows written under session_replication_role = replica are journaled", async () => {
    const db = await settled({ deletions: "apply", maxDeleteShare: 1 });
    await db.admin.query(`SET session_replication_role = replica;
      INSERT INTO ${CHECK} VALUES (30, 'vn38', '{}', 5); RESET session_replication_role`);
    expect(await db.repair("journal")).toMatchObject({ inserted: 1, message: null });
  });

  test.each([
    ["switched off and on", "DISABLE TRIGGER USER", "ENABLE TRIGGER USER"],
    [
      "switched off and on as it was",
      "DISABLE TRIGGER vn_repair_change",
      "ENABLE ALWAYS TRIGGER vn_repair_change",
    ],
    ["off until now", "DISABLE TRIGGER USER", null],
  ])(
    "A8: a journal that is %s: whole tables are compared, no deletion is concluded, and it is told",
    async (_, off, on) => {
      const db = await settled({ deletions: "apply", maxDeleteShare: 1 });
      await db.login.query(`DELETE FROM ${CHECK} WHERE id = 1`); // noted, and not concluded from over a gap
      await db.admin.query(`ALTER TABLE ${CHECK} ${off}`);
      await putCheck(db, { id: 30, ts: 5 });
      await db.login.query(`DELETE FROM ${CHECK} WHERE id = 2`);
      if (on) await db.admin.query(`ALTER TABLE ${CHECK} ${on}`);
      expect(await db.repair("journal")).toMatchObject({
        inserted: 1,
        deleted: 0,
        message: expect.stringContaining("changes of check not seen"),
      });
      expect(await spells(db)).toMatchObject([{ of_main: false, lasts: on === null }]);
      if (on === null) {
        expect(await faults(db)).toEqual([
          expect.stringMatching(/triggers of the journal are missing.*run pulumi up/),
        ]);
        await putCheck(db, { id: 31, ts: 5 });
        expect(await db.repair("journal")).toMatchObject({ inserted: 1, deleted: 0 });
        await install(db.admin, installation({ deletions: "apply", maxDeleteShare: 1 }));
        expect(await faults(db)).toEqual([]);
      }
    },
  );

  test("A8: nothing is suspected from a download in which the journal had a gap", async () => {
    const db = await settled({ sameRights: true });
    const [job] = (
      await db.login.query(
        "SELECT src_vn_json_repair.begin_job('weekly', current_date - 14, current_date, NULL, NULL) AS id",
      )
    ).rows;
    await db.login.query("SELECT src_vn_json_repair.begin_site($1, 'vn38', '{}', '{}')", [job.id]);
    await db.admin.query(`ALTER TABLE ${CHECK} DISABLE TRIGGER vn_repair_download`);
    await db.admin.query(`ALTER TABLE ${CHECK} ENABLE ALWAYS TRIGGER vn_repair_download`);
    await putCheck(db, { id: 30, ts: 5 });
    await db.repair("whole");
    await db.admin.query(
      "UPDATE src_vn_json_repair.job_site SET since = now() - interval '1 minute', expected = 1, missing = '{}', doubts = '{}', proven = true",
    );
    expect(await db.rows("SELECT src_vn_json_repair.may_suspect($1) AS why", [job.id])).toEqual([
      { why: "the journal had a gap since the download began" },
    ]);
  });
});

test("A8: the whole database restored elsewhere is no blind spell, and its watch goes on", async () => {
  const db = await settled();
  const folder = mkdtempSync(join(tmpdir(), "vn-restored-"));
  const other = await startDatabases();
  try {
    const file = join(folder, "all.dump");
    execFileSync("pg_dump", ["-Fc", "-f", file], { env: { ...process.env, ...world.cluster.env(db.name) } });
    const to = await other.database(null);
    await to.admin.query("CREATE ROLE vn_check_owner NOLOGIN");
    const env = { ...process.env, ...other.cluster.env(to.name) };
    execFileSync("pg_restore", ["--clean", "--if-exists", "-d", to.name, file], { env, stdio: "pipe" });
    await to.main.query(`DELETE FROM ${MAIN} WHERE id = 3`);
    await putCheck(to, { id: 30, ts: 5 });
    expect(await to.repair("whole")).toMatchObject({ status: "done", inserted: 1, message: null });
    expect(Object.keys(await mainRows(to))).toHaveLength(20);
    await to.main.query(
      `ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 4; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
    );
    expect(await to.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 1 } });
  } finally {
    await other.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("A8: pg_upgrade is no blind spell either: what was deleted before and after it stays deleted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vn-upgraded-"));
  chmodSync(folder, 0o777);
  const bin = join(execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim());
  // The server's programs refuse to run as root.
  const as = process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  const program = (name: string, ...args: string[]) => {
    const [file, ...rest] = [...as, join(bin, name), ...args];
    execFileSync(file as string, rest, { cwd: folder, stdio: "pipe" });
  };
  const port = 5432; // of the socket in that folder
  const start = (which: string) =>
    program(
      "pg_ctl",
      "-D",
      join(folder, which),
      "-w",
      "-l",
      join(folder, `${which}.log`),
      ...["-o", `-p ${port} -k ${folder} -c listen_addresses='' -c fsync=off`],
      "start",
    );
  const stop = (which: string) => program("pg_ctl", "-D", join(folder, which), "-m", "fast", "-w", "stop");
  const inside = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ host: folder, port, user: "postgres", database: "postgres" });
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };
  const repair = async (client: Client) =>
    (await client.query("CALL src_vn_json_repair.repair('whole', NULL, false, NULL, NULL)")).rows[0]._result;
  let up: string | undefined;
  try {
    for (const which of ["old", "new"])
      program("initdb", "-D", join(folder, which), "-A", "trust", "-N", "--locale=C.UTF-8", "-U", "postgres");
    start("old");
    up = "old";
    await inside(async (client) => {
      await makeClientTables(client, "src_vn_json");
      await install(client, installation({ roles: null }));
      await fill(client, "src_vn_json_check", 1, 20, 5);
      expect(await repair(client)).toMatchObject({ inserted: 20 });
      await client.query(`DELETE FROM ${MAIN} WHERE id = 1`);
    });
    stop("old");
    up = undefined;
    program(
      "pg_upgrade",
      "-b",
      bin,
      "-B",
      bin,
      "-d",
      join(folder, "old"),
      "-D",
      join(folder, "new"),
      "-s",
      folder,
      ...["-p", String(port), "-P", String(port + 1), "-U", "postgres"],
    );
    start("new");
    up = "new";
    await inside(async (client) => {
      await client.query(`DELETE FROM ${MAIN} WHERE id = 2`);
      await client.query(`INSERT INTO ${CHECK} VALUES (30, 'vn38', '{}', 5)`);
      expect(await repair(client)).toMatchObject({
        inserted: 1,
        message: null,
        open: { "deleted in main": 2 },
      });
      await client.query(
        `ALTER TABLE ${MAIN} DISABLE TRIGGER USER; DELETE FROM ${MAIN} WHERE id = 3; ALTER TABLE ${MAIN} ENABLE TRIGGER USER`,
      );
      expect(await repair(client)).toMatchObject({ inserted: 0, open: { unseen: 1 } });
    });
  } finally {
    if (up) stop(up);
    rmSync(folder, { recursive: true, force: true });
  }
});
