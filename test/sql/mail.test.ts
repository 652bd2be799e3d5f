import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "../../sql/installer";
import {
  type Databases,
  type Db,
  installation,
  type Options,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// Q3: the mails that email_notify queues: who may queue, who takes them, how often, and what fct_fix_sync says in its own.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases({ postgis: false });
});
afterAll(() => world.stop());

interface Mail {
  id: number;
  try: number;
  recipient: string;
  subject: string;
  message: string;
}

const queue = async (db: Db, recipient = "a@example.org") => {
  await db.login.query("SELECT dbadmin.email_notify('text', 'subject', $1)", [recipient]);
};
const take = async (client: Db["login"], schema = "src_vn_json_repair"): Promise<Mail | null> =>
  (await client.query(`SELECT ${schema}.take_mail() AS mail`)).rows[0].mail;
const ended = (db: Db, mail: Mail, error: string | null, client = db.login) =>
  client.query("SELECT src_vn_json_repair.mail_ended($1, $2, $3)", [mail.id, mail.try, error]);
const unsent = async (db: Db) =>
  (await db.login.query("SELECT * FROM src_vn_json_repair.unsent_mails()")).rows[0];

test("a mail is taken once, in the order of queueing, and is gone from the queue when it has left", async () => {
  const db = await world.database({});
  await queue(db, "first@example.org");
  await queue(db, "second@example.org");
  const first = (await take(db.login)) as Mail;
  const second = (await take(db.login)) as Mail;
  expect([first.recipient, second.recipient, await take(db.login)]).toEqual([
    "first@example.org",
    "second@example.org",
    null,
  ]);
  expect(first).toMatchObject({ subject: "subject", message: "text", try: 1 });
  await ended(db, first, null);
  await ended(db, second, null);
  expect(await take(db.login)).toBeNull();
  expect(await db.rows("SELECT sent_at IS NOT NULL AS sent, tries, error FROM dbadmin.mail_queue")).toEqual([
    { sent: true, tries: 1, error: null },
    { sent: true, tries: 1, error: null },
  ]);
});

test("several recipients are several mails; a text that is no list of addresses stays whole", async () => {
  const db = await world.database({});
  for (const one of [
    "a@x.fr,b@x.fr",
    "c@x.fr; d@x.fr  e@x.fr",
    "root",
    "A B <f@x.fr>",
    "g@x.fr\nBcc: h@x.fr",
  ])
    await queue(db, one);
  expect(
    (await db.rows<Mail>("SELECT recipient FROM dbadmin.mail_queue ORDER BY id")).map((m) => m.recipient),
  ).toEqual([
    "a@x.fr",
    "b@x.fr",
    "c@x.fr",
    "d@x.fr",
    "e@x.fr",
    "root",
    "A B <f@x.fr>",
    "g@x.fr\nBcc: h@x.fr",
  ]);
});

test("twenty takers at once, of two instances, get each mail once", async () => {
  const db = await world.database({});
  const second: Options = { roles: { owner: "o_two", repair: "r_two", login: "l_two" }, instance: "two" };
  await db.admin.query("CREATE ROLE r_two NOLOGIN; CREATE ROLE l_two LOGIN PASSWORD 'only-for-tests'");
  await install(db.admin, installation(second));
  for (let i = 0; i < 30; i++) await queue(db, `${i}@example.org`);
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, i) => db.connect(i % 2 ? "l_two" : "vn_check")),
  );
  const taken: string[] = [];
  await Promise.all(
    clients.map(async (client, i) => {
      for (;;) {
        const mail = await take(client, i % 2 ? "src_vn_json_repair_two" : "src_vn_json_repair");
        if (mail === null) return;
        taken.push(mail.recipient);
      }
    }),
  );
  expect(taken.length).toBe(30);
  expect(new Set(taken).size).toBe(30);
});

test("one that failed is tried again, ever later; one whose taker died, when its lease is over", async () => {
  const db = await world.database({});
  await queue(db);
  for (const minutes of [30, 60, 120, 240, 360, 360]) {
    const mail = (await take(db.login)) as Mail;
    await ended(db, mail, "refused");
    expect(await take(db.login)).toBeNull();
    expect(
      await db.rows(
        "SELECT round(extract(epoch FROM next_try_at - now()) / 60) AS m FROM dbadmin.mail_queue",
      ),
    ).toEqual([{ m: String(minutes) }]);
    await db.admin.query("UPDATE dbadmin.mail_queue SET next_try_at = now()");
  }
  const dead = (await take(db.login)) as Mail;
  await db.admin.query("UPDATE dbadmin.mail_queue SET taken_at = now() - interval '14 minutes'");
  expect(await take(db.login)).toBeNull();
  await db.admin.query("UPDATE dbadmin.mail_queue SET taken_at = now() - interval '16 minutes'");
  const again = (await take(db.login)) as Mail;
  expect(again.try).toBe(dead.try + 1);
  // What the first says late of its failure does not end the second's try; that it has left, does.
  await ended(db, dead, "too late");
  expect(await take(db.login)).toBeNull();
  await ended(db, dead, null);
  expect(await db.rows("SELECT sent_at IS NOT NULL AS sent FROM dbadmin.mail_queue")).toEqual([
    { sent: true },
  ]);
  await ended(db, again, "refused");
  expect(await db.rows("SELECT error FROM dbadmin.mail_queue")).toEqual([{ error: null }]);
});

test("what one instance cannot send, another sends at once; and neither ends the other's", async () => {
  const db = await world.database({});
  const second: Options = { roles: { owner: "o_two", repair: "r_two", login: "l_two" }, instance: "two" };
  await install(db.admin, installation(second));
  const two = await db.connect("l_two");
  await queue(db);
  const mine = (await take(db.login)) as Mail;
  await two.query("SELECT src_vn_json_repair_two.mail_ended($1, $2, NULL)", [mine.id, mine.try]);
  expect(await unsent(db)).toMatchObject({ late: 0 });
  expect(await db.rows("SELECT sent_at FROM dbadmin.mail_queue")).toEqual([{ sent_at: null }]);
  await ended(db, mine, "no way here");
  expect(await take(db.login)).toBeNull();
  expect(await take(two, "src_vn_json_repair_two")).toMatchObject({ id: mine.id, try: 2 });
});

test("after 30 days a mail is given up, told for 30 days, then forgotten; so is one that was sent", async () => {
  const db = await world.database({});
  await queue(db, "old@example.org");
  await ended(db, (await take(db.login)) as Mail, "refused");
  await db.admin.query(
    "UPDATE dbadmin.mail_queue SET queued_at = now() - interval '31 days', next_try_at = now()",
  );
  await queue(db, "new@example.org");
  expect(await take(db.login)).toMatchObject({ recipient: "new@example.org" });
  expect(await take(db.login)).toBeNull();
  const expire = async () =>
    (await db.login.query("SELECT src_vn_json_repair.expire_mails() AS n")).rows[0].n as number;
  expect(await expire()).toBe(1);
  expect(await expire()).toBe(0);
  expect(await unsent(db)).toMatchObject({ late: 0, expired: 1, expired_error: "refused" });
  await db.admin.query("UPDATE dbadmin.mail_queue SET sent_at = now() WHERE expired_at IS NULL");
  await db.admin.query(
    "UPDATE dbadmin.mail_queue SET expired_at = expired_at - interval '31 days', sent_at = sent_at - interval '31 days'",
  );
  expect(await expire()).toBe(0);
  expect(await db.rows("SELECT FROM dbadmin.mail_queue")).toEqual([]);
});

test("a mail is unsent when it has failed, or when nobody has come for it in two hours", async () => {
  const db = await world.database({});
  await queue(db);
  expect(await unsent(db)).toEqual({ late: 0, since: null, error: null, expired: 0, expired_error: null });
  await db.admin.query("UPDATE dbadmin.mail_queue SET queued_at = now() - interval '3 hours'");
  expect(await unsent(db)).toMatchObject({ late: 1, since: expect.stringMatching(/^\d{4}-/), error: null });
  await queue(db);
  await ended(db, (await take(db.login)) as Mail, "refused");
  await ended(db, (await take(db.login)) as Mail, "no server");
  expect(await unsent(db)).toMatchObject({ late: 2, error: "no server" });
});

test("nobody but the login and the owner may queue, and an upgrade of an older queue keeps its mails", async () => {
  const db = await world.database({});
  await db.admin.query(
    "CREATE ROLE anybody LOGIN PASSWORD 'only-for-tests'; GRANT USAGE ON SCHEMA dbadmin TO anybody",
  );
  const anybody = await db.connect("anybody");
  for (const sql of [
    "SELECT dbadmin.email_notify('m', 's', 'a@example.org')",
    "INSERT INTO dbadmin.mail_queue (recipient, subject, message) VALUES ('a', 'b', 'c')",
    "SELECT recipient FROM dbadmin.mail_queue",
  ])
    await expect(anybody.query(sql), sql).rejects.toThrow("permission denied");
  await db.admin.query(`ALTER TABLE dbadmin.mail_queue DROP COLUMN taken_by, DROP COLUMN taken_at, DROP COLUMN next_try_at, DROP COLUMN expired_at;
    GRANT UPDATE (sent_at, tries, error) ON dbadmin.mail_queue TO vn_check`);
  await queue(db, "kept@example.org");
  await install(db.admin, installation());
  expect(await take(db.login)).toMatchObject({ recipient: "kept@example.org" });
  await expect(db.login.query("UPDATE dbadmin.mail_queue SET error = ''")).rejects.toThrow(
    "permission denied",
  );
});

test("the mail of fct_fix_sync says in the stack's language what was written, set aside and held back", async () => {
  const said = async (locale: "fr" | "en", ...calls: string[]) => {
    const db = await world.database({ locale, mailTo: "team@example.org", watchMain: true });
    await db.admin.query(`
      CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 3 THEN RAISE EXCEPTION 'not that one'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()`);
    await putMain(db, { id: 1, ts: 1 }, { id: 4, ts: 9 });
    await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 }, { id: 3, ts: 5 }, { id: 4, ts: 5 });
    for (const call of calls)
      await db.login.query(`CALL src_vn_json_check.fct_fix_sync(${call})`).catch(() => undefined);
    const mails = await db.rows<Mail>(
      "SELECT recipient, subject, message FROM dbadmin.mail_queue ORDER BY id",
    );
    return mails.map((mail) => ({ ...mail, message: mail.message.replaceAll(db.name, "DB") }));
  };
  const [toMe, ...more] = await said("en", "FALSE", "'me@example.org'");
  expect(more).toEqual([]);
  expect(toMe).toMatchObject({
    recipient: "me@example.org",
    subject: expect.stringContaining("Upsert missing data from visionature"),
  });
  const [english] = await said("en", "");
  expect(english?.recipient).toBe("team@example.org");
  expect(english?.message).toMatchInlineSnapshot(`
    "<src_vn_json_check.fct_fix_sync> done: 1 rows inserted, 1 rows updated, 0 deleted, 1 set aside in DB.src_vn_json

    observations_json: 1 inserted, 1 updated, 0 deleted, 1 set aside

    Set aside, to be tried again by each repair, or held back for people to look at:
    1 × refused
    SELECT * FROM "src_vn_json_check".mv_data_missing_or_not_updated"
  `);
  const [french] = await said("fr", "TRUE");
  expect(french?.message).toMatchInlineSnapshot(`
    "<src_vn_json_check.fct_fix_sync> done : lignes ajoutées : 1, mises à jour : 1, supprimées : 0, mises de côté : 1 dans DB.src_vn_json

    observations_json : ajoutées 1, mises à jour 1, supprimées 0, mises de côté 1

    Mises de côté, que chaque réparation essaie de nouveau, ou retenues pour que quelqu'un regarde :
    1 × refused
    SELECT * FROM "src_vn_json_check".mv_data_missing_or_not_updated"
  `);
});
