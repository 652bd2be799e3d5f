import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scramVerifier } from "../../components/render/scram";
import { type Installation, installationJson } from "../../sql/installation";
import { install, installSteps, type Report, remove, run } from "../../sql/installer";
import { print } from "../../sql/print";
import { type Job, runJob } from "../../sql/program";
import { type RenderedStep, render, type Script } from "../../sql/render";
import { COUNTS, FACTS, GUARD, HEAD, HOLDERS, INSTALL, REMOVE, RIGHTS, ROLES, TAIL } from "../../sql/steps";
import { installation, makeClientTables } from "../support/installation";
import { type Cluster, startCluster } from "../support/postgres";

const SQL = join(__dirname, "../../sql");
const MANIFEST = [HEAD, TAIL, RIGHTS, HOLDERS, FACTS, ROLES, ...INSTALL, ...REMOVE, COUNTS, GUARD];
const BY_HAND = installation({ roles: null });

let cluster: Cluster;
let database: string;
let admin: Client;
beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  database = await cluster.createDatabase();
  admin = await cluster.connect(database);
});
afterAll(async () => {
  await admin.end();
  await cluster.stop();
});

const rows = async (sql: string) => (await admin.query(sql)).rows;

/** A script of steps of its own: what is run, not what is installed, is looked at here. */
function script(...steps: [string, RenderedStep["runs"]?][]): Script {
  const file = (name: string, sql: string) => ({
    file: name,
    does: { fr: `fait ${name}`, en: `does ${name}` },
    sql,
  });
  const { opening, head, tail } = render([], BY_HAND);
  return {
    opening,
    rights: file("rights.sql", "SELECT NULL AS statement LIMIT 0"),
    head,
    steps: steps.map(([sql, runs = "together"], i) => ({ ...file(`step${i + 1}.sql`, sql), runs })),
    tail,
  };
}

function job(install: Script[], login: Partial<Job["connection"]> = {}): Job {
  const { host, port, superuser, password } = cluster;
  return {
    connection: { host, port, database, user: superuser, password, sslmode: "disable", ...login },
    locale: "en",
    install,
    remove: [],
  };
}

describe("the manifest", () => {
  test("has each .sql file exactly once, and each of its files is there", () => {
    const files = readdirSync(SQL, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".sql"),
    );
    expect(MANIFEST.map(({ file }) => file).sort()).toEqual(files.sort());
  });

  test("has words for each in both languages", () => {
    for (const { file, does } of MANIFEST) {
      expect(does.fr, file).toMatch(/^\S.*[^.\s]$/);
      expect(does.en, file).toMatch(/^\S.*[^.\s]$/);
      expect(does.fr, file).not.toBe(does.en);
    }
  });

  test("knows four placeholders: the schemas", () => {
    const used = MANIFEST.flatMap(
      ({ file }) => readFileSync(join(SQL, file), "utf8").match(/\{\{.*?\}\}/g) ?? [],
    );
    expect([...new Set(used)].sort()).toEqual(["{{check}}", "{{main}}", "{{monitoring}}", "{{repair}}"]);
  });

  test("ends each transaction in its tail alone", () => {
    for (const { file } of MANIFEST)
      if (file !== TAIL.file) expect(outsideOfBodies(file), file).not.toMatch(/\b(BEGIN|COMMIT|ROLLBACK)\b/);
  });
});

/** A file's statements without the bodies of functions and the comments. */
function outsideOfBodies(file: string): string {
  return readFileSync(join(SQL, file), "utf8").replace(/(\$\w*\$).*?\1|--.*?$|'[^']*'/gms, "");
}

describe("names", () => {
  const named = (schemas: Partial<Installation["schemas"]>) => () =>
    render([], { ...BY_HAND, schemas: { ...BY_HAND.schemas, ...schemas } });

  test("that would leave their quotes, or be cut off, are refused, all at once", () => {
    expect(named({ main: `a"b`, check: "a'b", repair: "a$fix$b", monitoring: "é".repeat(32) })).toThrow(
      /main: .*\n.*check: .*\n.*repair: .*\n.*monitoring: /,
    );
    expect(named({ main: "50%" })).toThrow("main: ");
    expect(named({ main: "Données VN 2.0", check: "é".repeat(31) })).not.toThrow();
  });

  test("must be four", () => {
    expect(named({ repair: "dbadmin" })).toThrow("must be four");
  });

  test("reach the SQL however they are written, values too", async () => {
    const odd = { ...BY_HAND, extraGrants: ['SELECT ON TABLE "d\'ici"."a\\b"'] };
    const { opening } = render([], odd);
    await admin.query(opening);
    const [row] = await rows("SELECT current_setting('vn_repair.installation')::jsonb AS i");
    await admin.query("ROLLBACK");
    expect(row.i).toMatchObject({ extra_grants: odd.extraGrants, main_schema: "src_vn_json", definer: null });
  });
});

describe("running a script", () => {
  test("steps run in their order, and what queries among them give comes back", async () => {
    const report = await run(
      admin,
      script(
        ["CREATE TABLE public.made (n int); INSERT INTO public.made VALUES (1)"],
        ["INSERT INTO public.made SELECT n + 1 FROM public.made"],
        ["SELECT 'made' AS \"table\", count(*) AS rows FROM public.made", "report"],
        ["SELECT 'GRANT SELECT ON made TO them;' AS statement", "report"],
      ),
    );
    expect(report).toEqual<Report>({
      made: [],
      handover: ["GRANT SELECT ON made TO them;"],
      problems: [],
      rows: [{ table: "made", rows: 2 }],
    });
  });

  test("a file that fails leaves nothing of its transaction, and is named with its line", async () => {
    const failing = run(
      admin,
      script(
        ["CREATE TABLE public.half (n int)"],
        ["-- é\nSELECT 1;\nSELECT 2 FROM\n  nowhere;", "together"],
        ["CREATE TABLE public.never (n int)"],
      ),
    );
    await expect(failing).rejects.toThrow(
      'sql/step2.sql:4 (does step2.sql): relation "nowhere" does not exist (42P01)\nNothing of this step was kept.',
    );
    expect(await rows("SELECT to_regclass('half') AS half, to_regclass('never') AS never")).toEqual([
      { half: null, never: null },
    ]);
  });

  test("where the server tells no line, the file is named alone, with detail and hint, not the statement", async () => {
    const raise = `DO $$ BEGIN
      EXECUTE 'DO $x$ BEGIN RAISE EXCEPTION ''it went wrong'' USING DETAIL = ''a detail'', HINT = ''a hint''; END $x$ -- secret'; END $$`;
    const error = await run(admin, script([raise]), { locale: "fr" }).catch((e: Error) => e.message);
    expect(error).toBe(
      "sql/step1.sql (fait step1.sql)\u00a0: it went wrong (P0001)\n  a detail\n  a hint\n" +
        "  PL/pgSQL function inline_code_block line 1 at RAISE\nRien de cette étape n'a été gardé.",
    );
  });

  test("errors name real files and real lines", async () => {
    const real = render(installSteps(["check copy"]), BY_HAND);
    const step = real.steps.at(-1) as RenderedStep;
    const lines = step.sql.split("\n");
    step.sql = [...lines, "SELECT 1 FROM nowhere;"].join("\n");
    await expect(run(admin, real)).rejects.toThrow(`sql/${step.file}:${lines.length + 1} (`);
    expect(readFileSync(join(SQL, step.file), "utf8").split("\n")).toHaveLength(lines.length);
  });

  test("statements that a query gives run one by one, outside a transaction", async () => {
    await admin.query("CREATE TABLE pile (n int)");
    const sql =
      "SELECT format('CREATE INDEX CONCURRENTLY %s ON public.pile (n)', n) AS statement FROM unnest('{one,two}'::text[]) AS n";
    const said: string[] = [];
    const report = await run(admin, script([sql, "row by row"]), { say: (line) => said.push(line) });
    expect(report.made).toHaveLength(2);
    expect(said).toEqual(report.made);
    // None of them waits for ever.
    const limit =
      "SELECT 'CREATE TABLE public.limits AS SELECT current_setting(''lock_timeout'')' AS statement";
    await run(admin, script([limit, "row by row"]));
    expect(await rows("SELECT * FROM public.limits")).toEqual([{ current_setting: "10min" }]);
    expect(await rows("SELECT to_regclass('one')::text AS one, to_regclass('two')::text AS two")).toEqual([
      { one: "one", two: "two" },
    ]);
  });

  test("the server's notices are passed on, and nobody listens afterwards", async () => {
    const said: string[] = [];
    const loud: [string][] = [["DO $$ BEGIN RAISE WARNING 'look here'; END $$"]];
    await run(admin, script(...loud), { say: (line) => said.push(line) });
    expect(said).toEqual(["WARNING: look here"]);
    expect(admin.listenerCount("notice")).toBe(0);
  });

  test.each(["together", "row by row", "report"] as const)(
    "what was lent for a step that runs %s is taken back, also when it fails",
    async (runs) => {
      await admin.query(`DROP ROLE IF EXISTS lender, borrower;
        CREATE ROLE lender; CREATE ROLE borrower LOGIN CREATEROLE PASSWORD 'borrower-password'`);
      const client = await cluster.connect(database, { user: "borrower", password: "borrower-password" });
      const roles = { owner: "lender", repair: "nobody", login: "nobody" };
      const { opening, head, tail } = render([], { ...BY_HAND, roles });
      const asking = (sql: string) => ({ ...script([sql, runs]), opening, head, tail });
      const member = "SELECT format('SELECT %L', pg_has_role('lender', 'MEMBER')) AS statement";
      const report = await run(client, asking(member));
      if (runs !== "together") expect([...report.made, ...report.handover]).toEqual(["SELECT 't'"]);
      const failing = runs === "row by row" ? "SELECT 'SELECT 1/0' AS statement" : "SELECT 1/0";
      await expect(run(client, asking(failing))).rejects.toThrow("division by zero");
      await client.end();
      expect(
        await rows("SELECT count(*)::int AS n FROM pg_auth_members WHERE member = 'borrower'::regrole"),
      ).toEqual([{ n: 0 }]);
    },
  );
});

describe("rights that lack", () => {
  test("are named all at once, as statements that give them", async () => {
    const other = await cluster.createDatabase();
    const superuser = await cluster.connect(other);
    await superuser.query(`
      CREATE ROLE poor LOGIN PASSWORD 'poor-password'; CREATE ROLE data NOLOGIN;
      CREATE SCHEMA src_vn_json; CREATE TABLE src_vn_json.observations_json (id int);
      CREATE SCHEMA dbadmin; CREATE TABLE dbadmin.monitoring_vn_check_to_prod (id int);
      CREATE SCHEMA src_vn_json_check AUTHORIZATION data;
      REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    const poor = await cluster.connect(other, { user: "poor", password: "poor-password" });
    const roles = { owner: "poor_owner", repair: "poor_repair", login: "poor_login" };
    const lacking = [
      `GRANT CREATE ON DATABASE ${other} TO poor`,
      "ALTER ROLE poor CREATEROLE",
      'GRANT USAGE ON SCHEMA "src_vn_json" TO poor',
      'GRANT USAGE, CREATE ON SCHEMA "dbadmin" TO poor',
      "GRANT data TO poor",
      "ALTER TABLE dbadmin.monitoring_vn_check_to_prod OWNER TO poor",
    ];
    const refused = install(poor, { ...BY_HAND, roles }, { locale: "fr" });
    await expect(refused).rejects.toThrow(
      [
        "Il manque des droits ; un superutilisateur, ou les propriétaires, doivent lancer :",
        ...lacking.map((statement) => `  ${statement};`),
      ].join("\n"),
    );
    for (const statement of lacking) await superuser.query(statement);
    await superuser.query("CREATE ROLE poor_repair; CREATE ROLE poor_login");
    const { opening, rights } = render([], { ...BY_HAND, roles });
    await poor.query(opening);
    expect((await poor.query(rights.sql)).rows).toEqual([]);
    await poor.query("ROLLBACK");
    await poor.end();
    await superuser.end();
  });

  test("a superuser lacks nothing, where nothing is there yet", async () => {
    const { opening, rights } = render([], { ...BY_HAND, roles: { owner: "o", repair: "r", login: "l" } });
    await admin.query(opening);
    expect(await rows(rights.sql)).toEqual([]);
    await admin.query("ROLLBACK");
  });
});

describe("an installation", () => {
  const roles = { owner: "kit_owner", repair: "kit_repair", login: "kit_login" };
  const stack = installation({ roles, maxDeletes: 7, mainSyncLogins: ["a,b", 'c"d'], lockTimeout: "90 ms" });
  let own: string;
  let client: Client;
  beforeAll(async () => {
    own = await cluster.createDatabase();
    client = await cluster.connect(own);
    await client.query("CREATE ROLE kit_repair; CREATE ROLE kit_login LOGIN");
    await makeClientTables(client, "src_vn_json");
    await client.query(`CREATE SCHEMA dbadmin; CREATE TABLE dbadmin.monitoring_vn_check_to_prod
      (id serial, date timestamp, action text, count integer); INSERT INTO dbadmin.monitoring_vn_check_to_prod VALUES (1)`);
  });
  afterAll(() => client.end());

  test("a second one changes nothing and says nothing", async () => {
    const said: string[] = [];
    await install(client, stack);
    const first = await catalog(client);
    expect(await install(client, stack, { say: (line) => said.push(line) })).toEqual<Report>({
      made: [],
      handover: [],
      problems: [],
      rows: [],
    });
    expect(await catalog(client)).toEqual(first);
    expect(said).toEqual([]);
  });

  test("table settings has a column for each setting, and one for each name", async () => {
    const { rows: columns } = await client.query<{ name: string }>(
      `SELECT attname::text AS name FROM pg_attribute
        WHERE attrelid = 'src_vn_json_repair.settings'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1`,
    );
    const names = ["instance", "main_schema", "check_schema", "monitoring_schema"];
    const others = [
      "owner_role",
      "repair_role",
      "login_role",
      "installed_version",
      "gaps_seen",
      "surroundings_seen",
    ];
    const settings = Object.keys(JSON.parse(installationJson(stack, false)).settings);
    expect(columns.map(({ name }) => name)).toEqual([...names, ...others, ...settings].sort());
    const { rows } = await client.query(
      "SELECT max_deletes, main_sync_logins::text[] AS logins, lock_timeout::text FROM src_vn_json_repair.settings",
    );
    expect(rows).toEqual([{ max_deletes: 7, logins: ["a,b", 'c"d'], lock_timeout: "00:00:00.09" }]);
  });

  test("says which rows a removal of the data takes: of the monitoring only its own", async () => {
    await client.query(`INSERT INTO src_vn_json_check.observations_json SELECT i, 'vn38', '{}', 1 FROM generate_series(1, 7) AS i;
      INSERT INTO dbadmin.monitoring_vn_check_to_prod (action, instance) VALUES ('insert', 'default'), ('insert', 'other')`);
    const report = await install(client, stack, { parts: [] });
    expect(report.rows).toEqual([]);
    const { rows } = await run(client, render(installSteps(["check copy"], true), stack));
    expect(
      rows.filter(
        (row) =>
          row.rows > 0 &&
          !/repair\.(settings|client_table|made_object|journal_gap|trigger_seen)$/.test(row.table),
      ),
    ).toEqual([
      { table: "src_vn_json_check.observations_json", rows: 7 },
      { table: "dbadmin.monitoring_vn_check_to_prod", rows: 1 },
    ]);
  });

  test("removed without the data, then with them: nothing of ours is left, and all that is others' is", async () => {
    const left = async () =>
      (
        await client.query(`SELECT nspname::text AS name FROM pg_namespace WHERE nspname ~ '^(src_|dbadmin)' UNION ALL
          SELECT rolname FROM pg_roles WHERE rolname = 'kit_owner' UNION ALL
          SELECT 'monitoring ' || count(*) FROM dbadmin.monitoring_vn_check_to_prod ORDER BY 1`)
      ).rows.map(({ name }) => name);
    await remove(client, stack, { data: false });
    await remove(client, stack, { data: false });
    expect(await left()).toEqual([
      "dbadmin",
      "kit_owner",
      "monitoring 3",
      "src_vn_json",
      "src_vn_json_check",
      "src_vn_json_repair",
    ]);
    await remove(client, stack, { data: true });
    await remove(client, stack, { data: true });
    // The owner keeps what others' monitoring rows are in.
    expect(await left()).toEqual(["dbadmin", "kit_owner", "monitoring 2", "src_vn_json"]);
    await client.query("DROP ROLE kit_repair, kit_login");
  });
});

/** Every relation, routine, type and trigger of the kit's schemas, with owner and rights. */
async function catalog(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(`
    WITH s AS (SELECT oid FROM pg_namespace WHERE nspname IN ('src_vn_json', 'src_vn_json_check', 'src_vn_json_repair', 'dbadmin'))
    SELECT pg_describe_object('pg_class'::regclass, oid, 0) AS what, relowner AS owner, relacl::text AS acl FROM pg_class WHERE relnamespace IN (SELECT oid FROM s)
     UNION ALL SELECT pg_describe_object('pg_proc'::regclass, oid, 0) || prosrc, proowner, proacl::text FROM pg_proc WHERE pronamespace IN (SELECT oid FROM s)
     UNION ALL SELECT pg_describe_object('pg_type'::regclass, oid, 0), typowner, typacl::text FROM pg_type WHERE typnamespace IN (SELECT oid FROM s)
     UNION ALL SELECT pg_get_triggerdef(oid), NULL, NULL FROM pg_trigger
     UNION ALL SELECT nspname, nspowner, nspacl::text FROM pg_namespace WHERE nspname ~ '^(src_|dbadmin)'
     ORDER BY 1`);
  return rows;
}

test("a role that owns something is named with it; one that owns nothing may go", async () => {
  await admin.query("CREATE ROLE holder; CREATE TABLE held (n int); ALTER TABLE held OWNER TO holder");
  const guard = (login: string, repair: string) => {
    const roles = { owner: "nobody", login, repair };
    return runJob(job([render([GUARD], { ...BY_HAND, roles })]), "install", () => {});
  };
  for (const roles of [
    ["holder", "nobody"],
    ["nobody", "holder"],
  ] as [string, string][])
    await expect(guard(...roles)).rejects.toThrow(
      /the role holder cannot be dropped: it owns table public.held \(P0001\)\n {2}Give what it owns to another/,
    );
  await guard("lender", "nobody_has_this_name");
  await admin.query("DROP ROLE IF EXISTS nobody, nobody_has_this_name");
});

test("a login that is given its verifier logs in with its password", async () => {
  await admin.query(`CREATE ROLE verified LOGIN PASSWORD '${scramVerifier("0123456789abcdef")}'`);
  const login = { user: "verified", password: "0123456789abcdef" };
  const asked = script(["SELECT current_user::text AS statement", "report"]);
  expect(await runJob(job([asked], login), "install", () => {})).toMatchObject({ handover: ["verified"] });
});

describe("as a program", () => {
  const program = (args: string[], input: string, cwd = join(__dirname, "../..")) =>
    spawnSync("node", args, { input, encoding: "utf8", cwd });

  test("a refused login ends with a remedy, exit code 1, and no password", () => {
    const refused = job([], { password: "a-wrong-password" });
    for (const [locale, words] of [
      ["en", "refuses the login postgres with this password"],
      ["fr", "refuse la connexion de postgres avec ce mot de passe"],
    ]) {
      const done = program(["sql/door.js", "install"], JSON.stringify({ ...refused, locale }));
      expect(done.status).toBe(1);
      expect(done.stderr).toContain("password authentication failed");
      expect(done.stderr).toContain(words);
      expect(done.stdout + done.stderr).not.toContain("a-wrong-password");
      expect(done.stderr).not.toMatch(/^\s+at /m);
    }
  });

  test("by the package's own name it is the same: the report as JSON, exit code 0", () => {
    const asked = job([script(["SELECT 'x' AS \"table\", 3 AS rows", "report"])]);
    const done = program(["-e", 'require("vn-sync-check/sql")', "install"], JSON.stringify(asked));
    expect(done.stderr).toBe("");
    expect(JSON.parse(done.stdout)).toEqual({
      made: [],
      handover: [],
      problems: [],
      rows: [{ table: "x", rows: 3 }],
    });
    expect(done.status).toBe(0);
  });

  test("a step that fails is told with where it was run", () => {
    const done = program(["sql/door.js", "install"], JSON.stringify(job([script(["SELECT 1/0"])])));
    expect(done.status).toBe(1);
    expect(done.stderr).toBe(
      `the installation in database ${database} at 127.0.0.1:${cluster.port} as postgres failed:\n` +
        "sql/step1.sql (does step1.sql): division by zero (22012)\nNothing of this step was kept.\n",
    );
  });

  test("the printed script has a line for each file, in both languages", () => {
    for (const locale of ["fr", "en"] as const) {
      const text = print("install", BY_HAND, locale);
      expect(text).toMatch(/^\\set ON_ERROR_STOP on$/m);
      for (const { file, does } of installSteps(["repair"]))
        if (file !== "rights/handover.sql") expect(text).toContain(`\n-- sql/${file}: ${does[locale]}\n`);
      expect(text.match(/\n\\gexec\n/g)).toHaveLength(1);
      expect(text).not.toContain("{{");
    }
  });

  test("its options choose the schemas and the removal, and a folder without the kit does no harm", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "vn-print-"));
    const options = ["--main", "m", "--check", "c", "--repair", "r", "--monitoring", "w"];
    const done = program([join(SQL, "door.js"), "print", "--uninstall", ...options], "", elsewhere);
    rmSync(elsewhere, { recursive: true });
    expect(done.status, done.stderr).toBe(0);
    for (const { file } of REMOVE) expect(done.stdout).toContain(`-- sql/${file}: `);
    expect(done.stdout).toContain(
      '"main_schema":"m","check_schema":"c","repair_schema":"r","monitoring_schema":"w"',
    );
    expect(done.stdout).not.toContain("src_vn_json");
    const same = program([join(SQL, "door.js"), "print", "--repair", "dbadmin"], "", SQL);
    expect(same.status).toBe(1);
    expect(same.stderr).toMatch(/must be four/);
  });
});
