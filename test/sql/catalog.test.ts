import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalog, outline } from "../support/catalog";
import { onlyThese } from "../support/offenders";
import { type Databases, type Db, ROLES, startDatabases } from "./support";

const ROOT = resolve(__dirname, "../..");
const OURS = ["src_vn_json_check", "src_vn_json_repair", "dbadmin"];

let world: Databases;
let db: Db;
beforeAll(async () => {
  world = await startDatabases();
  db = await world.database({ sameRights: true });
});
afterAll(() => world.stop());

const NAMES = { main: "src_vn_json", ours: OURS, roles: Object.values(ROLES) };

/** After a change that is meant: `npx vitest run --project sql test/sql/catalog.test.ts -u`, and read the difference. */
test("a fresh installation makes just these objects", async () => {
  await expect(outline(await catalog(world.cluster, db.name, NAMES))).toMatchFileSnapshot(
    "fixtures/catalog.sql",
  );
});

test("every object of ours has a comment", async () => {
  const bare = await db.rows<{ name: string }>(
    `SELECT format('%s %s', relkind, oid::regclass) AS name FROM pg_class AS c
      WHERE relnamespace::regnamespace::text = ANY ($1) AND relkind IN ('r', 'm', 'v', 'S', 'i', 'c')
        AND obj_description(oid, 'pg_class') IS NULL
        -- What a constraint or an identity column makes of itself, and Client-API-VN's own.
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
      UNION ALL
     SELECT p.oid::regprocedure::text FROM pg_proc AS p
      WHERE pronamespace::regnamespace::text = ANY ($1) AND obj_description(oid, 'pg_proc') IS NULL
      UNION ALL
     SELECT format('type %s', oid::regtype) FROM pg_type
      WHERE typnamespace::regnamespace::text = ANY ($1) AND typtype IN ('e', 'd') AND obj_description(oid, 'pg_type') IS NULL
      UNION ALL
     SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger
      WHERE NOT tgisinternal AND obj_description(oid, 'pg_trigger') IS NULL
      UNION ALL
     SELECT format('schema %s', nspname) FROM pg_namespace
      WHERE nspname = ANY ($1) AND obj_description(oid, 'pg_namespace') IS NULL
      ORDER BY 1`,
    [OURS],
  );
  onlyThese(
    [],
    bare.map((r) => r.name),
  );
});

/** Functions made for each of the client's tables: called by a name that is put together. */
const MADE_FOR_A_TABLE =
  /^(apply_insert|apply_update|still_different|written_otherwise|compare|compare_contents)_\w+_json$/;
/** What people call, and the runner: by its TypeScript, by README. */
const OUTSIDE = ["sql/README.md", "README.md", ...filesBelow("scripts/runner"), ...filesBelow("sql")]
  .filter((path) => /\.(ts|md)$/.test(path))
  .map((path) => readFileSync(join(ROOT, path), "utf8"));

test("each routine is called, each column and each word is used", async () => {
  const texts = [
    ...(await db.rows<{ name: string; text: string }>(
      `SELECT proname AS name, prosrc AS text FROM pg_proc WHERE pronamespace::regnamespace::text = ANY ($1)
        UNION ALL
       SELECT relname, pg_get_viewdef(oid) FROM pg_class
        WHERE relnamespace::regnamespace::text = ANY ($1) AND relkind IN ('v', 'm')
        UNION ALL
       SELECT '', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
       SELECT '', pg_get_expr(adbin, adrelid) FROM pg_attrdef`,
      [OURS],
    )),
    ...OUTSIDE.map((text) => ({ name: "", text })),
  ];
  // What the installation itself asks for is called by its files.
  const files = filesBelow("sql").filter((path) =>
    /\/(rights|remove|upgrade)\/.*\.sql$|requirements\.sql$/.test(`/${path}`),
  );
  for (const path of files)
    texts.push({ name: "", text: readFileSync(join(ROOT, path), "utf8").replace(/^CREATE.*$/gm, "") });
  const mentions = (word: string, but: string | null) =>
    texts.some(({ name, text }) => name !== but && new RegExp(`(?<![\\w])${word}(?!\\w)`).test(text));

  const words = await db.rows<{ kind: string; name: string; word: string; routine: string | null }>(
    `SELECT 'routine' AS kind, proname AS name, proname AS word, proname AS routine FROM pg_proc
      WHERE pronamespace = 'src_vn_json_repair'::regnamespace
      UNION ALL
     SELECT 'column', format('%s.%s', attrelid::regclass, attname), attname, NULL FROM pg_attribute
      WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'src_vn_json_repair'::regnamespace AND relkind = 'r')
        AND attnum > 0
      UNION ALL
     SELECT 'word', format('%s %L', enumtypid::regtype, enumlabel), enumlabel, NULL FROM pg_enum ORDER BY 1, 2`,
  );
  expect(words.length).toBeGreaterThan(200);
  onlyThese(
    [],
    words
      .filter(({ kind, name }) => kind !== "routine" || !MADE_FOR_A_TABLE.test(name))
      .filter(({ word, routine }) => !mentions(word, routine))
      .map(({ kind, name }) => `${kind} ${name}`),
  );
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((path) =>
    join(folder, path),
  );
}
