import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingInWords } from "../../config/checks";
import { type Connection, connect } from "../../sql/connect";
import { install, remove } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import { print } from "../../sql/print";
import { MEANING, settled } from "../../sql/session";
import { type Databases, type Db, fill, installation, put, ROLES, startDatabases } from "./support";

const CHECK = "src_vn_json_check";
const R = "src_vn_json_repair";

/**
 * What databases and roles have for reasons of their own, in groups that do not hide one another; each once for the
 * database and once for the roles alone.
 */
const HOSTILE: Record<string, Record<string, string>> = {
  "dates as the French write them": {
    datestyle: "SQL, DMY",
    intervalstyle: "sql_standard",
    timezone: "Pacific/Auckland",
  },
  "German dates": { datestyle: "German, DMY", intervalstyle: "iso_8601", timezone: "America/Noronha" },
  "other ways to write texts": {
    standard_conforming_strings: "off",
    backslash_quote: "on",
    bytea_output: "escape",
    extra_float_digits: "-15",
    xmloption: "document",
    array_nulls: "off",
    transform_null_equals: "on",
    quote_all_identifiers: "on",
    client_encoding: "LATIN1",
    lc_messages: "C",
    client_min_messages: "error",
  },
  "limits against runaway queries": {
    statement_timeout: "200ms",
    lock_timeout: "100ms",
    idle_in_transaction_session_timeout: "100ms",
    idle_session_timeout: "900ms",
  },
  "transactions that may not write": {
    default_transaction_read_only: "on",
    default_transaction_isolation: "serializable",
    default_transaction_deferrable: "on",
  },
  "a planner with its hands tied": {
    enable_hashjoin: "off",
    enable_mergejoin: "off",
    enable_indexscan: "off",
    enable_indexonlyscan: "off",
    enable_sort: "off",
    work_mem: "64kB",
    from_collapse_limit: "1",
    join_collapse_limit: "1",
    plan_cache_mode: "force_generic_plan",
    jit_above_cost: "0",
    jit: "on",
  },
  "a path with others' operators and functions first": {
    search_path: "evil, pg_catalog",
    row_security: "off",
  },
  "an empty path": { search_path: "" },
};

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

async function psql(db: Db, input: string): Promise<string> {
  const run = promisify(execFile)("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
    env: { ...process.env, ...world.cluster.env(db.name), PGCLIENTENCODING: "LATIN1" },
    maxBuffer: 64e6,
  });
  run.child.stdin?.end(input);
  return (await run).stderr;
}

/** As the program of the stack connects, and as the runner does. */
async function ours(db: Db, user = world.cluster.superuser): Promise<Client> {
  const { host, port, superuser, password } = world.cluster;
  const to: Connection = {
    host,
    port,
    database: db.name,
    user,
    password: user === superuser ? password : "only-for-tests",
    sslmode: "disable",
    applicationName: "sessions",
  };
  const client = await connect(to);
  // As scripts/runner/account/database.ts does.
  if (user === ROLES.login) await client.query(`${settled()} SET ROLE NONE`);
  return client;
}

/** Operators and functions that our statements use, by somebody who wants to know what they are called with. */
const EVIL = `
  CREATE SCHEMA evil;
  GRANT USAGE ON SCHEMA evil TO PUBLIC;
  CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil now'; END $$;
  CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil clock'; END $$;
  CREATE FUNCTION evil.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
  CREATE FUNCTION evil.is(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil operator'; END $$;
  CREATE FUNCTION evil.is(a varchar, b varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil operator'; END $$;
  CREATE FUNCTION evil.is(a integer, b integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil operator'; END $$;
  CREATE OPERATOR evil.= (FUNCTION = evil.is, LEFTARG = text, RIGHTARG = text);
  CREATE OPERATOR evil.= (FUNCTION = evil.is, LEFTARG = varchar, RIGHTARG = varchar);
  CREATE OPERATOR evil.= (FUNCTION = evil.is, LEFTARG = integer, RIGHTARG = integer);
  CREATE OPERATOR evil.> (FUNCTION = evil.is, LEFTARG = integer, RIGHTARG = integer);
  CREATE OPERATOR evil.< (FUNCTION = evil.is, LEFTARG = integer, RIGHTARG = integer);
  CREATE OPERATOR evil.<> (FUNCTION = evil.is, LEFTARG = text, RIGHTARG = text);`;

/** Puts settings on the database, or on the roles that have to do with it; @returns what takes them back. */
async function set(db: Db, settings: Record<string, string>, on: "database" | "roles") {
  if (settings["search_path"]?.startsWith("evil")) await db.admin.query(EVIL);
  const targets =
    on === "database"
      ? [`DATABASE "${db.name}"`]
      : ["postgres", "vn_main", ROLES.login].map((r) => `ROLE ${r}`);
  const value = (text: string) => (/^[\w-]+(, \w+)*$/.test(text) ? text : `'${text}'`);
  for (const target of targets)
    for (const [name, text] of Object.entries(settings))
      await db.admin.query(
        `ALTER ${target} SET ${name} = ${name === "search_path" ? value(text) : `'${text}'`}`,
      );
  return async () => {
    for (const target of targets)
      for (const name of Object.keys(settings)) await db.admin.query(`ALTER ${target} RESET ${name}`);
  };
}

/** Every setting of a session that a session may set, but for those that say nothing of it. */
async function session(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query(
    "SELECT pg_catalog.json_object_agg(name, setting) AS all FROM pg_catalog.pg_settings WHERE context OPERATOR(pg_catalog.=) ANY ('{user,superuser}') AND name OPERATOR(pg_catalog.!~~) 'plpgsql.%'",
  );
  return rows[0].all;
}

const truth = (db: Db) =>
  db.rows<{ id: number; ts: number }>(
    "SELECT id, update_ts AS ts FROM src_vn_json.observations_json ORDER BY id",
  );
const expected = (ids: number[], ts: number) => ids.map((id) => ({ id, ts }));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The comment by which the client logs a piece: its first day and how many days after it. */
const piece = (day: string, days: number) =>
  `s => Iter: 1, 3 obs, taxo_group: 1, territorial_unit: 107, date: ${day.split("-").reverse().join("/")}, interval: ${days}`;

describe.each(Object.entries(HOSTILE))("%s", (_name, settings) => {
  test.each(["database", "roles"] as const)(
    "A2, A9: the core of the repair works with it set for the %s",
    async (on) => {
      const db = await world.database(null);
      // A row takes 20 ms in main's triggers, so that a run is longer than any limit.
      await db.main.query(`
      CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
      const reset = await set(db, settings, on);
      try {
        // As the stack installs, with a session of the kit's own and with somebody else's.
        const engine = await ours(db);
        await install(engine, installation());
        await engine.end();
        const others = await db.connect();
        const before = await session(others);
        await install(others, installation());
        expect(await session(others), "the installer's caller's session").toEqual(before);

        const login = await ours(db, ROLES.login);
        const result = async (mode: string, dry = false) => {
          const { rows } = await login.query(`CALL ${R}.repair('${mode}', NULL, ${dry}, NULL, NULL)`);
          return rows[0]._result;
        };
        await fill(login, CHECK, 1, 30, 1700000000);
        expect(await result("journal", true)).toMatchObject({ status: "done", inserted: 30, dry_run: true });
        expect(await truth(db)).toEqual([]);
        expect(await result("journal")).toMatchObject({ status: "done", inserted: 30, set_aside: 0 });
        expect(await truth(db)).toEqual(expected(range(1, 30), 1700000000));
        await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 7");
        await fill(login, CHECK, 31, 40, 1700000000);
        await put(login, CHECK, { id: 3, ts: 1700000009, site: "vn38" });
        // What main's sync has deleted stays deleted.
        expect(await result("whole")).toMatchObject({ status: "done", inserted: 10, updated: 1 });
        expect(await result("contents")).toMatchObject({ status: "done", inserted: 0, updated: 0 });
        expect((await truth(db)).length).toBe(39);

        // By hand, in a session that has all of it, with rows enough for the limits.
        const person = await db.connect();
        await fill(login, CHECK, 41, 70, 1700000000);
        const asBefore = await session(person);
        await person.query(`CALL ${CHECK}.fct_fix_sync(FALSE)`);
        expect(await session(person), "the caller's session").toEqual(asBefore);
        expect((await truth(db)).length).toBe(69);
        // Asked within a transaction, nothing is left in it either.
        await person.query("BEGIN READ WRITE");
        const within = await session(person);
        expect((await person.query(`SELECT * FROM ${R}.preflight()`)).rows).toEqual([]);
        await person.query(`SELECT * FROM ${R}.handover()`);
        expect(await session(person), "the caller's transaction").toEqual(within);
        await person.query("ROLLBACK");

        expect(await proofs(login)).toEqual(["unproven", "proven"]);

        // Removed and installed again, by the text that is printed for psql.
        const admin = await ours(db);
        await remove(admin, installation(), { data: false });
        expect(await db.rows(`SELECT 1 FROM pg_proc WHERE pronamespace = '${R}'::regnamespace`)).toEqual([]);
        expect(
          await db.rows(
            "SELECT 1 FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole JOIN pg_database AS b ON b.oid = d.setdatabase WHERE rolname = $1 AND datname = current_database()",
            [ROLES.login],
          ),
        ).toEqual([]);
        await psql(db, print("install", installation(), "fr"));
        await fill(db.admin, CHECK, 71, 80, 1700000000);
        expect(await result("journal")).toMatchObject({ status: "done", inserted: 10 });
        const last = await ours(db); // the other one has been idle for too long
        await remove(last, installation(), { data: true });
        for (const client of [login, admin, last]) await client.end().catch(() => undefined);
      } finally {
        await reset();
      }
    },
  );
});

/** A window of 40 days whose middle lacks, then comes: what the proof says each time. */
async function proofs(login: Client): Promise<string[]> {
  const [{ today, from, middle, ts }] = (
    await login.query(
      `SELECT to_char(current_date, 'YYYY-MM-DD') AS today, to_char(current_date - 40, 'YYYY-MM-DD') AS from,
              to_char(current_date - 25, 'YYYY-MM-DD') AS middle, to_char(localtimestamp, 'YYYY') AS ts`,
    )
  ).rows as [{ today: string; from: string; middle: string; ts: string }];
  expect(ts).toMatch(/^20\d\d$/);
  await login.query(
    `INSERT INTO ${CHECK}.taxo_groups_json VALUES (1, 's', '{"name_constant": "BIRD", "access_mode": "full"}') ON CONFLICT DO NOTHING`,
  );
  await login.query(
    `INSERT INTO ${CHECK}.territorial_units_json VALUES (7, 's', '{"id_country": "1", "short_name": "07"}') ON CONFLICT DO NOTHING`,
  );
  const [{ job }] = (
    await login.query(`SELECT ${R}.begin_job('weekly', $1, $2, NULL, NULL)::integer AS job`, [from, today])
  ).rows as [{ job: number }];
  await login.query(`SELECT ${R}.begin_site($1, 's', '{}', '{}')`, [job]);
  const log = (controller: string, comment: string) =>
    login.query(
      `INSERT INTO ${CHECK}.download_log (site, controler, http_status, comment) VALUES ('s', $1, 200, $2)`,
      [controller, comment],
    );
  for (const name of ["taxo_groups", "territorial_units"]) await log(name, "Iteration 1, opt_params = None");
  await log("observations", piece(from, 15));
  await log("observations", piece(middle, 0));
  await log("observations", piece(today, 0));
  const said: string[] = [];
  const prove = async () => {
    const { rows } = await login.query(`SELECT ${R}.prove($1, 's', '{}', false) AS proof`, [job]);
    expect(rows[0].proof).toMatchObject({ window: { from, to: today }, expected: 1 });
    said.push(rows[0].proof.proven ? "proven" : "unproven");
  };
  await prove();
  await log("observations", piece(middle, 25));
  await prove();
  await login.query(`SELECT ${R}.end_job($1, 'done', '', NULL)`, [job]);
  return said;
}

test("A2: what was downloaded before does not count, though the clock that stamps it is set back", async () => {
  const db = await world.database({});
  const before = await ours(db, ROLES.login);
  // A whole download, then the database is given a time zone hours behind: its stamps lie in the future now.
  expect(await proofs(before)).toEqual(["unproven", "proven"]);
  await db.admin.query(`ALTER DATABASE "${db.name}" SET timezone = 'America/Noronha'`);
  const after = await ours(db, ROLES.login);
  expect((await after.query("SHOW timezone")).rows).toEqual([{ TimeZone: "America/Noronha" }]);
  expect(await proofs(after)).toEqual(["unproven", "proven"]);
  // A job that goes on with it counts from the same moment.
  const value = async (sql: string) => (await after.query(sql)).rows[0].v;
  const last = await value(`SELECT ${R}.last_download()::integer AS v`);
  const job = await value(`SELECT ${R}.begin_job('daily', NULL, NULL, ${last}, NULL)::integer AS v`);
  await value(`SELECT ${R}.begin_site(${job}, 's', '{}', '{}') AS v`);
  expect(await value(`SELECT (${R}.prove(${job}, 's', NULL, false)) ->> 'proven' AS v`)).toBe("true");
  const [at] = await db.rows(
    `SELECT count(DISTINCT since_log)::integer AS logs, count(DISTINCT since_at)::integer AS instants,
            bool_and(since_at > now() - interval '1 hour') AS now FROM ${R}.job_site`,
  );
  expect(at).toEqual({ logs: 2, instants: 2, now: true });
});

test("A9: who cancels by hand is obeyed, with and without a statement_timeout", async () => {
  const db = await world.database({});
  await db.main.query(`
    CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.5); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
  await fill(db.login, CHECK, 1, 40, 1700000000);
  for (const limit of ["0", "15s"]) {
    const person = await db.connect();
    await person.query(`SET statement_timeout = '${limit}'`);
    const { rows } = await person.query("SELECT pg_backend_pid() AS pid");
    const run = person.query(`CALL ${CHECK}.fct_fix_sync(FALSE)`);
    const said = run.then(
      () => "ended",
      (error: Error) => error.message,
    );
    await new Promise((done) => setTimeout(done, 1500));
    await db.admin.query("SELECT pg_cancel_backend($1)", [rows[0].pid]);
    expect(await said).toMatch(/canceling statement due to user request/);
  }
});

test("A8, A9: under session_replication_role = replica nothing is repaired, and what to run is said", async () => {
  const db = await world.database({});
  await fill(db.login, CHECK, 1, 3, 1700000000);
  await db.admin.query(`ALTER ROLE ${ROLES.login} SET session_replication_role = replica`);
  try {
    const login = await db.connect(ROLES.login);
    await expect(login.query(`CALL ${CHECK}.fct_fix_sync(FALSE)`)).rejects.toMatchObject({
      message: expect.stringMatching(/session_replication_role is replica/),
      hint: expect.stringMatching(/ALTER ROLE vn_check RESET session_replication_role;/),
    });
    expect(await truth(db)).toEqual([]);
  } finally {
    await db.admin.query(`ALTER ROLE ${ROLES.login} RESET session_replication_role`);
  }
});

test("A9: what the kit cannot set itself is found before anything is made, with what to run", async () => {
  const db = await world.database(null);
  const { host, port, superuser, password } = world.cluster;
  const to = { host, port, database: db.name, user: superuser, password, sslmode: "disable" as const };
  const found = async () =>
    (await databaseFindings(to, installation())).found
      .map((one) => findingInWords(one, "en"))
      .filter((text) => /read-only|fire no triggers/.test(text))
      .join("\n");
  expect(await found()).toBe("");
  await db.admin.query(`
    ALTER DATABASE "${db.name}" SET default_transaction_read_only = on;
    ALTER DATABASE "${db.name}" SET session_replication_role = replica;
    ALTER ROLE ${ROLES.login} IN DATABASE "${db.name}" SET session_replication_role = local`);
  const said = await found();
  for (const statement of said.match(/ALTER (ROLE|DATABASE)[^;\n]*/g) ?? []) await db.admin.query(statement);
  expect(said).toMatch(/read-only by default/);
  expect(said).toMatch(/would fire no triggers/);
  expect(await found()).toBe("");
});

test("A9: a login that becomes another role at each connection is itself for the kit", async () => {
  const db = await world.database({});
  await db.admin.query(`
    CREATE ROLE readers NOLOGIN; GRANT readers TO ${ROLES.login}; ALTER ROLE ${ROLES.login} SET role = readers`);
  try {
    const login = await db.connect(ROLES.login);
    expect((await login.query("SELECT current_user AS who")).rows).toEqual([{ who: ROLES.login }]);
    await fill(login, CHECK, 1, 3, 1700000000);
    expect(await db.repair("journal", { client: login })).toMatchObject({ status: "done", inserted: 3 });
  } finally {
    await db.admin.query(`ALTER ROLE ${ROLES.login} RESET role; DROP ROLE readers`);
  }
});

test("A1, A2: main's triggers find the settings that main's own synchronisation has, whoever starts the repair", async () => {
  const db = await world.database({});
  await db.admin.query(`
    ALTER DATABASE "${db.name}" SET timezone = 'Europe/Paris';
    ALTER DATABASE "${db.name}" SET datestyle = 'SQL, DMY';
    ALTER ROLE vn_main IN DATABASE "${db.name}" SET extra_float_digits = -3;
    ALTER ROLE vn_main SET timezone = 'Indian/Reunion'`);
  try {
    await db.main.query(`
      CREATE FUNCTION src_vn_json.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.item := NEW.item || pg_catalog.jsonb_build_object('style', pg_catalog.current_setting('datestyle'),
          'day', '05/11/2026'::date, 'local', pg_catalog.to_timestamp(1700000000)::timestamp, 'float', (1::float8 / 3)::text);
        RETURN NEW;
      END $$;
      CREATE TRIGGER stamp BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.stamp()`);
    const main = await db.connect("vn_main");
    await main.query("SET datestyle TO 'ISO'"); // psycopg2, at each connection
    await fill(main, "src_vn_json", 1, 1, 1700000000);
    await fill(await db.connect(ROLES.login), CHECK, 1, 2, 1700000000);
    await (await ours(db, ROLES.login)).query(`CALL ${R}.repair('journal', NULL, false, NULL, NULL)`);
    const person = await db.connect();
    await fill(db.login, CHECK, 3, 3, 1700000000);
    await person.query("SET timezone = 'Asia/Tokyo'; SET datestyle = 'Postgres, MDY'");
    await person.query(`CALL ${CHECK}.fct_fix_sync(FALSE)`);
    const [stamps] = await db.rows<{ stamps: unknown[] }>(
      "SELECT array_agg(item - 'id' - 'ts' ORDER BY id) AS stamps FROM src_vn_json.observations_json",
    );
    const [first] = stamps?.stamps ?? [];
    expect(first).toMatchObject({ style: "ISO, DMY", day: "2026-11-05", local: "2023-11-15T02:13:20" });
    expect(stamps?.stamps).toEqual([first, first, first]);
  } finally {
    await db.admin.query("ALTER ROLE vn_main RESET timezone");
  }
});

/**
 * Functions that do not say themselves what their meaning rests on, for they are called for each batch or row, by a
 * routine that has said it; and why what looks as if it rested on something does not.
 */
const SAID_FOR: [RegExp, string?][] = [
  [/^(batch|as_main|settle_session)$/],
  [/^limit_waiting$/, "deadlock_timeout as an interval: a number and a unit are read alike in each style"],
  [
    /^(keep_lock|expect_phase|take_items|close_items|put_aside|look_again|is_written|end_quarantine|brought_since)$/,
  ],
  [/^(is_lock_conflict|is_other_content|is_downloaded|full_batch_size|delete_rows|entry_point)$/],
  [/^(next_batch_size|ended_by_timeout)$/],
  [/^entry_day$/, "a day from a number, in the time zone of whoever asks"],
  [/^note_(observation|form|deletion|truncate|download|main_deletion|main_truncate)$/],
  [
    /^(write_rows|delete_from_main|write_back|try_as_repair|try_as_main_owner|try_rows|try_row|try_statement)$/,
  ],
  [/^(apply_insert|apply_update|still_different|written_otherwise|compare|compare_contents)_\w+_json$/],
];

/** In a body without a SET clause: what another setting would give another meaning. */
const RESTS_ON = /\\|::\s*(date|timestamp|timestamptz|interval|xml)\b|\bto_(char|date|timestamp)\(|\bxpath\(/;

/** Routines of ours that rest on what nobody has said. */
async function unsettled(db: Db): Promise<string[]> {
  const routines = await db.rows<{ name: string; kind: string; says: string[]; source: string }>(
    `SELECT p.proname AS name, p.prokind::text AS kind, coalesce(p.proconfig, '{}') AS says, p.prosrc AS source
       FROM pg_proc AS p
      WHERE p.pronamespace = '${R}'::regnamespace
         OR p.oid IN (SELECT oid FROM pg_proc WHERE proname IN ('fct_fix_sync', 'email_notify'))
      ORDER BY p.proname`,
  );
  expect(routines.length).toBeGreaterThan(80);
  return routines.flatMap(({ name, kind, says, source }) => {
    const body = source.replace(/--.*$/gm, "");
    if (kind === "p") {
      // After a COMMIT of its own it does nothing more: all other transactions begin with next_transaction.
      const [probe, ...after] = body.split(/\bCOMMIT;/);
      const rest = name === "repair" ? after.slice(1) : after;
      const ended = rest.every((text) => /^\s*(RETURN|RAISE|END)\b/.test(text));
      const begins = name === "next_transaction" || /next_transaction\(\)/.test(`${probe}${after[0] ?? ""}`);
      return name === "next_transaction" || (begins && ended)
        ? []
        : [`${name}: COMMIT without next_transaction`];
    }
    const missing = Object.entries(MEANING).filter(
      ([key, value]) => !says.some((one) => one.toLowerCase() === `${key}=${value}`.toLowerCase()),
    );
    if (missing.length === 0) return [];
    const known = SAID_FOR.find(([pattern]) => pattern.test(name));
    if (!known) return [`${name}: does not say ${missing.map(([key]) => key).join(", ")}`];
    return RESTS_ON.test(body) && known[1] === undefined
      ? [`${name}: rests on ${RESTS_ON.exec(body)?.[0]}`]
      : [];
  });
}

test("A2: each routine of ours says what its meaning rests on, or is called by one that has", async () => {
  const db = await world.database({ deletions: "apply", sameRights: true });
  expect(await unsettled(db)).toEqual([]);
  await db.admin.query(String.raw`
    CREATE FUNCTION ${R}.planted() RETURNS date LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $$ SELECT '05/11/2026'::date $$;
    CREATE OR REPLACE FUNCTION ${R}.note_form() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      AS $$ BEGIN IF NEW.site ~ '^\d' THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE PROCEDURE ${R}.hasty() LANGUAGE plpgsql AS $$ BEGIN COMMIT; PERFORM 1; END $$`);
  expect(await unsettled(db)).toEqual([
    "hasty: COMMIT without next_transaction",
    "note_form: rests on \\",
    expect.stringMatching(/^planted: does not say datestyle, intervalstyle, /),
  ]);
});

test("A9: whoever logs in as the synchronisation has its settings, and no other database or login has", async () => {
  const db = await world.database(null);
  const other = await world.database({});
  await db.admin.query(`ALTER DATABASE "${db.name}" SET statement_timeout = '1s'`);
  await install(db.admin, installation());
  const shown = async (client: Client) =>
    (
      await client.query(
        "SELECT current_setting('statement_timeout') AS t, current_setting('datestyle') AS d",
      )
    ).rows[0];
  expect(await shown(await db.connect(ROLES.login))).toEqual({ t: "0", d: "ISO, MDY" });
  expect(await shown(await db.connect("vn_main"))).toEqual({ t: "1s", d: "ISO, MDY" });
  const of = (name: string) =>
    db.rows(
      `SELECT unnest(setconfig) FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE datname = $1 AND setrole <> 0 AND setrole <> '${ROLES.login}'::regrole`,
      [name],
    );
  expect([...(await of(db.name)), ...(await of(other.name))]).toEqual([]);
  // What somebody has set since stays when the kit goes.
  await db.admin.query(`ALTER ROLE ${ROLES.login} IN DATABASE "${db.name}" SET statement_timeout = '7s'`);
  await remove(db.admin, installation(), { data: false });
  expect(
    await db.rows(
      `SELECT unnest(setconfig) AS left FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE datname = current_database() AND setrole = '${ROLES.login}'::regrole`,
    ),
  ).toEqual([{ left: "statement_timeout=7s" }]);
});
