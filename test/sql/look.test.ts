import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finding, findingInWords, NotReady } from "../../config/checks";
import type { Connection } from "../../sql/connect";
import { install, remove } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import { type Authority, makeAuthority } from "../support/authority";
import { startCluster } from "../support/postgres";
import { type Databases, type Db, installation, type Options, startDatabases } from "./support";

const PASSWORD = "only-for-tests";
const HBA = `local all all reject
hostssl all encrypted all scram-sha-256
hostnossl all encrypted all reject
host all all all scram-sha-256
`;
let world: Databases;
let authority: Authority;
beforeAll(async () => {
  authority = makeAuthority();
  const hba = join(authority.dir, "hba");
  writeFileSync(hba, HBA);
  world = await startDatabases({ settings: { ...authority.settings, hba_file: hba } });
  const admin = await world.cluster.connect("postgres");
  await admin.query(`
    CREATE ROLE encrypted LOGIN PASSWORD '${PASSWORD}';
    CREATE ROLE nobody_in NOLOGIN;
    CREATE ROLE geo LOGIN CREATEROLE PASSWORD '${PASSWORD}';
    COMMENT ON ROLE vn_check IS 'vn-sync-check: as a stack makes it';
    COMMENT ON ROLE vn_check_repair IS 'vn-sync-check: as a stack makes it'`);
  await admin.end();
});
afterAll(async () => {
  await world?.stop();
  authority?.remove();
});

/** What a look finds, as the administrator of a database or as somebody else. */
async function look(db: Db, to: Partial<Connection> = {}, options: Options = {}): Promise<Finding[]> {
  const { port, superuser, password } = world.cluster;
  const own = { host: "127.0.0.1", port, database: db.name, user: superuser, sslmode: "disable" as const };
  const secret = to.user === undefined ? password : PASSWORD;
  const { found } = await databaseFindings({ ...own, password: secret, ...to }, installation(options));
  return found;
}
const as = (found: Finding[]) => found.map((one) => findingInWords(one, "en")).join("\n");

/** Everything that two looks could have changed. */
const picture = (db: Db) =>
  db.rows(`SELECT relname::text AS x, relacl::text AS acl FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT nspname, nspacl::text FROM pg_namespace UNION ALL SELECT datname, datacl::text FROM pg_database
    UNION ALL SELECT rolname, NULL FROM pg_roles
    UNION ALL SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2`);

describe("S6: a database that cannot be connected to", () => {
  const cases: [string, Partial<Connection>, string, RegExp, RegExp][] = [
    ["nothing listens there", { port: 1 }, "address", /no PostgreSQL answers .*ECONNREFUSED/, /this works/],
    ["an unknown name", { host: "no-such.invalid" }, "address", /ENOTFOUND|EAI_AGAIN/, /database\.address/],
    [
      "a wrong password",
      { password: "wrong" },
      "adminPassword",
      /password authentication failed/,
      /--secret/,
    ],
    ["no such role", { user: "missing" }, "adminPassword", /password authentication failed/, /--secret/],
    ["a role without login", { user: "nobody_in" }, "adminPassword|adminUser", /./, /./],
    [
      "no such database",
      { database: "geonature" },
      "name",
      /no database geonature .*template_main/,
      /oldDatabaseGone/,
    ],
    ["pg_hba.conf wants encryption", { user: "encrypted" }, "sslmode", /no encryption/, /sslmode require/],
    [
      "an authority of one's own",
      { host: "localhost", sslmode: "verify-full" },
      "caFile",
      /no authority/,
      /caFile/,
    ],
  ];
  test.each(cases)("%s: the key, the server's words, what to do", async (_what, to, key, wrong, remedy) => {
    const db = await world.database(null);
    const [found, ...more] = await look(db, to);
    expect(more).toEqual([]);
    expect(found?.name).toMatch(new RegExp(`^database\\.(${key})$`));
    expect(found?.wrong.en).toMatch(wrong);
    expect(found?.remedy.en).toMatch(remedy);
    expect(found?.wrong.fr).not.toBe(found?.wrong.en);
    expect(as([found as Finding])).not.toContain(PASSWORD);
  });

  test("a name that is not in the certificate; with the authority's certificate all is well (B10)", async () => {
    const db = await world.database(null);
    const ca = readFileSync(authority.ca, "utf8");
    expect((await look(db, { sslmode: "verify-full", ca }))[0]).toMatchObject({ name: "database.address" });
    expect(
      (await look(db, { sslmode: "verify-full", ca: readFileSync(authority.other, "utf8") }))[0],
    ).toMatchObject({
      name: "database.caFile",
    });
    expect(await look(db, { host: "localhost", sslmode: "verify-full", ca })).toEqual([]);
  });

  test("a server without TLS, one that is full, a database closed to the login", async () => {
    const plain = await startCluster({
      postgis: false,
      settings: { max_connections: "4", superuser_reserved_connections: "0" },
    });
    try {
      const to = (more: Partial<Connection> = {}) => ({
        ...{ host: "127.0.0.1", port: plain.port, database: "postgres", user: plain.superuser },
        ...{ password: plain.password, sslmode: "disable" as const, ...more },
      });
      const at = async (more?: Partial<Connection>) =>
        (await databaseFindings(to(more), installation())).found;
      expect((await at({ sslmode: "require" }))[0]).toMatchObject({ name: "database.sslmode" });
      const admin = await plain.connect("postgres");
      await admin.query(`CREATE ROLE shut LOGIN PASSWORD '${PASSWORD}'`);
      await admin.query("CREATE DATABASE closed");
      await admin.query("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
      const closed = await at({ user: "shut", password: PASSWORD, database: "closed" });
      expect(as(closed)).toContain('GRANT CONNECT ON DATABASE "closed" TO "shut" WITH GRANT OPTION;');
      const held = await Promise.all([1, 2, 3].map(() => plain.connect("postgres")));
      expect((await at())[0]?.remedy.en).toContain("max_connections");
      await Promise.all([admin, ...held].map((client) => client.end()));
    } finally {
      await plain.stop();
    }
  });
});

describe("what stands in the way is found all at once, and nothing is changed", () => {
  test("S6: nothing, where all is well", async () => {
    const db = await world.database(null);
    const before = await picture(db);
    expect(await look(db)).toEqual([]);
    expect(await picture(db)).toEqual(before);
    await install(db.admin, installation());
    expect(await look(db)).toEqual([]);
    expect(await picture(db)).not.toEqual(before);
  });

  test("S2: every right that the documented login lacks is a statement; with them it lacks nothing", async () => {
    const db = await world.database(null);
    await db.admin.query(`
      ALTER SCHEMA public OWNER TO postgres; REVOKE ALL ON DATABASE "${db.name}" FROM PUBLIC;
      GRANT CONNECT ON DATABASE "${db.name}" TO geo;
      CREATE SCHEMA ref; CREATE TABLE ref.areas (id int); CREATE SCHEMA loose; GRANT CREATE ON SCHEMA loose TO PUBLIC;
      CREATE ROLE mighty SUPERUSER`);
    const extraGrants = ["USAGE ON SCHEMA ref", "SELECT ON TABLE ref.areas", "SELECT ON TABLE public.typo"];
    const options = {
      extraGrants,
      runAs: "mighty",
      triggerSearchPath: ["loose", "nowhere"],
      mainSyncLogins: ["ghost"],
    };
    const before = await picture(db);
    const found = await look(db, { user: "geo" }, options);
    expect(await picture(db)).toEqual(before);
    expect(found.map(({ name, mild }) => [name, mild])).toEqual([
      ["database.adminUser", false],
      ["repair.extraGrants", false],
      ["repair.extraGrants", false],
      ["repair.runAs", false],
      ["repair.triggerSearchPath", false],
      ["repair.triggerSearchPath", false],
      ["repair.mainSyncLogins", true],
    ]);
    const statements = [...as(found).matchAll(/^ +((GRANT|ALTER) .*;)$/gm)].map(([, statement]) => statement);
    expect(statements).toEqual([
      `GRANT CREATE ON DATABASE ${db.name} TO geo;`,
      `GRANT CONNECT ON DATABASE ${db.name} TO geo WITH GRANT OPTION;`,
      'GRANT USAGE ON SCHEMA "src_vn_json" TO geo;',
      'GRANT USAGE ON SCHEMA ref TO "geo" WITH GRANT OPTION;',
      'GRANT SELECT ON TABLE ref.areas TO "geo" WITH GRANT OPTION;',
    ]);
    expect(as(found)).toMatch(/SELECT ON TABLE public\.typo TO …: .*does not exist/);
    for (const statement of statements) await db.admin.query(statement as string);
    expect(as(await look(db, { user: "geo" }))).toContain(
      `GRANT TEMPORARY ON DATABASE ${db.name} TO geo WITH GRANT OPTION;`,
    );
    await db.admin.query(`GRANT TEMPORARY ON DATABASE ${db.name} TO geo WITH GRANT OPTION`);
    expect(await look(db, { user: "geo" }, { extraGrants: extraGrants.slice(0, 2) })).toEqual([]);
    const words = new NotReady(found, "fr").message;
    expect(words).toContain("Rien n'a été créé ni modifié : 7 choses sont à corriger");
    await db.admin.query("DROP ROLE mighty");
  });

  test.each([
    ["no such schema", "CREATE SCHEMA other", { schemas: { main: "vn_main" } }, /no schema vn_main/],
    [
      "no table there",
      "CREATE SCHEMA empty",
      { schemas: { main: "empty" } },
      /src_vn_json: pulumi config set/,
    ],
    [
      "a view of that name",
      "CREATE SCHEMA v; CREATE VIEW v.observations_json AS SELECT 1 AS id",
      { schemas: { main: "v" } },
      /no table/,
    ],
    [
      "a table of other columns",
      "CREATE SCHEMA c; CREATE TABLE c.observations_json (id int, site text)",
      { schemas: { main: "c" } },
      /has no column item, update_ts/,
    ],
  ] as [string, string, Options, RegExp][])("S6: the main copy: %s", async (_what, sql, options, words) => {
    const db = await world.database(null);
    await db.admin.query(sql);
    const found = await look(db, {}, options);
    expect(found.map(({ name }) => name)).toEqual(["database.mainSchema"]);
    expect(as(found)).toMatch(words);
  });

  test("S6: a schema or roles of others under our names, PostGIS that is missing, another encoding", async () => {
    const db = await world.database(null);
    await db.admin.query(`CREATE SCHEMA src_vn_json_repair; CREATE ROLE vn_check_hers LOGIN; CREATE TABLE public.hers ();
      ALTER TABLE public.hers OWNER TO vn_check_hers; DROP EXTENSION postgis CASCADE`);
    const roles = { login: "vn_check_hers", repair: "not_there", owner: "not_there_either" };
    const names = (found: Finding[]) => found.map(({ name }) => name);
    expect(names(await look(db, {}, { roles }))).toEqual(["instance", "PostGIS"]);
    await db.admin.query("DROP SCHEMA src_vn_json_repair");
    const found = await look(db, {}, { roles });
    expect(names(found)).toEqual(["instance", "PostGIS"]);
    expect(as(found)).toMatch(/roles vn_check_hers are there.*\n.*instance/);
    await db.admin.query("DROP OWNED BY vn_check_hers; DROP ROLE vn_check_hers");

    const admin = await world.cluster.connect("postgres");
    await admin.query(
      "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    await admin.end();
    expect(as(await look(db, { database: "latin" }))).toMatch(
      /encoded in LATIN1[\s\S]*createdb -T template0 -E UTF8/,
    );
  });

  test("S6: a newer version's installation is not touched by this one", async () => {
    const db = await world.database({});
    await db.admin.query("UPDATE src_vn_json_repair.settings SET installed_version = '99.0.0'");
    expect(as(await look(db))).toContain("version 99.0.0 of the kit");
  });

  test("S6: after a removal that keeps the data all is well again", async () => {
    const db = await world.database({});
    await remove(db.admin, installation(), { data: false });
    expect(await look(db)).toEqual([]);
  });
});

test("A6: a site that main does not know, or spells otherwise, is told with main's names", async () => {
  const db = await world.database(null);
  await db.main.query("INSERT INTO src_vn_json.observations_json VALUES (1, 'VN38', '{}', 5)");
  expect(as(await look(db, {}, { sites: ["vn38"] }))).toMatch(
    /sites: the main copy has nothing of the site vn38; its sites are: VN38\n.*sites\.vn38\.newInMain: true/,
  );
  expect(as(await look(db, {}, { sites: ["VN38"] }))).not.toContain("sites:");
  expect(as(await look(db, {}, { sites: ["vn38"], newSites: ["vn38"] }))).not.toContain("sites:");
});

test("Q8: what somebody else has under our names is told with its owner, and nothing of it is run by the look", async () => {
  const db = await world.database(null);
  await db.admin.query(`
    CREATE ROLE elsewhere NOLOGIN; GRANT CREATE ON DATABASE "${db.name}" TO elsewhere; CREATE TABLE public.acted (as_whom name);
    GRANT ALL ON public.acted TO PUBLIC; SET ROLE elsewhere; CREATE SCHEMA src_vn_json_repair; CREATE SCHEMA elsewhere;
    CREATE FUNCTION elsewhere.mark() RETURNS text LANGUAGE sql AS 'INSERT INTO public.acted VALUES (current_user); SELECT ''0.2''';
    CREATE VIEW src_vn_json_repair.settings AS SELECT elsewhere.mark() AS installed_version; RESET ROLE`);
  expect(as(await look(db))).toMatch(/instance: .*view src_vn_json_repair\.settings belongs to elsewhere/s);
  expect(await db.rows("SELECT * FROM public.acted")).toEqual([]);
  await db.admin.query("DROP OWNED BY elsewhere; DROP ROLE elsewhere");
});
