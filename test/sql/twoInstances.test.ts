import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, installSteps, remove, run } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import { type Job, runJob } from "../../sql/program";
import { render, renderFile, telling } from "../../sql/render";
import { FACTS, GUARD, ROLES } from "../../sql/steps";
import { makeClientTables } from "../support/installation";
import { type Cluster, startCluster } from "../support/postgres";
import { installation, type Options } from "./support";

// What a stack's resources run, in their order, by a login that is no superuser: the documented rights, no more.
const PASSWORD = "only-for-tests";
let count = 0;

interface World {
  n: number;
  cluster: Cluster;
  database: string;
  admin: string;
}

async function superuser(world: { cluster: Cluster; database?: string }, sql: string) {
  const client = await world.cluster.connect(world.database ?? "postgres");
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A main copy and the login that the README asks for: CREATEROLE, owner of main by membership, CREATE on the database. */
async function prepared(cluster: Cluster): Promise<World> {
  const database = await cluster.createDatabase();
  const n = ++count;
  const [admin, main] = [`geo${n}`, `main${n}`];
  const client = await cluster.connect(database);
  await makeClientTables(client, "src_vn_json");
  await client.query(`
    CREATE ROLE ${main} NOLOGIN; CREATE ROLE ${admin} LOGIN CREATEROLE PASSWORD '${PASSWORD}';
    GRANT ${main} TO ${admin}; GRANT CREATE ON DATABASE ${database} TO ${admin};
    ALTER SCHEMA src_vn_json OWNER TO ${main};
    DO $$ DECLARE t regclass; BEGIN
      FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'src_vn_json'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO ${main}', t);
      END LOOP;
    END $$`);
  await client.end();
  return { n, cluster, database, admin };
}

const rolesOf = (name: string) => ({ login: name, repair: `${name}_repair`, owner: `${name}_owner` });

function named(instance: string): Options {
  return { instance, roles: rolesOf(`i${count}_${instance}`) };
}

const connection = ({ cluster, database }: World, user: string) => ({
  ...{ host: "127.0.0.1", port: cluster.port, database, user, password: PASSWORD },
  sslmode: "disable" as const,
});

/** `pulumi up`: look, the two roles as the plugin makes them, then the SQL. */
async function up(world: World, options: Options, user = world.admin): Promise<string[]> {
  const told = installation(options);
  const { found } = await databaseFindings(connection(world, user), told);
  if (found.some(({ mild }) => !mild)) return found.map(({ remedy }) => remedy.en);
  const client = await world.cluster.connect(world.database, { user, password: PASSWORD });
  try {
    const { login, repair } = told.roles as NonNullable<typeof told.roles>;
    for (const role of [`${login} LOGIN`, repair]) {
      const [name] = role.split(" ");
      const { rows } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
      if (rows.length === 0) await client.query(`CREATE ROLE ${role}`);
    }
    await run(client, telling(render([ROLES], told), "vn_repair.login_verifier", PASSWORD));
    await install(client, told);
  } finally {
    await client.end();
  }
  return [];
}

/** `pulumi destroy`: the repair, the copy, the guard, then the plugin's way to drop the two roles. */
async function down(world: World, options: Options, data = false, user = world.admin): Promise<void> {
  const told = installation(options);
  const { login, repair } = told.roles as NonNullable<typeof told.roles>;
  const client = await world.cluster.connect(world.database, { user, password: PASSWORD });
  try {
    await remove(client, told, { data: false });
    await remove(client, told, { data });
    await run(client, render([GUARD], told));
    for (const role of [login, repair]) {
      await client.query(`GRANT ${role} TO CURRENT_USER`);
      await client.query(`REASSIGN OWNED BY ${role} TO ${user}; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  } finally {
    await client.end();
  }
}

const left = async (world: World) =>
  (
    await superuser(
      world,
      `SELECT rolname::text AS name FROM pg_roles WHERE rolname ~ '^i${world.n}_' AND rolcanlogin
        UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^(src_vn_json_|dbadmin)'
        UNION ALL SELECT nspname FROM pg_namespace WHERE nspname ~ '^(src_vn_json_|dbadmin)' ORDER BY 1`,
    )
  ).rows.map(({ name }) => name as string);

describe.each([15, 17])("PostgreSQL %i, without a superuser", (version) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ version });
  });
  afterAll(() => cluster?.stop());

  test.each([
    ["the first goes first", ["default", "other"]],
    ["the second goes first", ["other", "default"]],
  ])(
    "S1: two instances in one database, %s: each destroy ends, and nothing is left",
    async (_what, order) => {
      const world = await prepared(cluster);
      const instances: Record<string, Options> = { default: named("default"), other: named("other") };
      for (const options of Object.values(instances)) expect(await up(world, options)).toEqual([]);
      for (const name of order) await down(world, instances[name] as Options, true);
      expect(await left(world)).toEqual([]);
    },
  );

  test("S2: destroy, then up again by the same login; then another login: the missing GRANTs are printed and suffice", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    expect(await up(world, options)).toEqual([]);
    await down(world, options);
    expect(await up(world, options)).toEqual([]);

    const other = `${world.admin}b`;
    await superuser(
      world,
      `CREATE ROLE ${other} LOGIN PASSWORD '${PASSWORD}'; GRANT main${world.n} TO ${other}`,
    );
    const lacking = await up(world, options, other);
    const statements = lacking.join("\n").match(/^ +(GRANT|ALTER).*;$/gm) ?? [];
    expect(statements.length).toBeGreaterThan(2);
    for (const statement of statements) await superuser(world, statement);
    expect(await up(world, options, other)).toEqual([]);
    // The one before it goes on too.
    expect(await up(world, options)).toEqual([]);
    await down(world, options, true, other);
    expect(await left(world)).toEqual([]);
  });

  test("S1: what still holds a role is named, of every kind, with what to do", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    await up(world, options);
    const { login } = rolesOf(`i${count}_default`);
    const elsewhere = await cluster.createDatabase();
    await superuser(
      world,
      `CREATE TABLE public.hers (); CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
       GRANT SELECT ON public.hers TO ${login}; GRANT EXECUTE ON FUNCTION public.f() TO ${login};
       GRANT TEMPORARY ON DATABASE ${world.database} TO ${login};
       CREATE POLICY p ON public.hers TO ${login};
       ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${login}`,
    );
    await superuser({ cluster, database: elsewhere }, `CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO ${login}`);
    const failed = await down(world, options).then(
      () => "",
      (error: Error) => error.message,
    );
    for (const held of [
      "has rights on table public.hers",
      "has rights on function public.f()",
      "has rights on default privileges on new relations",
      "is named by the policy of policy p on table public.hers",
      `something in database ${elsewhere}`,
      `has rights on database ${world.database}`,
    ])
      expect(failed).toContain(held);
    expect(failed).toContain(`REVOKE ALL ON public.hers FROM ${login};`);
    expect(failed).toContain(`In database ${elsewhere}, as a superuser: DROP OWNED BY ${login};`);
    await superuser(world, `DROP OWNED BY ${login}`);
    await superuser({ cluster, database: elsewhere }, `DROP OWNED BY ${login}`);
    await down(world, options);
    expect((await left(world)).filter((name) => name.startsWith("i"))).toEqual([]);
  });
});

describe("a database that moved, and one that is gone", () => {
  let cluster: Cluster;
  let second: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    second = await startCluster();
  });
  afterAll(() => Promise.all([cluster?.stop(), second?.stop()]));

  const job = (world: World, options: Options, expected = false): Job => {
    const told = installation(options);
    const remove = [render([GUARD], told)];
    const roles = telling(render([ROLES], told), "vn_repair.login_verifier", PASSWORD);
    const moved = { facts: renderFile(FACTS, told), expected };
    return { connection: connection(world, world.admin), locale: "en", install: [roles], remove, moved };
  };

  test("B12: restored on another server without its roles: they are made again, and the login logs in", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    await up(world, options);
    const first = await runJob(job(world, options), "install", () => {});
    expect(first.server).toMatch(/^\d+\/\d+$/);

    const moved = await prepared(second);
    await superuser(moved, "CREATE SCHEMA src_vn_json_check; CREATE SCHEMA src_vn_json_repair");
    const said: string[] = [];
    const { server } = await runJob(job(moved, options), "install", (line) => said.push(line), first.server);
    expect(server).not.toBe(first.server);
    expect(said.filter((line) => line.includes("is made again"))).toHaveLength(2);
    const name = installation(options).roles?.login as string;
    const client = await second.connect(moved.database, { user: name, password: PASSWORD });
    await client.end();
    const again: string[] = [];
    await runJob(job(moved, options), "install", (line) => again.push(line), server);
    expect(again).toEqual([]);
  });

  test("S10: what a stack makes and is not there is named, and nothing else that was changed by hand", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    const { login, repair, owner } = installation(options).roles as NonNullable<Options["roles"]>;
    const absent = async () => {
      const { absent } = await databaseFindings(connection(world, world.admin), installation(options));
      return absent;
    };
    const schemas = ["dbadmin", "src_vn_json_check", "src_vn_json_repair"];
    expect(await absent()).toEqual([...schemas, login, owner, repair].sort());
    await up(world, options);
    expect(await absent()).toEqual([]);
    await superuser(
      world,
      `REVOKE ALL ON src_vn_json_check.observations_json FROM ${login};
       ALTER TABLE src_vn_json_check.observations_json DISABLE TRIGGER USER`,
    );
    expect(await absent()).toEqual([]);
    await superuser(
      world,
      "DROP TABLE src_vn_json_check.species_json, dbadmin.vn_instance; DROP PROCEDURE src_vn_json_check.fct_fix_sync(text)",
    );
    expect(await absent()).toEqual(["dbadmin.vn_instance", "src_vn_json_check.species_json"]);
    await superuser(
      world,
      `DROP OWNED BY ${login}; DROP ROLE ${login}; DROP SCHEMA src_vn_json_repair CASCADE`,
    );
    expect(await absent()).toContain(login);
    expect(await absent()).toContain("src_vn_json_repair");
    expect(await up(world, options)).toEqual([]);
    expect(await absent()).toEqual([]);
  });

  test("B12: restored without its roles, by a superuser whose it all is then: what is printed can be run, and is all", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    await up(world, options);
    const { login, repair, owner } = installation(options).roles as NonNullable<Options["roles"]>;
    await superuser(
      world,
      `REASSIGN OWNED BY ${login}, ${repair}, ${owner}, main${world.n} TO postgres; DROP OWNED BY ${login}, ${repair}, ${owner};
       DROP ROLE ${login}, ${repair}, ${owner}; REVOKE CREATE ON DATABASE ${world.database} FROM ${world.admin}`,
    );
    const [remedy, ...more] = await up(world, options);
    expect(more).toEqual([]);
    const statements = remedy?.split("\n").slice(1).join("\n") ?? "";
    expect(statements).toMatch(/ALTER TABLE .* OWNER TO/);
    await superuser(world, statements);
    expect(await up(world, options)).toEqual([]);
    expect(await up(world, options)).toEqual([]);
  });

  test("B13: another database with nothing of the kit in it is refused, unless the old one is said to be gone", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    await up(world, options);
    const { server } = await runJob(job(world, options), "install", () => {});
    const empty = await prepared(second);
    const refused = runJob(job(empty, options), "install", () => {}, server);
    await expect(refused).rejects.toThrow(
      /not the database that the stack was installed in[\s\S]*oldDatabaseGone true/,
    );
    const name = installation(options).roles?.login as string;
    const found = () => superuser(empty, `SELECT FROM pg_roles WHERE rolname = '${name}'`);
    expect((await found()).rowCount).toBe(0);
    await runJob(job(empty, options, true), "install", () => {}, server);
    expect((await found()).rowCount).toBe(1);
  });

  test("B13: emptied by hand, roles dropped: what destroy runs ends, and drops what it has to", async () => {
    const world = await prepared(cluster);
    const options = { ...named("default"), extraGrants: ["SELECT ON TABLE public.was_there"] };
    await superuser(world, "CREATE TABLE public.was_there ()");
    await superuser(world, `ALTER TABLE public.was_there OWNER TO ${world.admin}`);
    await up(world, options);
    const { login, repair, owner } = installation(options).roles as NonNullable<Options["roles"]>;
    await superuser(
      world,
      `DROP SCHEMA src_vn_json_check, src_vn_json_repair, dbadmin CASCADE; DROP TABLE public.was_there;
       DROP OWNED BY ${login}, ${repair}, ${owner}; DROP ROLE ${login}, ${repair}, ${owner}`,
    );
    await down(world, options);
    await down(world, options, true);
    expect(await left(world)).toEqual([]);
    expect(await up(world, { ...options, extraGrants: [] })).toEqual([]);
  });

  test("B13: a database that is gone: destroy says the two commands that do without it", async () => {
    const world = await prepared(cluster);
    const options = named("default");
    await superuser({ cluster }, `DROP DATABASE ${world.database}`);
    for (const [locale, words] of [
      ["en", /there is no database[\s\S]*oldDatabaseGone true\n {2}pulumi destroy --run-program/],
      ["fr", /il n'y a pas de base[\s\S]*oldDatabaseGone true\n {2}pulumi destroy --run-program/],
    ] as const) {
      const gone = runJob({ ...job(world, options), locale }, "remove", () => {});
      await expect(gone).rejects.toThrow(words);
    }
  });
});

test("S7: what the next destroy removes is counted of this instance alone, and not what it keeps", async () => {
  const cluster = await startCluster();
  try {
    const world = await prepared(cluster);
    for (const instance of ["default", "other"]) expect(await up(world, named(instance))).toEqual([]);
    await superuser(
      world,
      `CREATE TABLE src_vn_json_check.of_a_user AS SELECT 1 AS a;
       CREATE TABLE src_vn_json_repair.of_a_user AS SELECT 1 AS a;
       INSERT INTO src_vn_json_check.species_json VALUES (1, 'a', '{}');
       INSERT INTO src_vn_json_check_other.species_json VALUES (1, 'a', '{}'), (2, 'a', '{}');
       INSERT INTO dbadmin.monitoring_vn_check_to_prod (action, instance)
       VALUES ('insert', 'default'), ('insert', 'other'), ('insert', 'other'), ('insert', NULL)`,
    );
    const client = await cluster.connect(world.database);
    const report = await run(
      client,
      render(installSteps([], true).slice(-1), installation(named("default"))),
    );
    await client.end();
    const filled = report.rows.filter(({ rows }) => rows > 0);
    const counted = Object.fromEntries(filled.map(({ table, rows }) => [table, rows]));
    expect(counted).toMatchObject({
      "src_vn_json_check.species_json": 1,
      "dbadmin.monitoring_vn_check_to_prod": 1,
    });
    expect(Object.keys(counted).filter((table) => /other|of_a_user/.test(table))).toEqual([]);
  } finally {
    await cluster.stop();
  }
});
