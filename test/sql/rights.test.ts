import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../../sql/installer";
import {
  type Databases,
  fill,
  installation,
  mainRows,
  put,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

/** What the sync's login may execute, with whose rights, and why. */
const MAY_EXECUTE: [name: string, type: "as the repair" | "as itself", why: string][] = [
  ["fct_fix_sync", "as itself", "the published procedure"],
  ["repair", "as itself", "commits, which nothing may that has rights of its own"],
  [
    "next_step",
    "as the repair",
    "the one entry: decides what is compared and written, and what the caller may not",
  ],
  ["next_transaction", "as itself", "commits for repair"],
  ["settle_session", "as itself", "settings of the caller's transactions"],
  ["ended_by_timeout", "as itself", "the caller's statement_timeout"],
  ["accept_doubts", "as the repair", "a person has looked at what a download lacks"],
  ["is_listed", "as the repair", "whether the portal still lists a taxo group"],
  ["atomic_message", "as itself", "the server's words for a COMMIT that may not be"],
  ["dead_runs", "as itself", "what the caller's own sessions do; the entry looks again"],
  ["tell", "as itself", "the mail after fct_fix_sync, by a function of the user's maybe"],
  ["recipient", "as the repair", "its address"],
  ["expect_done", "as itself", "the error or warning in which a call by hand ends"],
  ["mail_details", "as itself", "its text"],
  ["take_mail", "as the repair", "vn-check sends mails: it takes one"],
  ["mail_ended", "as the repair", "and says what became of it, of none that another instance has taken"],
  ["expire_mails", "as the repair", "what has not left in 30 days is given up"],
  ["unsent_mails", "as the repair", "for vn-check status"],
  ["last_download", "as the repair", "the job that a daily goes on with"],
  ["begin_job", "as the repair", "the record of jobs, which repairs conclude from"],
  ["begin_site", "as the repair", "the same, of a site's download"],
  ["coverage", "as the repair", "how far a first import has come"],
  ["prove", "as the repair", "proves from the client's own log"],
  ["site_proof", "as the repair", "reads that"],
  ["site_ended", "as the repair", "what else became of a site"],
  ["progress", "as the repair", "for vn-check status"],
  ["note_causes", "as the repair", "what kept a job from bringing all, for vn-check status"],
  ["end_job", "as the repair", "how a job ended"],
  ["parts_ended", "as the repair", "the record of what did not come, and why"],
  ["keep_parts", "as the repair", "the same, of what is no longer asked for"],
  ["row_not_stored", "as the repair", "rows that check could not take"],
  ["row_stored", "as the repair", "the same, once it can"],
  ["to_ask_for", "as the repair", "what only the portal can say of rows that are held back"],
  ["deletions_told", "as the repair", "what the portal has deleted, and check never had"],
  ["holders", "as the repair", "who is in the way of vn-check's own statements"],
  ["proof", "as the repair", "for people: how complete a download is"],
  ["may_suspect", "as the repair", "for people: why no deletion is concluded"],
  ["preflight", "as the repair", "for people: what lacks"],
  ["watch_faults", "as the repair", "for people and vn-check status: triggers that are off"],
  ["run_faults", "as the repair", "for vn-check status: why no run can begin"],
  ["handover", "as the repair", "for people: what main's owner has to run"],
];

describe("the sync's login", () => {
  test("reads and writes neither main nor the repair's own tables, and changes no table", async () => {
    const db = await world.database({});
    await putCheck(db, { id: 1, ts: 5 });
    const denied = [
      "SELECT FROM src_vn_json.observations_json",
      "INSERT INTO src_vn_json.observations_json VALUES (1, 'a', '{}', 1)",
      "UPDATE src_vn_json.observations_json SET update_ts = 1",
      "DELETE FROM src_vn_json.observations_json",
      ...[
        "journal_observation",
        "journal_form",
        "tombstone",
        "journal_gap",
        "main_deletion",
        "deleted_row",
        "downloaded_key",
        "settings",
        "client_table",
        "replaced_object",
        "made_object",
      ].flatMap((t) => [
        `SELECT FROM src_vn_json_repair.${t}`,
        `DELETE FROM src_vn_json_repair.${t}`,
        `INSERT INTO src_vn_json_repair.${t} DEFAULT VALUES`,
      ]),
      ...[
        "run.message",
        "change.site",
        "work_item.site",
        "set_aside.message",
        "held_back.message",
        "job.message",
        "job_site.site",
        "job_gap.site",
        "part_failure.site",
        "not_stored.fault",
      ]
        .map((column) => column.split("."))
        .flatMap(([t, column]) => [
          `DELETE FROM src_vn_json_repair.${t}`,
          `UPDATE src_vn_json_repair.${t} SET ${column} = 'x'`,
        ]),
      "UPDATE src_vn_json_repair.increment_backup SET site = 'x'",
      "DELETE FROM dbadmin.monitoring_vn_check_to_prod",
      "INSERT INTO dbadmin.monitoring_vn_check_to_prod (action) VALUES ('x')",
      "INSERT INTO dbadmin.mail_queue (recipient, subject, message) VALUES ('', '', '')",
      "UPDATE dbadmin.mail_queue SET recipient = 'x'",
      "UPDATE dbadmin.mail_queue SET sent_at = now()",
      "DELETE FROM dbadmin.mail_queue",
      "SELECT nextval('src_vn_json_repair.journal_gap_seq')",
      "SELECT setval('src_vn_json_repair.run_id_seq', 1)",
      "TRUNCATE src_vn_json_check.observations_json",
      "ALTER TABLE src_vn_json_check.observations_json DISABLE TRIGGER USER",
      "DROP TRIGGER vn_repair_change ON src_vn_json_check.observations_json",
      "CREATE TABLE src_vn_json_check.x ()",
      "CREATE TRIGGER x AFTER INSERT ON src_vn_json_check.observations_json EXECUTE FUNCTION src_vn_json_repair.note_observation()",
      "CREATE FUNCTION src_vn_json_repair.evil() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
      "REFRESH MATERIALIZED VIEW src_vn_json_check.qgis_data",
      "SET ROLE vn_check_repair",
      "SET ROLE vn_check_owner",
      "SET session_replication_role = replica",
    ];
    for (const sql of denied) {
      await expect(db.login.query(sql), sql).rejects.toThrow(
        /permission denied|must be owner|must be member/,
      );
    }
    const helpers = await db.rows<{ f: string }>(`SELECT p.oid::regprocedure::text AS f FROM pg_proc AS p
       WHERE pronamespace = 'src_vn_json_repair'::regnamespace AND NOT has_function_privilege('vn_check', p.oid, 'EXECUTE') ORDER BY 1`);
    expect(helpers.map((h) => h.f.replace(/.*\.(\w+)\(.*/, "$1"))).toEqual(
      expect.arrayContaining([
        "apply_insert_observations_json",
        "apply_update_observations_json",
        "delete_rows",
        "restore",
        "prune",
        "compare_species_json",
        "note_gap",
      ]),
    );
    expect(
      await db.rows(`SELECT FROM pg_proc AS p, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
       WHERE pronamespace IN ('src_vn_json_check'::regnamespace, 'src_vn_json_repair'::regnamespace, 'dbadmin'::regnamespace) AND a.grantee = 0`),
    ).toEqual([]);
  });

  test("may execute just these routines of ours, and none in the name of PUBLIC or of another role", async () => {
    const db = await world.database({ deletions: "apply", sameRights: true });
    const granted = await db.rows<{ name: string; type: string }>(
      `SELECT proname AS name, CASE WHEN prosecdef THEN 'as the repair' ELSE 'as itself' END AS type FROM pg_proc
        WHERE pronamespace IN ('src_vn_json_check'::regnamespace, 'src_vn_json_repair'::regnamespace)
          AND has_function_privilege('vn_check', oid, 'EXECUTE') ORDER BY 1`,
    );
    expect(new Set(granted.map(({ name, type }) => `${name}, ${type}`))).toEqual(
      new Set(MAY_EXECUTE.map(([name, type]) => `${name}, ${type}`)),
    );
    expect(
      await db.rows(
        `SELECT p.proname, a.grantee::regrole FROM pg_proc AS p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
          WHERE p.pronamespace IN ('src_vn_json_check'::regnamespace, 'src_vn_json_repair'::regnamespace)
            AND a.grantee::regrole::text NOT IN ('vn_check', 'vn_check_repair')
            -- Main's owner: its own triggers, and what it says and tries itself (watch.sql, main_owner_tries.sql).
            AND NOT (a.grantee = 'vn_main'::regrole AND p.proname ~ '^(note_main_|nothing_was_deleted|keep_watch|try_|written_|trial_statements|time_for_trials|new_rows|as_columns|limit_waiting)')`,
      ),
    ).toEqual([]);
  });

  test("cannot make the repair run anything by its search_path, its functions, operators or temporary tables", async () => {
    const db = await world.database({});
    await db.admin.query(`GRANT CREATE ON DATABASE "${db.name}" TO vn_check`);
    await db.login
      .query(`
      CREATE SCHEMA evil;
      CREATE FUNCTION evil.mark() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF current_user <> 'vn_check' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; RETURN true; END $$;
      CREATE FUNCTION evil.same(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT evil.mark() AND $1::text OPERATOR(pg_catalog.=) $2::text';
      CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = evil.same);
      CREATE FUNCTION evil.glue(text, text) RETURNS text LANGUAGE sql AS 'SELECT CASE WHEN evil.mark() THEN pg_catalog.concat($1, $2) END';
      CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.glue);
      CREATE FUNCTION evil.same4(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT evil.mark() AND $1 OPERATOR(pg_catalog.=) $2';
      CREATE OPERATOR evil.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil.same4);
      CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT CASE WHEN evil.mark() THEN pg_catalog.now() END';
      CREATE FUNCTION evil.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format'`)
      .catch((e: Error) => {
        expect(e.message).toContain("internal");
      });
    await db.login.query(
      "CREATE TEMP TABLE observations_json (id integer); CREATE TEMP TABLE work_item (id integer); CREATE TEMP TABLE pg_proc (x integer)",
    );
    for (const path of ["evil, pg_catalog, public", "pg_temp, evil, pg_catalog"]) {
      await db.login.query(`SET search_path = ${path}`);
      const base = path.length * 10;
      await db.login.query("INSERT INTO src_vn_json_check.observations_json VALUES ($1, 'vn38', '{}', 5)", [
        base,
      ]);
      await db.login.query("UPDATE src_vn_json_check.observations_json SET update_ts = 6");
      await db.login.query("INSERT INTO src_vn_json_check.observations_json VALUES ($1, 'vn38', '{}', 5)", [
        base + 1,
      ]);
      await db.login.query(
        "DELETE FROM src_vn_json_check.observations_json AS t WHERE t.id OPERATOR(pg_catalog.=) $1",
        [base + 1],
      );
      expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 1 });
      expect(await db.repair("contents", { dryRun: true })).toMatchObject({ status: "done" });
    }
    // Even the journal's own failure is noted without help from the caller's operators.
    await db.admin.query("ALTER TABLE src_vn_json_repair.journal_observation RENAME TO away");
    await db.login.query("INSERT INTO src_vn_json_check.observations_json VALUES (999, 'vn38', '{}', 5)");
  });

  test("content of any kind passes as it is: quotes, dollars, newlines, a megabyte, other scripts", async () => {
    const db = await world.database({});
    const texts = [
      "it's",
      '"; DROP TABLE x; --',
      "$fix$ $$ $1 %s %I {{main}}",
      "a\nb\r\tc\\",
      "x".repeat(1_000_000),
      "œuf — 鳥 🐦",
    ];
    const sites = ["it's", 'a"b', "$fix$", "a\nb", "%s", "œ鳥"];
    for (const [i, text] of texts.entries()) {
      await put(db.login, "src_vn_json_check", {
        id: i,
        ts: 5,
        site: sites[i] ?? "",
        item: { text },
        form: text.slice(0, 100),
      });
    }
    expect(await db.repair()).toMatchObject({ status: "done", inserted: texts.length });
    const rows = await db.rows<{ id: number; site: string; t: string }>(
      "SELECT id, site, item ->> 'text' AS t FROM src_vn_json.observations_json ORDER BY id",
    );
    expect(rows).toEqual(texts.map((t, id) => ({ id, site: sites[id], t })));
    await db.admin.query(
      "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no: %', NEW.item ->> 'text'; END $$; CREATE TRIGGER loud BEFORE UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION loud()",
    );
    await db.login.query("UPDATE src_vn_json_check.observations_json SET update_ts = 6");
    expect(await db.repair()).toMatchObject({ set_aside: texts.length });
    await expect(
      db.login.query("CALL src_vn_json_check.fct_fix_sync($1)", ["o'neil@example.org"]),
    ).rejects.toThrow("main has refused every row");
  });
});

describe("what main's triggers need", () => {
  const trigger = (
    body: string,
  ) => `CREATE FUNCTION src_vn_json.derive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
    CREATE TRIGGER derive BEFORE INSERT OR UPDATE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.derive()`;

  test("a trigger that calls PostGIS unqualified works", async () => {
    const db = await world.database({});
    await db.admin.query(trigger("PERFORM st_x(st_setsrid(st_makepoint(1, 2), 4326));"));
    await putCheck(db, { id: 1, ts: 5 });
    expect(await db.repair()).toMatchObject({ inserted: 1 });
  });

  test("one that writes elsewhere: the preflight names the right, extraGrants gives it", async () => {
    const db = await world.database({});
    await db.admin.query(
      `CREATE SCHEMA src_vn; CREATE TABLE src_vn.observations (id integer); ${trigger("INSERT INTO src_vn.observations VALUES (NEW.id);")}`,
    );
    await putCheck(db, { id: 1, ts: 5 });
    const preflight = async () =>
      (await db.login.query("SELECT * FROM src_vn_json_repair.preflight()")).rows as {
        problem: string;
        remedy: string;
      }[];
    const told = await preflight();
    expect(told.map(({ remedy }) => remedy.split(";")[0])).toEqual([
      "GRANT USAGE ON SCHEMA src_vn TO vn_check_repair",
      "GRANT INSERT ON TABLE src_vn.observations TO vn_check_repair",
    ]);
    expect(told[0]?.remedy).toContain("extraGrants");
    expect(await db.repair()).toMatchObject({ set_aside: 1 });
    await install(
      db.admin,
      installation({ extraGrants: ["USAGE ON SCHEMA src_vn", "INSERT ON TABLE src_vn.observations"] }),
    );
    expect(await preflight()).toEqual([]);
    expect(await db.rows("SELECT FROM src_vn.observations")).toEqual([]); // tried and rolled back
    expect(await db.repair()).toMatchObject({ inserted: 1, set_aside: 0 });
  });

  test("one whose function lies in another schema: triggerSearchPath", async () => {
    const db = await world.database({});
    await db.admin.query(
      `CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC; CREATE FUNCTION tools.helper() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ${trigger("PERFORM helper();")}`,
    );
    await putMain(db).then(() => putCheck(db, { id: 1, ts: 5 }));
    expect(
      (await db.rows<{ remedy: string }>("SELECT * FROM src_vn_json_repair.preflight()"))[0]?.remedy,
    ).toContain("triggerSearchPath");
    await install(db.admin, installation({ triggerSearchPath: ["tools", "public"] }));
    expect(await db.repair()).toMatchObject({ inserted: 1 });
    await db.admin.query("GRANT CREATE ON SCHEMA tools TO PUBLIC");
    await expect(install(db.admin, installation({ triggerSearchPath: ["tools", "public"] }))).rejects.toThrow(
      /PUBLIC may create[\s\S]*REVOKE CREATE ON SCHEMA tools FROM PUBLIC;/,
    );
  });

  test("runAs: another role repairs; a superuser is refused, an absent one named", async () => {
    const db = await world.database({});
    await db.admin.query("CREATE ROLE steward NOLOGIN; CREATE ROLE mighty SUPERUSER NOLOGIN");
    await db.admin.query(
      trigger("IF current_user <> 'steward' THEN RAISE EXCEPTION 'as %', current_user; END IF;"),
    );
    await putCheck(db, { id: 1, ts: 5 });
    expect(await db.repair()).toMatchObject({ set_aside: 1 });
    await install(db.admin, installation({ runAs: "steward" }));
    expect(await db.repair()).toMatchObject({ inserted: 1 });
    await expect(install(db.admin, installation({ runAs: "mighty" }))).rejects.toThrow("is a superuser");
    await expect(install(db.admin, installation({ runAs: "nobody_there" }))).rejects.toThrow(
      "does not exist",
    );
  });

  test("DELETE on main is given with deletions: apply, and taken back without", async () => {
    const may =
      "SELECT has_table_privilege('vn_check_repair', 'src_vn_json.observations_json', 'DELETE') AS may";
    const db = await world.database({ deletions: "apply" });
    expect(await db.rows(may)).toEqual([{ may: true }]);
    await install(db.admin, installation());
    expect(await db.rows(may)).toEqual([{ may: false }]);
  });
});

describe("the circuit breaker", () => {
  const cases: [string, number, number, object][] = [
    ["500 of a small main always pass", 0, 500, { status: "done", inserted: 500 }],
    ["501 of a small main do not", 0, 501, { status: "refused", inserted: 0 }],
    ["5 % of main pass", 12_000, 600, { status: "done", inserted: 600 }],
    ["one more does not", 12_000, 601, { status: "refused", inserted: 0 }],
  ];
  test.each(cases)("%s", async (_name, main, differ, expected) => {
    const db = await world.database({});
    if (main > 0) await fill(db.main, "src_vn_json", 100_001, 100_000 + main, 5);
    await fill(db.login, "src_vn_json_check", 1, differ, 5);
    expect(await db.repair("whole", { dryRun: true })).toMatchObject({
      status: (expected as { status: string }).status,
    });
    const summary = await db.repair("whole");
    expect(summary).toMatchObject(expected);
    if (summary.status === "refused") {
      expect(summary.message).toContain(`--accept ${differ}`);
      expect(Object.keys(await mainRows(db))).toHaveLength(main);
      expect(await db.repair("journal")).toMatchObject({ status: "refused" });
      expect(await db.repair("journal", { accept: differ - 1 })).toMatchObject({ status: "refused" });
      expect(await db.repair("journal", { accept: differ })).toMatchObject({
        status: "done",
        inserted: differ,
      });
    }
  });

  test.each([
    ["as many as are allowed at most", 700, { status: "done", inserted: 700 }],
    ["one more", 701, { status: "refused" }],
  ])("maxDifferences: %s", async (_name, differ, expected) => {
    const db = await world.database({ maxDifferences: 700, maxDifferenceShare: 1, minDifferences: 10 });
    await fill(db.main, "src_vn_json", 100_001, 101_000, 5);
    await fill(db.login, "src_vn_json_check", 1, differ, 5);
    expect(await db.repair("journal")).toMatchObject(expected);
  });

  test("far more than any limit: the list is cut, and the run after an acceptance still finds all", async () => {
    const db = await world.database({ maxDifferences: 100, minDifferences: 50 });
    await fill(db.login, "src_vn_json_check", 1, 1000, 5);
    const refused = await db.repair("whole");
    expect(refused).toMatchObject({
      status: "refused",
      message: expect.stringContaining("At least 101 rows"),
    });
    expect(await db.repair("journal", { accept: 1010 })).toMatchObject({ inserted: 1000 });
  });
});
