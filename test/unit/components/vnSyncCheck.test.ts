import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { VnSyncCheck } from "../../../components/vnSyncCheck";
import { parseConfig } from "../../../config/parse";
import type { Job } from "../../../sql/program";
import { MINIMAL, settings } from "./stack";

/** A resource as the engine was asked for it. */
interface Asked {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

const SECRETS = [MINIMAL.database.adminPassword, MINIMAL.sites.vn38.userPassword, "generated-password"];

/** Builds a stack against mocks; the resources in the order in which the engine could make them. */
async function build(
  values: Record<string, unknown>,
): Promise<{ asked: Asked[]; outputs: Record<string, unknown> }> {
  const asked: Asked[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        asked.push({ type, name, inputs });
        const stdout = name === "credentials-password" ? "generated-password" : "";
        return { id: `${name}-id`, state: { ...inputs, stdout, stderr: "" } };
      },
      call: () => ({}),
    },
    "vn-sync-check",
    "test",
    false,
  );
  const check = new VnSyncCheck("vn-sync-check", parseConfig(settings({ ...MINIMAL, ...values })));
  const outputs = await new Promise<Record<string, unknown>>((resolve) => {
    pulumi.output(check.outputs).apply((known) => resolve(known as Record<string, unknown>));
  });
  await new Promise((resolve) => setTimeout(resolve, 200)); // what depends on others is registered after them
  return { asked, outputs };
}

const commands = (asked: Asked[]) =>
  asked.filter(({ type }) => /^command:(remote|local):Command$/.test(type));
const names = (asked: Asked[]) => asked.map(({ name }) => name);

/** A value as the state would hold it in clear: secrets left out. */
function inClear(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner !== null && typeof inner === "object" && "4dabf18193072939515e22adb298388d" in inner
      ? "[secret]"
      : inner,
  );
}

describe("a stack over SSH", () => {
  let asked: Asked[];
  let outputs: Record<string, unknown>;
  beforeAll(async () => {
    ({ asked, outputs } = await build({}));
  });

  test("every piece is there once, host work as remote commands, the password and SQL as local ones", () => {
    expect(
      commands(asked)
        .map(({ type, name }) => `${type.split(":")[1]} ${name}`)
        .sort(),
    ).toMatchSnapshot();
  });

  test("no component has another name than before, which would make all that is in it anew", () => {
    const components = asked.filter(({ type }) => type.startsWith("vn-sync-check:"));
    expect(components.map(({ type, name }) => `${type} ${name}`).sort()).toMatchSnapshot();
  });

  test("each comes after what it needs", () => {
    const order = names(commands(asked));
    const follows = (first: string, then: string) =>
      expect(order.indexOf(first), `${first} before ${then}`).toBeLessThan(order.indexOf(then));
    follows("packages", "user");
    follows("user", "client-builder");
    follows("client-builder", "client");
    follows("tables", "repair");
    follows("client", "schedule-jobs");
    follows("repair", "schedule-jobs");
    follows("schedule-jobs", "schedule-cron");
    follows("schedule-cron", "first-import");
  });

  test("B11, B12: the files that point to the database come after all that is made in it, and no job before a login", () => {
    const order = names(commands(asked));
    const line = [
      "database-guard",
      "tables",
      "repair",
      "credentials-service",
      "login",
      "schedule-cron",
      "first-import",
    ];
    expect(line.map((name) => order.indexOf(name))).toEqual(
      line.map((name) => order.indexOf(name)).sort((a, b) => a - b),
    );
    for (const file of ["credentials-pgpass", "sync"])
      expect(order.indexOf(file), file).toBeGreaterThan(order.indexOf("repair"));
  });

  test("triggers hold only what identifies a thing, and nothing is given by environment", () => {
    for (const { name, type, inputs } of commands(asked)) {
      expect(inputs["environment"], name).toBeUndefined();
      // What it printed last, which is no secret: by that the guard knows the database again.
      expect(inputs["addPreviousOutputInEnv"], name).toBe(name === "database-guard");
      const triggers = (inputs["triggers"] ?? []) as unknown[];
      if (type.includes("remote")) expect(triggers.slice(0, 2), name).toEqual(["vn.example.org", "22"]);
      for (const trigger of triggers) expect(String(trigger).length, name).toBeLessThan(64);
    }
    const file = commands(asked).find(({ name }) => name === "sync");
    expect(file?.inputs["triggers"]).toEqual(["vn.example.org", "22", "vn_check", "user-id", "evn.yaml"]);
  });

  test("the SQL's commands are the same in every checkout, and what they run comes whole on standard input", () => {
    const sql = commands(asked).filter(({ name }) => /^(tables|repair|database-guard)$/.test(name));
    expect(sql).toHaveLength(3);
    for (const { name, inputs } of sql) {
      expect(inputs["create"], name).toBe(`node -e 'require("vn-sync-check/sql")' install`);
      expect(inputs["delete"], name).toBe(`node -e 'require("vn-sync-check/sql")' remove`);
      const job = JSON.parse((inputs["stdin"] as { value: string }).value) as Job;
      expect(job.remove, name).toHaveLength(1);
      for (const { steps } of [...job.install, ...job.remove])
        for (const { file, sql } of steps) expect(sql, file).not.toMatch(/\{\{/);
    }
  });

  test("rights come from the SQL: the provider makes two roles, nothing else", () => {
    const made = asked.filter(({ type }) => type.startsWith("postgresql:")).map(({ type }) => type);
    expect(made).toEqual(["postgresql:index/role:Role", "postgresql:index/role:Role"]);
  });

  test("no secret is in clear, and none on a command line", () => {
    // As it stands, and as it stands in JSON, or in JSON within JSON.
    const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
    const forms = SECRETS.flatMap((secret) => [secret, inJson(secret), inJson(inJson(secret))]);
    expect(asked.length).toBeGreaterThan(40);
    for (const { name, inputs } of asked)
      for (const form of forms) expect(inClear(inputs), name).not.toContain(form);
  });

  test("what could tell a secret is not shown", () => {
    const telling = commands(asked).filter(({ name }) => /sync|credentials|tables|repair|guard/.test(name));
    expect(telling.length).toBeGreaterThan(6);
    for (const { name, inputs } of telling) expect(inputs["logging"], name).toBe("none");
  });

  test("the login is given a SCRAM verifier, and neither role is a superuser's business", () => {
    const roles = asked.filter(({ type }) => type === "postgresql:index/role:Role");
    expect(roles.map(({ inputs }) => inputs["name"]).sort()).toEqual(["vn_check", "vn_check_repair"]);
    const provider = asked.find(({ type }) => type === "pulumi:providers:postgresql");
    expect(String(provider?.inputs["superuser"])).toBe("false");
  });

  test("outputs say what runs when, and what to do next", () => {
    expect(outputs).toMatchSnapshot();
  });
});

test("on this machine the same scripts run as local commands", async () => {
  const { asked } = await build({ host: { type: "local" } });
  expect(commands(asked).filter(({ type }) => type.includes("remote"))).toEqual([]);
  expect(names(commands(asked))).toContain("schedule-cron");
});

test("without firstImport.start nothing is started", async () => {
  const { asked, outputs } = await build({ firstImport: { start: false }, locale: "en" });
  expect(names(asked)).not.toContain("first-import");
  expect(String((outputs["nextSteps"] as string[])[0])).toContain(
    "Start the first import, on the host: vn-check init --background",
  );
});

test("B10: an authority's certificate goes to the provider, the SQL, the service file and the account's home", async () => {
  const dir = mkdtempSync(join(tmpdir(), "vn-ca-"));
  const caFile = join(dir, "ca.crt");
  const pem = "-----BEGIN CERTIFICATE-----\r\nabc\r\n-----END CERTIFICATE-----\r\n";
  writeFileSync(caFile, pem);
  const { asked } = await build({ database: { ...MINIMAL.database, sslmode: "verify-full", caFile } });
  rmSync(dir, { recursive: true });
  const of = (name: string) => commands(asked).find((one) => one.name === name)?.inputs ?? {};
  const text = pem.replaceAll("\r", "");
  const provider = asked.find(({ type }) => type === "pulumi:providers:postgresql");
  expect(provider?.inputs["sslrootcert"]).toBe(caFile);
  const job = JSON.parse((of("tables")["stdin"] as { value: string }).value) as Job;
  expect(job.connection).toMatchObject({ sslmode: "verify-full", ca: text });
  expect(JSON.stringify(of("credentials-service"))).toContain(
    "sslrootcert=/home/vn_check/.postgresql/root.crt",
  );
  expect(JSON.stringify(of("credentials-authority"))).toContain(JSON.stringify(text).slice(1, -1));
});

// Q3
test("the mail server's password reaches the host in a file of its own, 0600, and shows nowhere; without one there is no file", async () => {
  const mail = { smtp: "smtp.example.org", smtpUser: "vn", smtpPassword: "mail-s3cret" };
  const { asked } = await build({ mail });
  const file = commands(asked).find(({ name }) => name === "runner-smtp-password")?.inputs;
  expect(inClear(file)).not.toContain("mail-s3cret");
  expect(JSON.stringify(file?.["stdin"])).toContain("mail-s3cret");
  expect(JSON.stringify(file)).toMatch(/\.smtp-password.*0600|0600.*\.smtp-password/);
  for (const { name, inputs } of asked) expect(inClear(inputs), name).not.toContain("mail-s3cret");
  expect(names((await build({})).asked)).not.toContain("runner-smtp-password");
  const of = (one: { asked: Asked[] }) => {
    const repair = commands(one.asked).find(({ name }) => name === "repair")?.inputs;
    const [script] = (JSON.parse((repair as { stdin: { value: string } }).stdin.value) as Job).install;
    const [, told] = /vn_repair\.installation', '(.*?)'/s.exec(script?.opening ?? "") ?? [];
    return JSON.parse(told ?? "{}").settings;
  };
  expect(of({ asked })).toMatchObject({ mail_to: "admin@example.org" });
  expect(of(await build({ mail: { to: "" } }))).toMatchObject({ mail_to: null });
});

test("a bastion is one hop", async () => {
  const bastion = { address: "b.example.org", hostKey: MINIMAL.host.hostKey, user: "jump", port: 2222 };
  const { asked } = await build({ host: { ...MINIMAL.host, user: "ops", bastion } });
  const connection = commands(asked).find(({ name }) => name === "user")?.inputs["connection"];
  expect(connection).toMatchObject({
    value: {
      host: "vn.example.org",
      user: "ops",
      proxy: { host: "b.example.org", port: 2222, user: "jump" },
    },
  });
});

test("S5: every key is shown but what is secret, and what the next destroy removes", async () => {
  const shown = async (values: Record<string, unknown>) => {
    const { asked } = await build(values);
    const top = asked.find(({ type }) => type === "vn-sync-check:index:VnSyncCheck");
    return JSON.parse(inClear(top?.inputs));
  };
  const before = await shown({ locale: "en" });
  const after = await shown({
    locale: "en",
    destroyData: true,
    repair: { deletions: "apply", sameRights: true },
  });
  expect(before.repair).toMatchObject({ deletions: "report", sameRights: false });
  expect(after.repair).toMatchObject({ deletions: "apply", sameRights: true });
  expect(before.database).toMatchObject({ adminUser: "postgres", adminPassword: "(secret)" });
  expect(before.sites.vn38).toMatchObject({ userPassword: "(secret)", url: "https://www.faune-isere.org/" });
  const all = "all downloaded data: src_vn_json_check";
  expect(before.destroy.keeps).toContain(all);
  expect(after.destroy.removes).toContain(all);
  expect(after.destroy.keeps).toEqual(["the main copy: src_vn_json"]);
});
