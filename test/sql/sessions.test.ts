import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingInWords } from "../../config/checks";
import { install, remove } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import { MEANING } from "../../sql/session";
import { goThroughAll, HOSTILE, ours, proofs, set, truth } from "./core";
import { type Databases, type Db, fill, installation, ROLES, startDatabases } from "./support";

const CHECK = "src_vn_json_check";
const R = "src_vn_json_repair";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

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
        await goThroughAll(world, db);
      } finally {
        await reset();
      }
    },
  );
});

test("A2: what was downloaded before does not count, though the clock that stamps it is set back", async () => {
  const db = await world.database({});
  const before = await ours(world, db, ROLES.login);
  // A whole download, then the database is given a time zone hours behind: its stamps lie in the future now.
  expect(await proofs(before)).toEqual(["unproven", "proven"]);
  await db.admin.query(`ALTER DATABASE "${db.name}" SET timezone = 'America/Noronha'`);
  const after = await ours(world, db, ROLES.login);
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

test("A9: a run in a session that shows nothing of what it does (track_activities) is seen to be under way", async () => {
  const db = await world.database({});
  await db.main.query(`
    CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
  await db.admin.query(`ALTER DATABASE "${db.name}" SET track_activities = off`);
  await fill(db.login, CHECK, 1, 300, 1700000000);
  const run = db.repair("journal", { client: await db.connect(ROLES.login) });
  const other = await db.connect(ROLES.login);
  while ((await db.rows(`SELECT FROM ${R}.run`)).length === 0);
  const said = new Set<string>();
  while ((await truth(db)).length < 300) {
    const { status } = await db.repair("journal", { client: other });
    said.add(status);
  }
  expect(await run).toMatchObject({ status: "done", inserted: 300 });
  expect([...said]).toEqual(["busy"]);
  expect(await db.rows(`SELECT status::text FROM ${R}.run ORDER BY id`)).toEqual([{ status: "done" }]);
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
    await (await ours(world, db, ROLES.login)).query(`CALL ${R}.repair('journal', NULL, false, NULL, NULL)`);
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
  [/^(next_step|batch|as_main|settle_session)$/],
  [/^limit_waiting$/, "deadlock_timeout as an interval: a number and a unit are read alike in each style"],
  [/^(keep_lock|take_items|close_items|put_aside|look_again|is_written|end_quarantine|brought_since)$/],
  [/^(is_lock_conflict|is_other_content|is_downloaded|delete_rows|entry_point|main_observation|readable)$/],
  [/^(next_batch_size|ended_by_timeout|would_have_come)$/],
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
