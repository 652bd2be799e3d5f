import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError, parseConfig as oldParse } from "../../../components/config";
import { parseConfig } from "../../../config/parse";
import { namesOfStack } from "../../../config/schema";
import { ConfigFaults } from "../../../config/words";

const of = fc.constantFrom;
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5";
const junk = of<unknown>(
  "",
  null,
  "x y",
  "é",
  "a\nb",
  0,
  1,
  -1,
  3.5,
  1e9,
  "7",
  "-3",
  "07",
  true,
  false,
  "true",
  [],
  {},
  [1],
  ["a"],
  [{}],
  { a: 1 },
  [null],
  "0x10",
  " 5",
  '"',
  "1e3",
);
const address = of<unknown>("vn.example.org", " db ", "::1", "10.0.0.1", "https://x", "a b", "-x", "x.", "");
const email = of<unknown>("a@b.fr", "x@example.org", "x@y", "@b.fr", "a b@c.fr");
const name = of<unknown>("geonature2db", "é base", " a", "a ", "b\tc", "x".repeat(63), "x".repeat(64));
const ident = of<unknown>("main_x", "_a", "src-vn", "1a", "A", "a".repeat(63), "a".repeat(64));
const number = (...edge: number[]) =>
  fc.oneof(
    of<unknown>(...edge, ...edge.map((n) => n + 1), ...edge.map((n) => n - 1), ...edge.map(String)),
    fc.integer({ min: -5, max: 400 }),
  );
const bool = of<unknown>(true, false, "true", "false", "yes", 1, "");
const cron = of<unknown>(
  "* * * * *",
  "  0  5 * * sun ",
  "*/5 0-6/2 1,15 jan-mar mon",
  "0 22 * * 7",
  "60 * * * *",
  "* * 0 * *",
  "* * * * 8",
  "5-1 * * * *",
  "5/2 * * * *",
  "@daily",
  "* * * * lundi",
  "* * * mon *",
  "%0 * * * *",
  "*/0 * * * *",
  "*/70 * * * *",
  "1-mon * * * *",
  "0 0 L * *",
  "0 0 ? * *",
  "0 0 * * 1#2",
  "1,,2 * * * *",
);
const secret = of<unknown>("s", "p:w\\d", 'a"b', "a\nb", 7, true, { a: 1 }, ["x"], "", null);
const texts = (...items: unknown[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.array(of(...items), { maxLength: 3 }) },
    of<unknown>("a", {}, "", [null], [[1]], [true]),
  );
const PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";

type Shape = { [key: string]: fc.Arbitrary<unknown> | Shape };
const isArbitrary = (x: unknown): x is fc.Arbitrary<unknown> =>
  typeof (x as fc.Arbitrary<unknown>).generate === "function";

/** Objects of the shape: each key mostly absent or from its own values, at times junk; unknown keys at times. */
let absent = 3;
function object(shape: Shape, keep: string[] = []): fc.Arbitrary<unknown> {
  const entries = Object.fromEntries(
    Object.entries(shape).map(([key, value]) => {
      const own = isArbitrary(value) ? value : object(value);
      const some = fc.oneof({ weight: 15 * absent, arbitrary: own }, { weight: 1, arbitrary: junk });
      return [
        key,
        keep.includes(key)
          ? some
          : fc.oneof({ weight: absent, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some }),
      ];
    }),
  );
  const known = fc
    .record(entries)
    .map((made) => Object.fromEntries(Object.entries(made).filter(([, v]) => v !== undefined)));
  return fc
    .tuple(
      known,
      fc.oneof(
        { weight: 4 * absent, arbitrary: fc.constant({}) },
        {
          weight: 1,
          arbitrary: fc.dictionary(of("colour", "adress", "user_email", "destroydata", "a.b"), junk, {
            maxKeys: 2,
          }),
        },
      ),
    )
    .map(([a, b]) => ({ ...a, ...b }));
}

const ssh = {
  address,
  port: number(1, 65535, 22),
  user: of<unknown>("root", "Ops.x", "a b"),
  hostKey: of<unknown>(KEY, `h ${KEY} c`, "AAAA"),
  allowUnknownHostKey: bool,
  privateKey: of<unknown>(PEM, `${PEM}\n`, "x"),
  privateKeyPassword: secret,
  password: secret,
  agentSocket: of<unknown>("/run/a", "a\nb"),
};
const site = {
  enabled: bool,
  url: of<unknown>("https://www.faune-isere.org", "http://x.org/a/", "ftp://x", "https://x/?a"),
  userEmail: email,
  userPassword: secret,
  clientKey: secret,
  clientSecret: secret,
};
const good = {
  adminEmail: "a@b.fr",
  host: { address: "h", hostKey: KEY },
  database: { address: "d", name: "n", adminUser: "u", adminPassword: "p" },
  sites: {
    a: { url: "https://x.org", userEmail: "a@b.fr", userPassword: "p", clientKey: "k", clientSecret: "s" },
  },
};
const shape: Shape = {
  instance: of<unknown>("default", "savoie", "Savoie", "a b", "a".repeat(21), "a".repeat(22), 7),
  locale: of<unknown>("fr", "en", "de"),
  adminEmail: email,
  oldHostGone: bool,
  filter: { taxoExclude: texts("TAXO_GROUP_BAT", "bird", 1), territorialUnits: texts("38", 7, "a b", "") },
  windowDays: number(1, 365),
  overlapDays: number(0, 60),
  schedule: { daily: cron, weekly: cron, watch: cron, mailTo: email },
  firstImport: {
    start: bool,
    since: of<unknown>("2020-02-29", "2020-02-30", "1900-01-01", "20200101", 2020),
    stepDays: number(0, 36500),
  },
  runner: {
    attempts: number(1, 20),
    retryDelaySeconds: number(0, 3600),
    logDays: number(1, 3650),
    silenceSeconds: number(1, 86400),
    overallSeconds: number(1, 604800),
    firstImportSeconds: number(1, 2592000),
  },
  repair: {
    references: texts("observers", "birds"),
    deletions: of<unknown>("report", "apply", "x"),
    maxDeletes: number(0, 1e9),
    lossesByOthers: of<unknown>("report", "repair", ""),
    watchMain: bool,
    sameRights: bool,
    mainSyncLogins: texts("vn", " x", "", 5),
    volatileKeys: texts("@id", "a\nb"),
    extraGrants: texts("SELECT ON TABLE a.b", "x"),
    triggerSearchPath: texts("public", "é", "b\n"),
    runAs: name,
  },
  client: { version: of<unknown>("2.12.0", "3") },
  passwordGeneration: number(1, 1000000),
  destroyData: bool,
};
const database: Shape = {
  address,
  port: number(1, 65535),
  name,
  sslmode: of<unknown>("disable", "require", "prefer"),
  adminUser: name,
  adminPassword: secret,
  fromHost: { address, port: number(1, 65535), sslmode: of<unknown>("allow", "prefer", "x") },
  mainSchema: ident,
  monitoringSchema: ident,
  dataOwner: ident,
};
const over = (base: object, more: fc.Arbitrary<unknown>) =>
  more.map((given) =>
    typeof given === "object" && given !== null && !Array.isArray(given) ? { ...base, ...given } : given,
  );
const make = () =>
  fc
    .record({
      top: object(shape),
      host: fc.oneof(
        { weight: 3, arbitrary: fc.constant<unknown>(good.host) },
        {
          weight: 3,
          arbitrary: over(
            good.host,
            object({
              ...ssh,
              type: of<unknown>("ssh", "ssh", "local", "x"),
              bastion: over({ address: "b", hostKey: KEY }, object(ssh)),
            }).filter((h) => !["", null].includes((h as { bastion: null }).bastion)),
          ),
        },
        {
          weight: 1,
          arbitrary: of<unknown>({ type: "local" }, { type: "local", address: "x" }, "x", [], {}),
        },
      ),
      database: fc.oneof(
        { weight: 1, arbitrary: fc.constant<unknown>(good.database) },
        { weight: 1, arbitrary: over(good.database, object(database)) },
        { weight: 1, arbitrary: object(database) },
      ),
      sites: fc.oneof(
        { weight: 3, arbitrary: fc.constant<unknown>(good.sites) },
        {
          weight: 3,
          arbitrary: fc.dictionary(of("a", "vn38", "1x", "é", "a b"), over(good.sites.a, object(site)), {
            maxKeys: 3,
          }),
        },
        {
          weight: 1,
          arbitrary: fc.dictionary(of("a", "vn38"), fc.oneof(object(site), junk), { maxKeys: 3 }),
        },
        { weight: 1, arbitrary: junk },
      ),
    })
    .map(({ top, ...rest }) => ({ adminEmail: good.adminEmail, ...(top as object), ...rest }));

const dense = make();
absent = 30;
const whole = fc.oneof(dense, make());

/** As the engine hands the values over. */
function handed(values: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `vn-sync-check:${key}`,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

async function before(all: Record<string, string>): Promise<unknown> {
  try {
    const { names, clientVersion, sites, ...rest } = oldParse(all);
    const clear = await new Promise<Record<string, unknown>>((resolve) => {
      pulumi.output({ ...rest, sites }).apply((known) => resolve(known as never));
    });
    const named = Object.fromEntries(
      (clear["sites"] as { name: string }[]).map(({ name, ...site }) => [name, site]),
    );
    return { ...clear, names, client: { version: clientVersion }, sites: named };
  } catch (error) {
    if (error instanceof ConfigError) return [...new Set(error.faults.map(({ key }) => key))].sort();
    throw error;
  }
}

function now(all: Record<string, string>): unknown {
  try {
    const config = parseConfig(all);
    const {
      instance: _,
      host,
      database: { dataOwner: __, ...database },
      ...rest
    } = config;
    const { repairSchema: ___, ...names } = namesOfStack(config);
    const drop = ({ allowUnknownHostKey: _, bastion, ...ssh }: Record<string, unknown>): object => ({
      ...ssh,
      ...(bastion !== undefined && { bastion: drop(bastion as never) }),
    });
    return { ...rest, database, names, host: drop(host) };
  } catch (error) {
    if (error instanceof ConfigFaults) return [...new Set(error.faults.map(({ key }) => key))].sort();
    throw error;
  }
}

const RUNS = Number(process.env["RUNS"] ?? 1000);
test("1 000 configurations give the same values, or the same faulty keys, in the old and in the new parser", {
  timeout: 600_000,
}, async () => {
  let fine = 0;
  await fc.assert(
    fc.asyncProperty(whole, async (values) => {
      const all = handed(values);
      const [was, is] = [await before(all), now(all)];
      if (!Array.isArray(was)) fine++;
      expect(is).toEqual(was);
    }),
    { numRuns: RUNS },
  );
  console.log(`${fine} of ${RUNS} without a fault`);
});
