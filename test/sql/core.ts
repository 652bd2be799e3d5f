import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Client } from "pg";
import { expect } from "vitest";
import { type Connection, connect } from "../../sql/connect";
import { install, remove } from "../../sql/installer";
import { print } from "../../sql/print";
import { settled } from "../../sql/session";
import { type Databases, type Db, fill, installation, put, ROLES } from "./support";

const CHECK = "src_vn_json_check";
const R = "src_vn_json_repair";

/**
 * What databases and roles have for reasons of their own, in groups that do not hide one another; each once for the
 * database and once for the roles alone.
 */
export const HOSTILE: Record<string, Record<string, string>> = {
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

async function psql(world: Databases, db: Db, input: string): Promise<string> {
  const run = promisify(execFile)("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
    env: { ...process.env, ...world.cluster.env(db.name), PGCLIENTENCODING: "LATIN1" },
    maxBuffer: 64e6,
  });
  run.child.stdin?.end(input);
  return (await run).stderr;
}

/** As the program of the stack connects, and as the runner does. */
export async function ours(world: Databases, db: Db, user = world.cluster.superuser): Promise<Client> {
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
export async function set(db: Db, settings: Record<string, string>, on: "database" | "roles") {
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

export const truth = (db: Db) =>
  db.rows<{ id: number; ts: number }>(
    "SELECT id, update_ts AS ts FROM src_vn_json.observations_json ORDER BY id",
  );
const expected = (ids: number[], ts: number) => ids.map((id) => ({ id, ts }));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The comment by which the client logs a piece: its first day and how many days after it. */
const piece = (day: string, days: number) =>
  `s => Iter: 1, 3 obs, taxo_group: 1, territorial_unit: 107, date: ${day.split("-").reverse().join("/")}, interval: ${days}`;

/** All that the repair is, in a database whose sessions are set otherwise: installed, run in each mode, removed. */
export async function goThroughAll(world: Databases, db: Db): Promise<void> {
  // As the stack installs, with a session of the kit's own and with somebody else's.
  const engine = await ours(world, db);
  await install(engine, installation());
  await engine.end();
  const others = await db.connect();
  const before = await session(others);
  await install(others, installation());
  expect(await session(others), "the installer's caller's session").toEqual(before);

  const login = await ours(world, db, ROLES.login);
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
  const admin = await ours(world, db);
  await remove(admin, installation(), { data: false });
  expect(await db.rows(`SELECT 1 FROM pg_proc WHERE pronamespace = '${R}'::regnamespace`)).toEqual([]);
  expect(
    await db.rows(
      "SELECT 1 FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole JOIN pg_database AS b ON b.oid = d.setdatabase WHERE rolname = $1 AND datname = current_database()",
      [ROLES.login],
    ),
  ).toEqual([]);
  await psql(world, db, print("install", installation(), "fr"));
  await fill(db.admin, CHECK, 71, 80, 1700000000);
  expect(await result("journal")).toMatchObject({ status: "done", inserted: 10 });
  const last = await ours(world, db); // the other one has been idle for too long
  await remove(last, installation(), { data: true });
  for (const client of [login, admin, last]) await client.end().catch(() => undefined);
}

/** A window of 40 days whose middle lacks, then comes: what the proof says each time. */
export async function proofs(login: Client): Promise<string[]> {
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
