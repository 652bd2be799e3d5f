import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scramVerifier } from "../../components/render/scram";
import { ownsNothing, rowCounts } from "../../components/render/sqlGuards";
import { runSteps, type SqlJob, type SqlStep } from "../../scripts/applySql";
import { type Cluster, startCluster } from "../support/postgres";

let cluster: Cluster;
let database: string;
beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  database = await cluster.createDatabase();
});
afterAll(() => cluster.stop());

function job(apply: SqlStep[], login: Partial<SqlJob["connection"]> = {}): SqlJob {
  const { host, port, superuser, password } = cluster;
  return {
    connection: { host, port, database, user: superuser, password, sslmode: "disable", ...login },
    apply,
    remove: [],
  };
}

const apply = (steps: SqlStep[], login?: Partial<SqlJob["connection"]>) =>
  runSteps(job(steps, login), "apply", () => {});
const read = async (sql: string) => apply([{ name: "reading", sql }]);

test("steps run in their order, and what queries among them give comes back", async () => {
  const rows = await apply([
    { name: "making", sql: "BEGIN; CREATE TABLE made (n int); INSERT INTO made VALUES (1); COMMIT" },
    { name: "asking", sql: "SELECT n FROM made" },
  ]);
  expect(rows).toEqual([{ n: 1 }]);
});

test("a text that fails leaves nothing behind, and the steps after it are not run", async () => {
  const failing = apply([
    { name: "making the tables", sql: "BEGIN; CREATE TABLE half (n int); SELECT 1/0; COMMIT" },
    { name: "never", sql: "CREATE TABLE never (n int)" },
  ]);
  await expect(failing).rejects.toThrow(
    /^making the tables, in database .* as postgres: division by zero \(22012\)/,
  );
  expect(await read("SELECT to_regclass('half') AS half, to_regclass('never') AS never")).toEqual([
    { half: null, never: null },
  ]);
});

test("statements that a query gives run one by one, outside a transaction", async () => {
  const sql = "SELECT 'CREATE INDEX CONCURRENTLY one ON pile (n)' AS statement";
  await read("CREATE TABLE pile (n int)");
  expect(await apply([{ name: "building", sql, kind: "statements" }])).toEqual([]);
  expect(await read("SELECT to_regclass('one')::text AS one")).toEqual([{ one: "one" }]);
});

test("what was lent for a step is taken back, also when the step fails", async () => {
  await read("CREATE ROLE lender; CREATE ROLE borrower LOGIN CREATEROLE PASSWORD 'borrower-password'");
  const assume = "GRANT lender TO borrower; SELECT 'REVOKE lender FROM borrower' AS revoke";
  const login = { user: "borrower", password: "borrower-password" };
  const member = { name: "asking", sql: "SELECT pg_has_role('lender', 'MEMBER') AS member", assume };
  expect(await apply([member], login)).toEqual([{ member: true }]);
  await expect(apply([{ ...member, sql: "SELECT 1/0" }], login)).rejects.toThrow("division by zero");
  expect(
    await read("SELECT count(*)::int AS n FROM pg_auth_members WHERE member = 'borrower'::regrole"),
  ).toEqual([{ n: 0 }]);
});

test("a role that owns something is named with it; one that owns nothing may go", async () => {
  await read("CREATE ROLE holder; CREATE TABLE held (n int); ALTER TABLE held OWNER TO holder");
  await expect(apply([ownsNothing("holder")])).rejects.toThrow(
    /the role holder owns table held \(P0001\)\n {2}Give it to another role/,
  );
  await apply([ownsNothing("lender"), ownsNothing("nobody_has_this_name")]);
});

test("rows are counted by table, the check schema's and those of the monitoring", async () => {
  await read(`CREATE SCHEMA counted; CREATE TABLE counted.observations_json AS SELECT generate_series(1, 7);
    CREATE TABLE counted.forms_json (n int); CREATE SCHEMA watched;
    CREATE TABLE watched.monitoring_vn_check_to_prod AS SELECT 1; CREATE TABLE watched.other AS SELECT 1`);
  expect(await apply([rowCounts("counted", "watched")])).toEqual([
    { table: "counted.observations_json", rows: 7 },
    { table: "watched.monitoring_vn_check_to_prod", rows: 1 },
    { table: "counted.forms_json", rows: 0 },
  ]);
});

test("a login that is given its verifier logs in with its password", async () => {
  await read(`CREATE ROLE verified LOGIN PASSWORD '${scramVerifier("0123456789abcdef")}'`);
  const login = { user: "verified", password: "0123456789abcdef" };
  expect(await apply([{ name: "asking", sql: "SELECT current_user::text AS me" }], login)).toEqual([
    { me: "verified" },
  ]);
});

test("as a program: a refused login ends with a remedy, exit code 1, and no password", () => {
  const input = JSON.stringify(job([], { password: "a-wrong-password" }));
  const done = spawnSync("node", ["--import", "tsx", "scripts/applySql.ts", "apply"], {
    input,
    encoding: "utf8",
  });
  expect(done.status).toBe(1);
  expect(done.stderr).toContain("password authentication failed");
  expect(done.stderr).toContain("Set database.address, .port, .name, .adminUser, .adminPassword");
  expect(done.stdout + done.stderr).not.toContain("a-wrong-password");
  expect(done.stderr).not.toMatch(/^\s+at /m);
});
