import { expect, test } from "vitest";
import type { Around } from "../../../config/around";
import { parseConfig } from "../../../config/parse";
import { plainAsTold, plainSecrets, strays } from "../../../config/strays";
import { ConfigFaults } from "../../../config/words";
import { HOST_KEY, MINIMAL, settings } from "../components/stack";

const { vn38 } = MINIMAL.sites;

/** What a stack is told in English, a fault a line. */
function told(
  values: Record<string, unknown>,
  around: Around = {},
  others: Record<string, string> = {},
  file?: string,
): string[] {
  const all = { ...settings({ ...MINIMAL, locale: "en", ...values }), ...others };
  try {
    parseConfig(all, "vn-sync-check", around, strays(all, "vn-sync-check", file));
    return [];
  } catch (error) {
    if (error instanceof ConfigFaults)
      return error.message
        .split("\n")
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
}
const one = (...args: Parameters<typeof told>): string => {
  const lines = told(...args);
  expect(lines).toHaveLength(1);
  return lines[0] as string;
};
const parsed = (values: Record<string, unknown>) => parseConfig(settings({ ...MINIMAL, ...values }));

test.each([
  ["root", "root"],
  ["root@localhost", "root@localhost"],
  ["sig@example.org, adm@example.org", "sig@example.org,adm@example.org"],
  ["", ""],
])("B15: cron takes %j as a recipient, and so does the kit", (given, taken) => {
  expect(parsed({ schedule: { mailTo: given } }).schedule.mailTo).toBe(taken);
});

test.each(['a"b@example.org', "a@b@c", "a b", "a,,b", "-x"])("B15: %j is no recipient", (mailTo) => {
  expect(one({ schedule: { mailTo } })).toContain("schedule.mailTo");
});

test('S15: mailTo "" is nobody; absent it is adminEmail', () => {
  expect(parsed({ schedule: { mailTo: "" } }).schedule.mailTo).toBe("");
  expect(parsed({}).schedule.mailTo).toBe("admin@example.org");
});

test.each([
  ["the example's", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxampleOnlyReplaceThisByTheHostsOwnKey00000000"],
  ["a truncated one", HOST_KEY.slice(0, -8)],
  ["one of another kind than it says", HOST_KEY.replace("ssh-ed25519", "ssh-rsa")],
  ["the kind alone", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"],
])("S15: %s is no host key", (_what, hostKey) => {
  expect(one({ host: { ...MINIMAL.host, hostKey } })).toMatch(
    /host\.hostKey is "ssh-.*give the host's public key whole/,
  );
});

test.each([
  "https://www.faune-isere.org/api/",
  "https://www.faune-isere.org/api",
  "https://x.org/portal/API/",
])("S15: a portal's address ends before api/: %s", (url) => {
  expect(one({ sites: { vn38: { ...vn38, url } } })).toContain("without api/");
});

test("S15: the unit 7 is 07 without its quotes", () => {
  expect(one({ filter: { territorialUnits: [7] } })).toContain("territorialUnits[0] is 7: give a short name");
  expect(parsed({ filter: { territorialUnits: ["07", "2A", 38] } }).filter.territorialUnits).toEqual([
    "07",
    "2A",
    "38",
  ]);
});

test("S15: a first day in the future is refused; S14: without quotes it is what was given", () => {
  const around = { today: "2026-11-26" };
  expect(one({ firstImport: { since: "2099-01-01" } }, around)).toContain(
    'firstImport.since is "2099-01-01", in the future',
  );
  for (const since of ["2020-01-01T00:00:00Z", "2020-01-01 00:00:00 +0000 UTC", "2020-01-01"])
    expect(parsed({ firstImport: { since } }).firstImport.since).toBe("2020-01-01");
  expect(told({ firstImport: { since: "2026-11-26" } }, around)).toEqual([]);
});

test("S15: of a disabled site nothing is demanded", () => {
  expect(told({ sites: { vn38, vn07: { enabled: false } } })).toEqual([]);
  expect(told({ sites: { vn38, vn07: { enabled: "false", url: "https://x.org/api/" } } })).toHaveLength(1);
  expect(told({ sites: { vn38, vn07: {} } }).length).toBeGreaterThan(3);
});

test("S14: a single value where keys belong: both commands, with a key that exists", () => {
  expect(one({ database: { ...MINIMAL.database, fromHost: "127.0.0.1" } })).toContain(
    "pulumi config rm --path 'vn-sync-check:database.fromHost'; pulumi config set --path 'vn-sync-check:database.fromHost.address' 127.0.0.1",
  );
  expect(told({ sites: ["vn38"] }).join("\n")).toContain(
    "'vn-sync-check:sites.vn38.url' https://www.faune-isere.org/",
  );
});

test("S14: a key set without --path", () => {
  expect(one({ "database.port": 5433 })).toContain(
    "vn-sync-check:database.port was set without --path, and nothing reads it: with --path (and --secret for a secret): pulumi config rm 'vn-sync-check:database.port'; pulumi config set --path 'vn-sync-check:database.port' <value>",
  );
  expect(one({ "sites.vn38.clientKey": "x" })).toContain("'vn-sync-check:sites.vn38.clientKey'");
});

test("S14: a private key's path: the remedy does not quote what was given, which the engine would hide", () => {
  const path = "~/.ssh/id_ed25519";
  const words = one({ host: { ...MINIMAL.host, privateKey: path } });
  expect(words).not.toContain(path);
  expect(words).toContain("not its path");
});

test("S12: keys that nothing reads are told: another namespace, and beside config:", () => {
  expect(one({}, {}, { "vn-sync-chek:windowDays": "21" })).toContain(
    "did you mean vn-sync-check:windowDays?",
  );
  expect(one({}, {}, { "vn_sync_check:windowDays": "21" })).toContain(
    "did you mean vn-sync-check:windowDays?",
  );
  expect(told({}, {}, { "aws:region": "x", "our-servers:windowDays": "1" })).toEqual([]);
  const stackFile = `encryptionsalt: v1:x\nconfig:\n  vn-sync-check:locale: fr\nvn-sync-check:windowDays: 21\nschedule:\n  daily: "1 1 * * *"\n`;
  const lines = told({}, {}, {}, stackFile);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^vn-sync-check:windowDays stands beside `config:`/);
  expect(lines[1]).toMatch(/^schedule stands beside/);
});

test("S15: secrets in plain text are named, each by its path", () => {
  const file = `config:
  vn-sync-check:database:
    adminUser: x
    adminPassword: hunter2
  vn-sync-check:sites:
    vn38: { userPassword: { secure: v1:x }, clientKey: plain }
  other:database: { adminPassword: theirs }
`;
  expect(plainSecrets(file, "vn-sync-check")).toEqual([
    "vn-sync-check:database.adminPassword",
    "vn-sync-check:sites.vn38.clientKey",
  ]);
  expect(plainSecrets("not: [yaml", "vn-sync-check")).toEqual([]);
  const all = settings({ ...MINIMAL, host: { ...MINIMAL.host, password: "x" } });
  expect(plainAsTold(all, "vn-sync-check", ["vn-sync-check:sites", "vn-sync-check:host"])).toEqual([
    "vn-sync-check:database.adminPassword",
  ]);
});

test("B10: an authority's file that is none, or that nothing uses, is told with the other faults", () => {
  const files: Record<string, string> = {
    "ca.crt": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
    "empty.crt": "",
    "key.pem":
      "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
  };
  const around = { read: (path: string) => files[path] };
  const database = (caFile: string, more = {}) => ({ database: { ...MINIMAL.database, caFile, ...more } });
  expect(told(database("ca.crt", { sslmode: "verify-full" }), around)).toEqual([]);
  expect(one(database("nowhere.crt"), around)).toContain(
    'database.caFile is "nowhere.crt", which cannot be read',
  );
  expect(one(database("empty.crt"), around)).toContain("there is no certificate");
  expect(one(database("key.pem"), around)).toContain("a private key");
  expect(told({ ...database("nowhere.crt"), windowDays: 0 }, around)).toHaveLength(2);
  expect(one(database("ca.crt", { sslmode: "disable" }), around)).toContain("caFile is given");
});

// Q3
test("mails of fct_fix_sync go to adminEmail, to others, or to nobody", () => {
  expect(parsed({}).mail).toEqual({
    to: "admin@example.org",
    from: "admin@example.org",
    sendmail: "/usr/sbin/sendmail",
    smtpTls: "starttls",
  });
  expect(parsed({ mail: { to: "" } }).mail.to).toBe("");
  expect(parsed({ mail: { to: "a@example.org, b@intern" } }).mail.to).toBe("a@example.org,b@intern");
  expect(parsed({ mail: { sendmail: "" } }).mail.sendmail).toBe("");
  for (const to of ["root", "a@b@c", "A <a@b.fr>", "a@b.fr,,c@d.fr", "-x@b.fr", "a@b.fr\nBcc: c@d.fr"])
    expect(one({ mail: { to } }), to).toContain("mail.to is ");
});

test.each(["smtp.example.org", "smtp.example.org:587", "[::1]:25", "192.0.2.1"])(
  "%s is a mail server",
  (smtp) => {
    expect(parsed({ mail: { smtp } }).mail.smtp).toBe(smtp);
  },
);

test.each([
  "smtp.example.org:0",
  "smtp.example.org:65536",
  "smtps://x.org",
  "a b",
  "x.org:587/",
  "u:p@x.org",
])("%s is no mail server", (smtp) => {
  expect(one({ mail: { smtp } })).toContain("mail.smtp is ");
});

test("a login at the mail server is whole, belongs to a server, and its password never travels for all to read", () => {
  const login = { smtpUser: "vn", smtpPassword: "s3cret" };
  expect(told({ mail: { ...login, smtp: "x.org" } })).toEqual([]);
  expect(one({ mail: login })).toMatch(/mail\.smtp is missing, and smtpUser is given/);
  expect(one({ mail: { smtp: "x.org", smtpUser: "vn" } })).toMatch(
    /mail\.smtpPassword is missing.*config set --path --secret vn-sync-check:mail\.smtpPassword/,
  );
  expect(one({ mail: { smtp: "x.org", smtpPassword: "s3cret" } })).toMatch(/mail\.smtpUser is missing/);
  expect(one({ mail: { ...login, smtp: "x.org", smtpTls: "none" } })).toMatch(/mail\.smtpTls is "none"/);
  expect(told({ mail: { ...login, smtp: "localhost:25", smtpTls: "none" } })).toEqual([]);
  expect(told({ mail: { smtp: "x.org", smtpTls: "none" } })).toEqual([]);
});

test("a program that takes mails is named by its whole path, without anything for a shell", () => {
  for (const sendmail of ["sendmail", "/bin/x; rm -r y", "/usr/sbin/sendmail -t", "/$(x)"])
    expect(one({ mail: { sendmail } }), sendmail).toContain("mail.sendmail is ");
});
