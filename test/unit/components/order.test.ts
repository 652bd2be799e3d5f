import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { VnSyncCheck } from "../../../components/vnSyncCheck";
import { parseConfig } from "../../../config/parse";
import { MINIMAL, settings } from "./stack";

// What the engine goes by and no input shows: what depends on what, what is removed before it is made anew, what is kept
// from changing, what the state encrypts, and with which rights a file is written.

const PASSWORD = "generated-password";
const SECRET = "4dabf18193072939515e22adb298388d";

interface Made {
  name: string;
  type: string;
  inputs: Record<string, unknown>;
  opts: pulumi.CustomResourceOptions;
  resource: pulumi.Resource;
}

/** All that the engine is asked for, for a stack with these values. */
async function build(values: Record<string, unknown> = {}): Promise<Made[]> {
  const inputsOf = new Map<string, Record<string, unknown>>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        inputsOf.set(`${type} ${name}`, inputs);
        const stdout = name === "credentials-password" ? PASSWORD : "";
        return { id: `${name}-id`, state: { ...inputs, stdout, stderr: "" } };
      },
      call: () => ({}),
    },
    "vn-sync-check",
    "test",
    false,
  );
  const all: Omit<Made, "inputs">[] = [];
  new VnSyncCheck("vn-sync-check", parseConfig(settings({ ...MINIMAL, ...values })), {
    transformations: [
      ({ type, name, opts, resource }) => {
        all.push({ type, name, opts, resource });
        return undefined;
      },
    ],
  });
  // Until nothing more is asked for: what depends on others is registered after them.
  for (let before = -1, still = 0; still < 5; still = before === inputsOf.size ? still + 1 : 0) {
    before = inputsOf.size;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return all.map((one) => ({ ...one, inputs: inputsOf.get(`${one.type} ${one.name}`) ?? {} }));
}

let made: Made[];
beforeAll(async () => {
  made = await build();
});

const called = (name: string, kind = /:Command$|:Role$/): Made => {
  const found = made.filter((one) => one.name === name && kind.test(one.type));
  expect(found, name).toHaveLength(1);
  return found[0] as Made;
};
const programs = (of = made) => of.filter(({ type }) => /^command:(remote|local):Command$/.test(type));

async function dependsOn({ opts }: Made): Promise<pulumi.Resource[]> {
  const given = await new Promise<unknown>((resolve) => {
    (pulumi.output(opts.dependsOn ?? []) as unknown as pulumi.Output<unknown>).apply(resolve);
  });
  return [given].flat().filter((one): one is pulumi.Resource => one instanceof pulumi.Resource);
}

/** All that the engine makes before a resource, and removes only after it, because the options say so. */
async function earlier(name: string): Promise<Set<string>> {
  const names = new Set<string>();
  const look = async (one: Made): Promise<void> => {
    for (const wanted of await dependsOn(one)) await reach(wanted);
    const parent = made.find(({ resource }) => resource === one.opts.parent);
    if (parent) await look(parent);
  };
  // A component stands for all that is in it.
  const reach = async (resource: pulumi.Resource): Promise<void> => {
    const one = made.find((other) => other.resource === resource);
    if (!one || names.has(`${one.type} ${one.name}`)) return;
    names.add(`${one.type} ${one.name}`);
    await look(one);
    for (const child of made.filter(({ opts }) => opts.parent === resource)) await reach(child.resource);
  };
  await look(called(name));
  return new Set([...names].map((text) => text.split(" ")[1] as string));
}

describe("what comes before what, and goes after it", () => {
  test.each([
    ["schedule-cron", ["schedule-jobs"]],
    [
      "schedule-jobs",
      ["client", "credentials-pgpass", "credentials-service", "sync", "repair", "runner-bundle"],
    ],
    ["schedule-jobs", ["runner-settings", "login", "cron-trial", "tables", "database-login"]],
    ["first-import", ["schedule-cron", "schedule-jobs"]],
    ["tables", ["database-login", "database-repair", "database-guard"]],
    ["repair", ["tables", "database-login", "database-repair", "database-guard"]],
    ["database-guard", ["database-login", "database-repair"]],
    ["credentials-pgpass", ["repair"]],
    ["credentials-service", ["repair"]],
    ["sync", ["repair"]],
    ["login", ["credentials-pgpass", "credentials-service"]],
    ["client", ["client-adapter", "client-builder", "client-constraints"]],
    ["user", ["user-end"]],
    ["host-guard", ["user", "schedule-cron", "first-import"]],
  ])("%s comes after %j", async (name, wanted) => {
    expect([...(await earlier(name))]).toEqual(expect.arrayContaining(wanted));
  });

  test("what is not made to wait does not: the tables need nothing of the host", async () => {
    expect([...(await earlier("tables"))]).not.toContain("schedule-cron");
    expect([...(await earlier("user"))]).not.toContain("repair");
  });
});

test("what has a removal is removed before it is made anew: both are under the same names", () => {
  const removed = programs().filter(({ inputs }) => inputs["delete"] !== undefined);
  expect(removed.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["tables", "sync", "user", "host-guard"]),
  );
  for (const { name, opts } of removed) expect(opts.deleteBeforeReplace, name).toBe(true);
});

test.each(["credentials-password", "user-identity"])(
  "%s is made once: no other text of its command makes another",
  (name) => {
    expect(called(name).opts.ignoreChanges).toEqual(["create", "logging", "addPreviousOutputInEnv"]);
    expect(called(name).inputs["update"]).toBeUndefined();
  },
);

test("a new Generation keeps what it has where nothing was missed", () => {
  for (const name of ["host-generation", "database-generation"])
    expect(called(name).opts.ignoreChanges, name).toContain("stdin");
});

test("the state encrypts what the host and the database are sent of passwords, and what the password is", () => {
  for (const name of [
    "sync",
    "credentials-pgpass",
    "tables",
    "repair",
    "database-guard",
    "host-guard",
    "user",
  ])
    expect(called(name).inputs["stdin"], name).toMatchObject({ [SECRET]: expect.any(String) });
  expect(called("database-login").inputs["password"]).toMatchObject({ [SECRET]: expect.any(String) });
  expect(called("credentials-password").opts.additionalSecretOutputs).toContain("stdout");
});

test("the database is given a verifier, never the password, which a statement log would show", () => {
  const { value } = called("database-login").inputs["password"] as { value: string };
  expect(value).toMatch(/^SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/);
  for (const name of ["database-guard", "tables", "repair"]) {
    const { value: job } = called(name).inputs["stdin"] as { value: string };
    expect(job, name).not.toContain(PASSWORD);
  }
  expect((called("database-guard").inputs["stdin"] as { value: string }).value).toContain(
    "SCRAM-SHA-256$4096:",
  );
});

test("a file with a password is for the account alone; cron's is root's, as cron wants it", () => {
  const modes: Record<string, string> = {};
  for (const { name, inputs } of programs()) {
    const sent = inputs["stdin"] as string | { value: string } | undefined;
    const text = typeof sent === "object" ? sent.value : (sent ?? "");
    const mode = /\bchmod (\d{4}) "\$new"/.exec(text)?.[1];
    if (mode === undefined) continue;
    modes[name] = mode;
    expect(mode, name).toMatch(typeof sent === "object" ? /^0600$/ : /^0(644|755)$/);
  }
  expect(modes).toMatchObject({
    "credentials-pgpass": "0600",
    "credentials-service": "0644",
    "runner-bundle": "0644",
    "runner-command": "0755",
    "schedule-cron": "0644",
    sync: "0600",
  });
});

test("nothing is removed from a host or a database that is gone for good, and all from one that is there", async () => {
  const onHost = /:remote:Command$|^host-guard$|^user-end$/;
  const inDatabase = /^(tables|repair|database-guard|database-login|database-repair)$/;
  const kept = (of: Made[]) => of.filter(({ opts }) => opts.retainOnDelete === true).map(({ name }) => name);
  const of = (all: Made[], fits: (one: Made) => boolean) => all.filter(fits).map(({ name }) => name);
  expect(kept(made)).toEqual([]);
  const host = await build({ oldHostGone: true });
  expect(kept(host).sort()).toEqual(
    of(host, ({ type, name }) => onHost.test(type) || (onHost.test(name) && /:Command$/.test(type))).sort(),
  );
  expect(kept(host).length).toBeGreaterThan(15);
  const database = await build({ oldDatabaseGone: true });
  expect(kept(database).sort()).toEqual(
    of(database, ({ type, name }) => inDatabase.test(name) && /:Command$|:Role$/.test(type)).sort(),
  );
  expect(kept(database)).toHaveLength(5);
});
