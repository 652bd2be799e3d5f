import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogue } from "../../sql/french";
import { install } from "../../sql/installer";
import { catalog } from "../support/catalog";
import { type Databases, fill, installation, ROLES, startDatabases } from "./support";

// W1: what the database says in the installation of a French stack.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const NAMES = {
  main: "src_vn_json",
  ours: ["src_vn_json_check", "src_vn_json_repair", "dbadmin"],
  roles: Object.values(ROLES),
};
const french = { ...installation(), locale: "fr" } as const;

test("an installation in French makes the same objects, texts aside", async () => {
  const inEnglish = await world.database({});
  const inFrench = await world.database(null);
  await install(inFrench.admin, french);
  const back = [...catalogue()].sort(([, a], [, b]) => b.length - a.length);
  // What the schemas are called is in a body by its name.
  const quoted = (text: string) =>
    text
      .replace(/\{\{(\w+)\}\}/g, (_, name) => (name === "main" ? '"src_vn_json"' : `"src_vn_json_${name}"`))
      .replaceAll("'", "''");
  const plain = (text: string) => {
    let english = text;
    for (const [en, fr] of back) english = english.replaceAll(`'${quoted(fr)}'`, `'${quoted(en)}'`);
    // A text in pieces is one in French, with the lines' ends behind it.
    return english.replace(/'\s*\n\s*'/g, "").replace(/\s+/g, "");
  };
  const texts = async (name: string) => (await catalog(world.cluster, name, NAMES)).join("\n");
  const seen = await texts(inFrench.name);
  expect(seen).toMatch(/la réparation valide elle-même ses lots/);
  expect(plain(seen)).toBe(plain(await texts(inEnglish.name)));
});

test("errors, hints, warnings and what the preflight says are French; installed in English again, they are English", async () => {
  const db = await world.database(null);
  await install(db.admin, french);
  await expect(db.admin.query("CALL src_vn_json_check.fct_fix_sync(NULL::boolean)")).rejects.toThrow(
    /NULL ne dit ni courriel ni pas de courriel/,
  );
  await expect(
    db.admin.query("BEGIN; CALL src_vn_json_repair.repair('whole', NULL, false, NULL, NULL)"),
  ).rejects.toThrow("la réparation valide elle-même ses lots\u00a0: l'appeler hors transaction");
  await db.admin.query("ROLLBACK");
  await fill(db.main, "src_vn_json", 1, 2000, 5);
  await fill(db.login, "src_vn_json_check", 1, 2000, 6);
  const { status, message } = await db.repair("whole");
  expect(status).toBe("refused");
  expect(message).toMatch(/lignes de observations_json diffèrent, plus que les/);
  await expect(db.admin.query("CALL src_vn_json_check.fct_fix_sync(FALSE)")).rejects.toMatchObject({
    message: expect.stringMatching(/^la réparation \(n° \d+\) de src_vn_json a été refusée/),
    hint: expect.stringMatching(/^Si c'est juste\u00a0: CALL/),
  });
  await db.main.query("ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk");
  await expect(install(db.admin, french, { locale: "fr" })).rejects.toThrow(
    /n'a pas de clé sur \(id, site\)[\s\S]*ADD PRIMARY KEY/,
  );
  await db.main.query(
    "ALTER TABLE src_vn_json.observations_json ADD CONSTRAINT observations_json_pk PRIMARY KEY (id, site)",
  );
  await install(db.admin, installation());
  await expect(db.admin.query("CALL src_vn_json_check.fct_fix_sync(NULL::boolean)")).rejects.toThrow(
    /NULL says neither mail nor no mail/,
  );
});

test("a database of another encoding is refused in French words that it knows", async () => {
  const admin = await world.cluster.connect(world.cluster.template);
  await admin.query("CREATE DATABASE enc_fr TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  await admin.end();
  const client = await world.cluster.connect("enc_fr");
  try {
    await expect(install(client, french, { locale: "fr" })).rejects.toThrow(
      /la base enc_fr est en LATIN1\u00a0: il faut UTF8/,
    );
  } finally {
    await client.end();
    await world.cluster.dropDatabase("enc_fr");
  }
});
