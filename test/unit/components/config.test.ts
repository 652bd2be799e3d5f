import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { withSecrets } from "../../../components/secrets";
import { parseConfig } from "../../../config/parse";
import { namesOfStack } from "../../../config/schema";
import { ConfigFaults, faultInWords } from "../../../config/words";
import { HOST_KEY, MINIMAL, settings } from "./stack";

function faults(values: Record<string, unknown>): string[] {
  try {
    parseConfig(settings(values));
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults.map((fault) => `  ${faultInWords(fault, "en")}`);
    throw error;
  }
  return [];
}

test("a minimal stack has every default", () => {
  const config = parseConfig(settings(MINIMAL));
  const { host, database, sites, ...rest } = config;
  expect({ ...rest, names: namesOfStack(config) }).toMatchSnapshot();
  expect(host).toMatchObject({
    type: "ssh",
    port: 22,
    user: "root",
    hostKey: HOST_KEY,
  });
  expect(database.fromHost).toEqual({ address: "db.example.org", port: 5432, sslmode: "require" });
  expect(sites).toMatchObject({ vn38: { enabled: true, url: "https://www.faune-isere.org/" } });
});

test("secrets are secret outputs", async () => {
  const { database, sites } = withSecrets(parseConfig(settings(MINIMAL)));
  for (const value of [
    database.adminPassword,
    sites["vn38"]?.userPassword,
    sites["vn38"]?.clientKey,
    sites["vn38"]?.clientSecret,
  ]) {
    expect(pulumi.Output.isInstance(value)).toBe(true);
    expect(await pulumi.isSecret(value as pulumi.Output<string>)).toBe(true);
  }
});

test("an empty stack is told all that it lacks, each with the command to run", () => {
  expect(faults({})).toMatchSnapshot();
});

test("every fault comes at once, by key, value and remedy", () => {
  expect(
    faults({
      ...MINIMAL,
      instance: "Savoie 2",
      locale: "de",
      windowDays: "fourteen",
      overlapDays: 61,
      oldHostGone: "yes",
      passwordGeneration: 0,
      host: { address: "https://vn.example.org", port: 70000, hostKey: "AAAA", user: "a b" },
      database: { ...MINIMAL.database, sslmode: "prefer", mainSchema: "Src-VN" },
      filter: { taxoExclude: "TAXO_GROUP_BIRD", territorialUnits: ["38", "a b"] },
      schedule: { daily: "30 4 * *", weekly: "0 25 * * 6", watch: "*/0 * * * *" },
      firstImport: { since: "2020-02-30" },
      repair: { references: ["birds"] },
      client: { version: "3.0.0" },
    }),
  ).toMatchSnapshot();
});

test("a near miss gets the exact spelling", () => {
  const text = faults({
    ...MINIMAL,
    destroydata: true,
    pasword_generation: 2,
    colour: "red",
    database: { ...MINIMAL.database, adminpasswd: "s" },
    sites: { vn38: { ...MINIMAL.sites.vn38, user_email: "x@example.org" } },
  }).join("\n");
  expect(text).toContain(
    "vn-sync-check:destroydata is not a key of this kit: did you mean vn-sync-check:destroyData?",
  );
  expect(text).toContain("did you mean vn-sync-check:passwordGeneration?");
  expect(text).toContain(
    "vn-sync-check:sites.vn38.user_email is not a key of this kit: did you mean vn-sync-check:sites.vn38.userEmail?",
  );
  expect(text).toMatch(/vn-sync-check:colour is not a key of this kit: known here: .*instance/);
});

test("no error shows a secret", () => {
  const word = "hunter2\nhunter2";
  const text = faults({
    ...MINIMAL,
    host: { ...MINIMAL.host, privateKey: word, password: word },
    database: { ...MINIMAL.database, adminPassword: word },
    sites: { vn38: { ...MINIMAL.sites.vn38, userPassword: word, clientSecret: { nested: word } } },
  }).join("\n");
  expect(text).toContain("vn-sync-check:host.privateKey is not usable (value not shown)");
  expect(text).toContain("vn-sync-check:sites.vn38.userPassword is not usable (value not shown)");
  expect(text).not.toContain("hunter2");
});

test("a host key is required, and one way round it", () => {
  const { hostKey: _, ...host } = MINIMAL.host;
  expect(faults({ ...MINIMAL, host })).toEqual([
    expect.stringContaining("vn-sync-check:host.hostKey is missing"),
  ]);
  expect(faults({ ...MINIMAL, host: { ...host, allowUnknownHostKey: true } })).toEqual([]);
  expect(faults({ ...MINIMAL, host: { ...MINIMAL.host, bastion: { address: "b.example.org" } } })).toEqual([
    expect.stringContaining("vn-sync-check:host.bastion.hostKey is missing"),
  ]);
});

test("this machine needs no address", () => {
  expect(parseConfig(settings({ ...MINIMAL, host: { type: "local" } })).host).toEqual({ type: "local" });
});

test("numbers and booleans may come as texts, and other namespaces are not looked at", () => {
  const config = parseConfig({
    ...settings({
      ...MINIMAL,
      windowDays: "21",
      destroyData: "true",
      firstImport: { start: "false", stepDays: "90" },
    }),
    "other:instance": "Not Ours",
  });
  expect(config).toMatchObject({
    windowDays: 21,
    destroyData: true,
    firstImport: { start: false, stepDays: 90 },
  });
});

test("at least one site, and one of them enabled", () => {
  expect(faults({ ...MINIMAL, sites: {} })).toEqual([
    expect.stringContaining("vn-sync-check:sites is missing"),
  ]);
  expect(faults({ ...MINIMAL, sites: { vn38: { ...MINIMAL.sites.vn38, enabled: false } } })).toEqual([
    expect.stringContaining("vn-sync-check:sites has no enabled site"),
  ]);
});

test("faults are told in the stack's language, and in French where it is not known", () => {
  const told = (values: Record<string, unknown>) => {
    try {
      parseConfig(settings(values));
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(told({ ...MINIMAL, windowDays: 0 })).toBe(
    'La configuration de la pile a une erreur :\n  vn-sync-check:windowDays vaut "0" : donner un nombre entier de 1 à 365',
  );
  expect(told({ ...MINIMAL, windowDays: 0, locale: "en" })).toBe(
    'The stack\'s configuration has one fault:\n  vn-sync-check:windowDays is "0": give a whole number from 1 to 365',
  );
  expect(told({ ...MINIMAL, locale: "de" })).toContain("vn-sync-check:locale vaut");
  expect(told({})).toMatchSnapshot();
});

test("the three schemas, and the repair's, are four", () => {
  const database = {
    ...MINIMAL.database,
    mainSchema: "src_vn_json_check",
    monitoringSchema: "src_vn_json_repair",
  };
  expect(faults({ ...MINIMAL, database })).toEqual([
    expect.stringContaining('vn-sync-check:database.mainSchema is "src_vn_json_check", as another schema'),
    expect.stringContaining(
      'vn-sync-check:database.monitoringSchema is "src_vn_json_repair", as another schema',
    ),
  ]);
});

test("B14: a private key that was pasted with line ends of Windows, or without its last one, is that key", () => {
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\n";
  for (const privateKey of [key, key.replaceAll("\n", "\r\n"), `${key.trim()}\r\n\r\n`, `\n${key.trim()}`]) {
    const { host } = parseConfig(settings({ ...MINIMAL, host: { ...MINIMAL.host, privateKey } }));
    expect(host).toMatchObject({ privateKey: key });
  }
});

test("Q6: losses by others are put back only where it is known who the main synchronisation is", () => {
  const repair = { lossesByOthers: "repair" };
  expect(faults({ ...MINIMAL, repair })).toEqual([
    expect.stringMatching(/repair\.mainSyncLogins.*is missing.*has no effect/s),
  ]);
  expect(faults({ ...MINIMAL, repair: { ...repair, mainSyncLogins: ["vn_sync"] } })).toEqual([]);
});
