import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bundleRunner } from "../../components/render/bundle";
import type { HostConfig } from "../../config/host";
import { type Emulator, startEmulator } from "../emulator";
import { type Authority, makeAuthority } from "../support/authority";
import { type MailServer, startMailServer } from "../support/mailServer";
import { type Cluster, freePort, startCluster } from "../support/postgres";
import { install, MAIN_OWNER } from "./install";
import { makeAccount, NAMES, type RunnerAccount } from "./runnerAccount";

// Q3: what email_notify queues leaves the host: by a program that takes mails, else by a mail server; once, with its cause
// told where it does not, and never at the cost of a job.

const SECRET = `m4il "pw' é${randomBytes(4).toString("hex")}`;
let cluster: Cluster;
let emulator: Emulator;
let authority: Authority;
let empty: string;
const bundle = bundleRunner();
const password = randomBytes(8).toString("hex");
const open: { remove(): Promise<void> }[] = [];

beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  emulator = await startEmulator({ years: 0.1, sites: [{ name: "isere" }, { name: "ardeche" }] });
  authority = makeAuthority();
  const superuser = await cluster.connect("postgres");
  await superuser.query(`CREATE ROLE ${NAMES.login} LOGIN PASSWORD '${password}'`);
  await superuser.query(`CREATE ROLE ${NAMES.repairRole} NOLOGIN; CREATE ROLE ${MAIN_OWNER} NOLOGIN`);
  await superuser.end();
  empty = await cluster.createDatabase("empty");
  const client = await cluster.connect(empty);
  await install(client);
  await client.end();
});
afterAll(async () => {
  for (const one of open) await one.remove();
  authority?.remove();
  await emulator?.close();
  await cluster?.stop();
});

interface MailAccount extends RunnerAccount {
  mail(change: Partial<HostConfig["mail"]>): Promise<void>;
  queue(recipient: string, subject?: string, message?: string): Promise<void>;
  /** A program that takes mails, by its shell; `$out` is where it may write. */
  program(script: string): Promise<string>;
  out(): string;
  rows(): Promise<{ sent: boolean; tries: number; error: string | null }[]>;
  /** As if the time of the next try had come. */
  due(): Promise<void>;
  problems(): Promise<string[]>;
}

/** An account whose jobs download nothing; its Python is none. */
async function account(env: Record<string, string> = {}, from = empty): Promise<MailAccount> {
  const database = from === empty ? await cluster.createDatabase(undefined, empty) : from;
  const ground = { venv: "/nonexistent", bundle, cluster, emulator, database, password, env };
  const made = await makeAccount(ground);
  open.push(made);
  const base = JSON.parse(await made.file("vn-check.json")) as HostConfig;
  const out = join(made.home, "out");
  const mail = async (change: Partial<HostConfig["mail"]>) =>
    made.settings({ mail: { ...base.mail, sendmail: "", ...change } });
  await mail({});
  return {
    ...made,
    mail,
    async queue(recipient, subject = "a subject", message = "what it says") {
      await made.sql.query("SELECT dbadmin.email_notify($1, $2, $3)", [message, subject, recipient]);
    },
    async program(script) {
      await made.write("program", `#!/bin/sh\nout=${out}\n${script}\n`, 0o755);
      return join(made.home, "program");
    },
    out: () => readFileSync(out, "utf8"),
    rows: async () =>
      (
        await made.sql.query(
          "SELECT sent_at IS NOT NULL AS sent, tries, error FROM dbadmin.mail_queue ORDER BY id",
        )
      ).rows,
    async due() {
      await made.sql.query("UPDATE dbadmin.mail_queue SET next_try_at = now()");
    },
    problems: async () =>
      (await made.status()).problems.filter((text) => /mail|courriel/.test(text) && !/pam_access/.test(text)),
  };
}

/** A repair by hand, which ends well. */
async function repaired(of: RunnerAccount) {
  const run = await of.run("repair");
  expect(run.code, run.stderr).toBe(0);
  return run;
}

/** A header of a mail, unfolded and decoded. */
function header(raw: string, name: string): string {
  const [head = ""] = raw.replaceAll("\r\n", "\n").split("\n\n");
  const line = head
    .replace(/\n[ \t]+/g, " ")
    .split("\n")
    .filter((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  expect(line).toHaveLength(1);
  return (line[0] as string)
    .slice(name.length + 1)
    .trim()
    .replace(/\?= =\?/g, "?==?")
    .replace(/=\?utf-8\?(q|b)\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toLowerCase() === "b"
        ? Buffer.from(text, "base64").toString()
        : decodeURIComponent(text.replaceAll("_", " ").replaceAll("=", "%")),
    );
}

const login = { smtpUser: "vn", smtpTls: "starttls" } as const;
const at = ({ port }: MailServer) => `localhost:${port}`;

test("where a program takes mails, it gets them whole on its standard input, and nothing on its command line", async () => {
  const one = await account();
  await one.mail({ sendmail: await one.program('printf "args: %s\\n" "$*" >>$out; cat >>$out') });
  await one.queue("team@example.org", "Écarts à la base « été »", "3 lignes ajoutées\n.\net une de plus");
  await repaired(one);
  const [args = "", ...lines] = one.out().split("\n");
  expect(args).toBe("args: -i -t");
  const raw = lines.join("\n");
  expect(raw).not.toContain("\r");
  expect(header(raw, "To")).toBe("team@example.org");
  expect(header(raw, "From")).toBe("admin@example.org");
  expect(header(raw, "Subject")).toBe("Écarts à la base « été »");
  expect(header(raw, "Auto-Submitted")).toBe("auto-generated");
  const [, body = ""] = raw.split("\n\n");
  expect(
    Buffer.from(
      body
        .replace(/=\n/g, "")
        .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    ).toString(),
  ).toContain("3 lignes ajoutées\n.\net une de plus");
  expect(await one.rows()).toEqual([{ sent: true, tries: 1, error: null }]);
  expect(await one.problems()).toEqual([]);
  expect(await one.said()).toContain(`mail to team@example.org handed to ${one.home}/program`);
  await repaired(one);
  expect(one.out().match(/^Subject:/gm)).toHaveLength(1);
});

test("else the mail server gets them: encrypted, with a login whose password shows nowhere", async () => {
  const server = await startMailServer(authority, { password: SECRET });
  const one = await account({ SSL_CERT_FILE: authority.ca });
  await one.write(".smtp-password", `${SECRET}\n`);
  await one.mail({ smtp: at(server), ...login, from: "vn-check@example.org" });
  await one.queue("a@example.org,b@example.org", "réparation", "é".repeat(2000));
  await repaired(one);
  expect(server.taken.map(({ from, to, user, secure }) => ({ from, to, user, secure }))).toEqual([
    { from: "vn-check@example.org", to: ["a@example.org"], user: "vn", secure: true },
    { from: "vn-check@example.org", to: ["b@example.org"], user: "vn", secure: true },
  ]);
  expect(header(server.taken[0]?.raw ?? "", "Subject")).toBe("réparation");
  expect(await one.said()).not.toContain(SECRET);
  await server.stop();
});

test("a program that fails is told, and the mail server takes its mail", async () => {
  const server = await startMailServer(undefined);
  const one = await account();
  const sendmail = await one.program("cat >/dev/null; echo 'cannot open mail:25' >&2; exit 75");
  await one.mail({ sendmail });
  await one.queue("a@example.org");
  expect((await repaired(one)).stderr).toMatch(
    /the mail to a@example\.org did not leave.*program: cannot open mail:25/,
  );
  expect(await one.problems()).toEqual([
    expect.stringMatching(/^one mail of email_notify .* did not leave.*cannot open mail:25/),
  ]);
  await one.mail({ sendmail, smtp: at(server), smtpTls: "none" });
  await one.due();
  await repaired(one);
  expect(server.taken).toHaveLength(1);
  expect(await one.problems()).toEqual([]);
  await server.stop();
});

test("a wrong password is told with what to do, by the run and by status, without the password; then it leaves", async () => {
  const server = await startMailServer(authority, { password: SECRET });
  const one = await account({ SSL_CERT_FILE: authority.ca });
  await one.mail({ smtp: at(server), ...login });
  await one.queue("a@example.org");
  await one.queue("b@example.org");
  for (const wrong of ["wr0ng-secret", undefined, SECRET]) {
    // Readable by others, it is not taken.
    await one.write(".smtp-password", `${wrong ?? SECRET}\n`, wrong === undefined ? 0o644 : 0o600);
    await one.due();
    const { stderr } = await repaired(one);
    const problems = await one.problems();
    if (wrong === SECRET) break;
    const cause = wrong
      ? /: 535 .*mail\.smtpUser.*mail\.smtpPassword/
      : /\.smtp-password is missing, or others may read it/;
    expect(stderr).toMatch(cause);
    expect(problems).toEqual([expect.stringMatching(cause)]);
  }
  expect(server.taken.map(({ to }) => to.join())).toEqual(["a@example.org", "b@example.org"]);
  expect(await one.problems()).toEqual([]);
  for (const secret of [SECRET, "wr0ng-secret"]) expect(await one.said()).not.toContain(secret);
  expect(JSON.stringify(await one.rows())).not.toContain(SECRET);
  await server.stop();
});

test("a server that is down is told; when it is up again the mail leaves with the next run, watch too", async () => {
  const port = await freePort();
  const one = await account();
  await one.mail({ smtp: `127.0.0.1:${port}`, smtpTls: "none" });
  await one.queue("a@example.org");
  await one.queue("b@example.org");
  expect((await repaired(one)).stderr).toMatch(/127\.0\.0\.1:\d+: .*ECONNREFUSED.*mail\.smtp/);
  // The second was not tried: it would have fared no better.
  expect((await one.rows()).map(({ tries }) => tries)).toEqual([1, 0]);
  const server = await startMailServer(undefined, { port });
  await one.due();
  expect(await one.run("watch")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(server.taken.map(({ to }) => to.join())).toEqual(["a@example.org", "b@example.org"]);
  await server.stop();
});

test("a server that says nothing, and a program that does not end, are left after a while, and the job ends well", async () => {
  const silent: Server = createServer(() => undefined);
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const { port } = silent.address() as { port: number };
  const one = await account();
  await one.mail({
    sendmail: await one.program("sleep 500 & echo $! >$out; wait"),
    smtp: `127.0.0.1:${port}`,
    smtpTls: "none",
  });
  await one.queue("a@example.org");
  const began = Date.now();
  const { stderr } = await repaired(one);
  expect(Date.now() - began).toBeLessThan(75_000);
  expect(stderr).toMatch(
    /program\. It did not answer in time.*127\.0\.0\.1:\d+: .*(Greeting|Timeout).*in time/s,
  );
  expect(() => process.kill(Number(one.out()), 0)).toThrow("ESRCH");
  silent.close();
});

test("told to stop while a mail is under way, a run ends within seconds", async () => {
  const one = await account();
  await one.mail({ sendmail: await one.program("echo $$ >$out; sleep 500") });
  await one.queue("a@example.org");
  const { child, ended } = one.start("repair");
  for (let i = 0; i < 100; i++) {
    await sleep(200);
    if ((await one.rows())[0]?.tries === 1) break;
  }
  await sleep(500);
  const began = Date.now();
  child.kill("SIGTERM");
  await ended;
  expect(Date.now() - began).toBeLessThan(5000);
  // Its own end is told to whoever has inherited it.
  await vi.waitFor(() => expect(() => process.kill(Number(one.out()), 0)).toThrow("ESRCH"), 3000);
});

test("a recipient that the server does not take costs its own mail only, and is tried again", async () => {
  const server = await startMailServer(undefined, { refuses: /^gone@/ });
  const one = await account();
  await one.mail({ smtp: at(server), smtpTls: "none" });
  for (const name of ["first", "gone", "last"]) await one.queue(`${name}@example.org`);
  expect((await repaired(one)).stderr).toMatch(/gone@example\.org did not leave.*no mailbox/);
  expect(server.taken.map(({ to }) => to.join())).toEqual(["first@example.org", "last@example.org"]);
  expect(await one.problems()).toEqual([expect.stringMatching(/^one mail .*no mailbox gone@example\.org/)]);
  await server.stop();
});

test.each([
  ["a line of its own", "a@example.org\nBcc: evil@example.org"],
  ["another header", "a@example.org\r\nSubject: x"],
  ["an option", "-oQ/tmp/x@example.org"],
  ["a name and brackets", '"x" <a@example.org>'],
  ["nothing that is an address", "nobody here; rm -rf /"],
])("a recipient with %s reaches neither program nor server", async (_what, recipient) => {
  const server = await startMailServer(undefined);
  const one = await account();
  await one.mail({ sendmail: await one.program("cat >>$out"), smtp: at(server), smtpTls: "none" });
  await one.sql.query("INSERT INTO dbadmin.mail_queue (recipient, subject, message) VALUES ($1, 's', 'm')", [
    recipient,
  ]);
  await one.queue("good@example.org");
  expect((await repaired(one)).stderr).toMatch(/did not leave.*no address/s);
  expect(one.out().match(/^To: .*$/gm)).toEqual(["To: good@example.org"]);
  expect(one.out()).not.toMatch(/evil/);
  expect(server.taken).toEqual([]);
  await server.stop();
});

test("a subject with line breaks stays one line, and is cut where it has no end", async () => {
  const one = await account();
  await one.mail({ sendmail: await one.program("cat >>$out; echo >>$out") });
  await one.queue("a@example.org", "x\r\nBcc: evil@example.org\n\n<html>\u2028y", "body");
  await one.queue("b@example.org", "é".repeat(3000), "body");
  await repaired(one);
  const [first = "", second = ""] = one.out().split(/(?=^Auto-Submitted: )/m);
  expect(header(first, "Subject")).toBe("x Bcc: evil@example.org <html> y");
  expect(first).not.toMatch(/^Bcc:/m);
  expect(header(second, "Subject")).toBe("é".repeat(400));
});

test("a certificate of an authority that the host does not know is refused, and the mail not sent in clear", async () => {
  const server = await startMailServer(authority, { password: SECRET });
  const direct = await startMailServer(authority, { password: SECRET, secure: true });
  const plain = await startMailServer(undefined, { password: SECRET });
  const one = await account({ SSL_CERT_FILE: authority.other });
  await one.write(".smtp-password", SECRET);
  await one.queue("a@example.org");
  const ways: [Partial<HostConfig["mail"]>, RegExp][] = [
    [{ smtp: at(server), ...login }, /certificate.*update-ca-certificates/],
    [{ smtp: at(direct), ...login, smtpTls: "tls" }, /certificate.*update-ca-certificates/],
    // One that does not encrypt at all, and one that is spoken to in the wrong way.
    [{ smtp: at(plain), ...login }, /: 500 .*mail\.smtpTls/],
    [{ smtp: at(server), ...login, smtpTls: "tls" }, /mail\.smtpTls/],
  ];
  for (const [mail, said] of ways) {
    await one.mail(mail);
    await one.due();
    expect((await repaired(one)).stderr).toMatch(said);
  }
  for (const { taken } of [server, direct, plain]) expect(taken).toEqual([]);
  const trusting = await account({ SSL_CERT_FILE: authority.ca }, one.database);
  await trusting.write(".smtp-password", SECRET);
  await trusting.mail({ smtp: at(direct), ...login, smtpTls: "tls" });
  await one.due();
  await repaired(trusting);
  expect(direct.taken).toHaveLength(1);
  await Promise.all([server, direct, plain].map((each) => each.stop()));
});

test("two hosts on one database send each mail once, at the same time too", async () => {
  const server = await startMailServer(undefined, { slow: 50 });
  const first = await account();
  const second = await account({}, first.database);
  for (const one of [first, second]) await one.mail({ smtp: at(server), smtpTls: "none" });
  for (let i = 0; i < 20; i++) await first.queue(`n${i}@example.org`);
  await Promise.all([first.run("watch"), second.run("watch"), first.run("repair"), second.run("watch")]);
  const all = server.taken.map(({ to }) => to.join());
  expect(all).toHaveLength(20);
  expect(new Set(all).size).toBe(20);
  await server.stop();
});

test("after 30 days a mail is given up, which the run says, and status for a month", async () => {
  const one = await account();
  await one.mail({ smtp: `127.0.0.1:${await freePort()}`, smtpTls: "none" });
  await one.queue("a@example.org");
  await repaired(one);
  await one.sql.query(
    "UPDATE dbadmin.mail_queue SET queued_at = now() - interval '31 days', next_try_at = now()",
  );
  expect((await repaired(one)).stderr).toMatch(/one mail was given up/);
  expect((await repaired(one)).stderr).not.toMatch(/given up/);
  expect(await one.problems()).toEqual([expect.stringMatching(/^one mail was given up.*ECONNREFUSED/)]);
  await one.sql.query("UPDATE dbadmin.mail_queue SET expired_at = now() - interval '31 days'");
  await repaired(one);
  expect(await one.problems()).toEqual([]);
});

test("a host with neither program nor server takes no mail; status says so, in the stack's language", async () => {
  const one = await account();
  const base = JSON.parse(await one.file("vn-check.json")) as HostConfig;
  await one.settings({ mail: { ...base.mail, sendmail: "/usr/sbin/not-there" }, locale: "fr" });
  await one.queue("a@example.org");
  await repaired(one);
  expect(await one.rows()).toEqual([{ sent: false, tries: 0, error: null }]);
  expect(await one.problems()).toEqual([]);
  await one.sql.query("UPDATE dbadmin.mail_queue SET queued_at = now() - interval '3 hours'");
  expect(await one.problems()).toEqual([
    expect.stringMatching(
      /^un courriel de email_notify.*n'est pas parti\u00a0: ce serveur n'a pas de programme.*mail\.smtp/,
    ),
  ]);
});

test("a job that fails sends what is queued all the same, and fails for its own reason", async () => {
  const one = await account();
  await one.mail({ sendmail: await one.program("cat >>$out") });
  await one.queue("a@example.org");
  await one.sql.query("ALTER TABLE src_vn_json_repair.job RENAME TO gone");
  const run = await one.run("repair");
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/pulumi up/);
  expect(one.out()).toContain("To: a@example.org");
});

test("what CALL fct_fix_sync('…') says leaves as any other mail", async () => {
  const one = await account();
  await one.mail({ sendmail: await one.program("cat >>$out") });
  const client = await cluster.connect(one.database, { user: NAMES.login, password });
  await client.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')");
  await client.end();
  await one.run("watch");
  expect(header(one.out(), "Subject")).toBe(`[${one.database}] Upsert missing data from visionature`);
  expect(one.out()).toContain("0 rows inserted");
});
