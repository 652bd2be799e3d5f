import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { simulate } from "../emulator";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// What `vn-check status` says, held against what lacks: OK exactly when nothing does, and each lack with its cause.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

const MAIN = "src_vn_json.observations_json";
const CHECK = "src_vn_json_check.observations_json";

/** An account of one site whose copy is whole. */
async function whole(): Promise<RunnerAccount> {
  const account = await accounts.make({ sites: ["isere"] });
  expect((await account.run("weekly")).code, await account.said()).toBe(0);
  expect(await account.status()).toMatchObject({ state: "ok", ok: true, problems: [], causes: [] });
  expect((await account.run("status")).code).toBe(0);
  return account;
}

async function codes(account: RunnerAccount): Promise<string[]> {
  return (await account.status()).causes.map(({ code }) => code);
}

async function textOf(account: RunnerAccount, code: string): Promise<string> {
  return (await account.status()).causes.find((cause) => cause.code === code)?.text ?? "";
}

/** The status is KO for just these causes; exit 1. */
async function isKo(account: RunnerAccount, ...wanted: string[]): Promise<void> {
  expect(await codes(account)).toEqual(wanted);
  expect(await account.run("status")).toMatchObject({ code: 1, stdout: expect.stringMatching(/^KO {2}/) });
}

/** It cannot be told; exit 2. */
async function isUnknown(account: RunnerAccount, code: string): Promise<void> {
  expect(await account.status()).toMatchObject({ state: "unknown", ok: false });
  expect(await codes(account)).toContain(code);
  const run = await account.run("status");
  expect(run).toMatchObject({ code: 2, stdout: expect.stringMatching(/^UNKNOWN {2}/), stderr: "" });
  expect(run.stdout).not.toMatch(/^\s+at /m);
}

const isOk = async (account: RunnerAccount) =>
  expect(await account.status()).toMatchObject({ state: "ok", causes: [] });

/** A trigger of main that refuses some rows. */
const refusing = (when: string) => `
  CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not that'; END $$;
  CREATE TRIGGER no BEFORE INSERT ON ${MAIN} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION public.no()`;

describe("R7: OK is said only where nothing lacks", () => {
  test("R7: a controller that failed is KO until a run has asked again, which the next daily does", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    const yaml = await account.file("evn.yaml");
    await account.write(
      "evn.yaml",
      yaml
        .replace("    species:\n        enabled: false", "    species:\n        enabled: true")
        .replace("\ntuning:\n", "\ntuning:\n    max_retry: 1\n    retry_delay: 1\n"),
    );
    accounts.emulator.faults.add({ kind: "status", status: 500, endpoint: "species", times: "always" });
    expect((await account.run("weekly")).code).toBe(2);
    expect(await codes(account)).toContain("extras-failed");
    expect((await account.run("daily")).code).toBe(2);
    expect(await codes(account)).toContain("extras-failed");
    accounts.emulator.faults.clear();
    accounts.emulator.requests.clear();
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    expect(accounts.emulator.requests.list({ endpoint: "species" }).length).toBeGreaterThan(0);
    await isOk(account);
  });

  test("R7: rows that main's trigger refuses, drops, or that others keep locked, are counted by cause", async () => {
    const account = await whole();
    const { rows } = await account.sql.query(
      `SELECT id FROM ${MAIN} WHERE site = 'isere' ORDER BY id LIMIT 4`,
    );
    const [refused, other, , locked] = rows.map((row) => row.id as number);
    await account.sql.query(refusing(`NEW.id = ${refused} AND NEW.site = 'isere'`));
    await account.sql.query(`DELETE FROM ${MAIN} WHERE id IN (${refused}, ${other}) AND site = 'isere'`);
    await account.sql.query("DELETE FROM src_vn_json_repair.main_deletion");
    const run = await account.run("repair");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    await isKo(account, "rows-refused");
    expect(await textOf(account, "rows-refused")).toMatch(
      /^1 rows are set aside, .*observations_json, error P0001/,
    );

    await account.sql.query(`DROP TRIGGER no ON ${MAIN}`);
    const holder = await accounts.cluster.connect(account.database);
    await holder.query(`BEGIN; SELECT FROM ${MAIN} WHERE id = ${locked} AND site = 'isere' FOR UPDATE`);
    await account.sql.query(
      `UPDATE ${CHECK} SET update_ts = update_ts + 1 WHERE id = ${locked} AND site = 'isere'`,
    );
    expect((await account.run("repair")).code).toBe(2);
    await isKo(account, "rows-locked");
    await holder.query("ROLLBACK");
    await holder.end();
    expect((await account.run("daily")).code).toBe(0);
    await isOk(account);

    await account.sql.query(`
      CREATE FUNCTION public.drop_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER drop_it BEFORE INSERT ON ${MAIN} FOR EACH ROW WHEN (NEW.id = ${refused} AND NEW.site = 'isere') EXECUTE FUNCTION public.drop_it();
      DELETE FROM ${MAIN} WHERE id = ${refused} AND site = 'isere'; DELETE FROM src_vn_json_repair.main_deletion`);
    expect((await account.run("repair")).code).toBe(0);
    await isKo(account, "rows-dropped");
  }, 300_000);

  test("R7, R8: a weekly run that could not even say that it began is told with its cause until a weekly one has done it", async () => {
    const account = await whole();
    const pgpass = await account.file(".pgpass");
    await account.write(".pgpass", "*:*:*:*:wrong\n");
    expect((await account.run("weekly")).code).toBe(1);
    await account.write(".pgpass", pgpass);
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    await isKo(account, "database-login");
    expect(await textOf(account, "database-login")).toMatch(/^the last weekly run failed: /);
    expect((await account.run("weekly")).code).toBe(0);
    await isOk(account);
  });

  test("R7: rows deleted from main by another login are held, and that is told with what to type", async () => {
    const account = await whole();
    await account.sql.query("UPDATE src_vn_json_repair.settings SET main_sync_logins = '{main_sync}'");
    await account.sql.query(
      `DELETE FROM ${MAIN} WHERE site = 'isere' AND id IN (SELECT id FROM ${MAIN} WHERE site = 'isere' LIMIT 3)`,
    );
    expect((await account.run("repair")).code).toBe(0);
    await isKo(account, "rows-held-lost");
    expect(await textOf(account, "rows-held-lost")).toMatch(
      /^3 rows .*repair\.lossesByOthers repair, pulumi up/,
    );
  });

  test("R7: deletions that the portal made and main has not are told, and gone when main has them", async () => {
    const account = await whole();
    const gone = simulate(accounts.emulator.world, { action: "delete", site: "isere", count: 10 });
    expect((await account.run("daily")).code).toBe(0);
    await isKo(account, "deletions-reported");
    expect(await textOf(account, "deletions-reported")).toMatch(/^10 rows .*repair\.deletions apply/);
    await account.sql.query(`DELETE FROM ${MAIN} WHERE id = ANY ($1)`, [gone.map(({ id }) => id)]);
    expect((await account.run("daily")).code).toBe(0);
    await isOk(account);
  });

  test("R7: a group whose last update is more than two days old is KO, by number, until it has come", async () => {
    const account = await whole();
    await account.sql.query(
      "UPDATE src_vn_json_check.increment_log SET last_ts = last_ts - interval '50 hours' WHERE taxo_group = 3",
    );
    await isKo(account, "update-old");
    expect(await textOf(account, "update-old")).toMatch(
      /^isere: changes have not come since \d{4}-.*groups 3\)/,
    );
    expect((await account.run("daily")).code).toBe(0);
    await isOk(account);
  });

  test("R7: main that was never compared is not OK, nor is a right that no run can begin without", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await isKo(account, "never-compared");
    expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
    await isOk(account);
    await account.sql.query(`REVOKE UPDATE ON ${MAIN} FROM vn_check_repair`);
    await isKo(account, "repair-impossible");
    expect(await textOf(account, "repair-impossible")).toMatch(/GRANT/);
  });

  test("R7: a first import that retries in vain is KO between the tries and during them, with the cause", async () => {
    const account = await accounts.make({ fresh: true, sites: ["isere"] });
    const fault = { kind: "status", status: 401, site: "isere", times: "always" } as const;
    accounts.emulator.faults.add(fault);
    expect((await account.run("init")).code).toBe(2);
    const login = /HTTP 401|answers 401/;
    expect(await codes(account)).toEqual(expect.arrayContaining(["import-unfinished", "portal-login"]));
    expect(await textOf(account, "portal-login")).toMatch(login);
    accounts.emulator.faults.clear();
    accounts.emulator.faults.add({ kind: "hang", site: "isere", times: "always" });
    const again = account.start("init");
    for (const end = Date.now() + 60_000; !(await account.status()).running && Date.now() < end; )
      await sleep(100);
    await sleep(1000);
    expect(await account.status()).toMatchObject({ state: "ko", firstImport: { state: "running" } });
    expect(await codes(account)).toEqual(expect.arrayContaining(["import-under-way", "portal-login"]));
    again.child.kill("SIGTERM");
    await again.ended;
  }, 300_000);

  test("R7: a run under way changes nothing of what is known", async () => {
    const account = await whole();
    accounts.emulator.faults.add({
      kind: "status",
      status: 403,
      endpoint: "observations/search",
      taxoGroup: 3,
      unit: "38",
      times: "always",
    });
    expect((await account.run("weekly")).code).toBe(2);
    const before = await codes(account);
    expect(before.length).toBeGreaterThan(0);
    accounts.emulator.faults.clear();
    accounts.emulator.faults.add({
      kind: "hang",
      endpoint: "observations/diff",
      site: "isere",
      times: "always",
    });
    const run = account.start("daily");
    for (const end = Date.now() + 60_000; !(await account.status()).running && Date.now() < end; )
      await sleep(100);
    await sleep(2000);
    expect(await codes(account)).toEqual(before);
    run.child.kill("SIGTERM");
    await run.ended;
  }, 300_000);
});

describe("R8: the cause is shown, with what to type, and never a stack", () => {
  test("R8: a wrong API password is told with site and key, in run and status, and kept with the job", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    accounts.emulator.faults.add({ kind: "status", status: 401, site: "isere", times: "always" });
    const weekly = await account.run("weekly");
    expect(weekly.code).toBe(2);
    const said = /isere.*401.*sites\.isere\.userPassword.*pulumi up/;
    expect(weekly.stderr).toMatch(said);
    expect(await codes(account)).toContain("portal-login");
    expect(await textOf(account, "portal-login")).toMatch(said);
  });

  test("R8: ~/.pgpass that is missing, open to others or without the line: told, with chmod or pulumi up", async () => {
    const account = await whole();
    const pass = await account.file(".pgpass");
    const cases: [what: () => Promise<unknown>, said: RegExp][] = [
      [() => account.write(".pgpass", pass, 0o644), /\.pgpass may be read by others.*chmod 600/],
      [() => account.write(".pgpass", "elsewhere:*:*:*:x"), /\.pgpass has no line for it.*pulumi up/],
      [async () => execFileSync("rm", [join(account.home, ".pgpass")]), /\.pgpass is not there.*pulumi up/],
    ];
    for (const [make, said] of cases) {
      await make();
      await isUnknown(account, "password-file");
      expect(await textOf(account, "password-file")).toMatch(said);
      const daily = await account.run("daily");
      expect(daily).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
      expect(daily.stderr).not.toMatch(/^\s+at /m);
    }
    await account.write(".pgpass", pass);
    expect((await account.run("daily")).code).toBe(0);
    await isOk(account);
  });

  test("R8: a malformed evn.yaml is one sentence in each verb; watch says it once, not each hour", async () => {
    const account = await whole();
    const yaml = await account.file("evn.yaml");
    const said = /evn\.yaml cannot be used: line \d+ is no YAML/;
    const once = async () => {
      const first = await account.run("watch");
      expect(first).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
      expect(first.stderr).not.toMatch(/^\s+at /m);
      expect(await account.run("watch")).toEqual({ code: 1, stdout: "", stderr: "" });
    };
    await account.write("evn.yaml", "site: [\n");
    for (const verb of ["daily", "weekly", "repair"])
      expect(await account.run(verb)).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
    await isKo(account, "client-settings");
    await once();
    await account.write("evn.yaml", yaml);
    expect(await account.run("watch")).toEqual({ code: 0, stdout: "", stderr: "" });
    await isOk(account);
    await account.write("evn.yaml", "site: [\n");
    await once();
  });

  test("R8: a server that is not there, or may only be read: it cannot be told; watch says it once", async () => {
    const account = await whole();
    const service = await account.file(".pg_service.conf");
    await account.write(".pg_service.conf", service.replace(/port=\d+/, "port=1"));
    await isUnknown(account, "database-away");
    await account.write(".pg_service.conf", service);
    await isOk(account);
    await account.sql.end();
    await accounts.cluster.restart(0, "standby");
    await isUnknown(account, "database-read-only");
    await accounts.cluster.restart(0);
    account.sql = await accounts.cluster.connect(account.database);
    await isOk(account);
  });

  test("R8: after kill -9 nothing is said of groups that nobody has asked for", async () => {
    const account = await whole();
    accounts.emulator.faults.add({ kind: "hang", site: "isere", times: "always" });
    accounts.emulator.requests.clear();
    const run = account.start("weekly");
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50))
      if (accounts.emulator.requests.list({}).length > 0) break;
    process.kill(JSON.parse(await account.file("state/run.json")).pid, "SIGKILL");
    expect((await run.ended).code).toBe(137);
    await sleep(500);
    expect(await codes(account)).toEqual(["run-broken-off", "run-broken-off"]);
    expect((await account.status()).problems.join("\n")).not.toMatch(/no taxo group/);
    // A repair by hand looks again, and that is not what it finds either.
    accounts.emulator.faults.clear();
    expect((await account.run("repair")).code).toBe(0);
    expect((await account.status()).problems.join("\n")).not.toMatch(/no taxo group/);
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    await isOk(account);
  });
});

// R7, R11
test("R7, R11: a full home: each run fails in a sentence, nothing half-written stays, status cannot tell; then all is well", async () => {
  const account = await whole();
  const state = join(account.home, "state");
  mkdirSync(state, { recursive: true });
  const kept = Object.fromEntries(
    readdirSync(state)
      .filter((name) => name !== "lock")
      .map((name) => [name, readFileSync(join(state, name))]),
  );
  expect(Object.keys(kept)).toEqual([]);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k,mode=700", "vn-full", state]);
  try {
    execFileSync("sh", ["-c", `cat /dev/zero >${state}/filler 2>/dev/null || true`]);
    for (const verb of ["daily", "weekly"]) {
      const run = await account.run(verb);
      expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/state\/.*ENOSPC.*make room/) });
      expect(run.stderr).not.toMatch(/^\s+at /m);
    }
    expect(readdirSync(state).filter((name) => name.includes(".new"))).toEqual([]);
    await isUnknown(account, "host-full");
    execFileSync("rm", [join(state, "filler")]);
    // The database knows what the host could not write down.
    await isKo(account, "host-full", "host-full");
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    await isOk(account);
  } finally {
    execFileSync("umount", [state]);
  }
  chmodSync(state, 0o700);
  expect(existsSync(state)).toBe(true);
});

describe("R9: what is over is told no more", () => {
  test("R9, R11: after a refused weekly and an accepted repair the instruction is gone; a dry run is no last repair", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.sql.query(
      "UPDATE src_vn_json_repair.settings SET max_differences = 5, min_differences = 5",
    );
    expect((await account.run("weekly")).code).toBe(1);
    await isKo(account, "never-compared", "repair-refused");
    expect(await textOf(account, "repair-refused")).toMatch(/vn-check repair --accept \d+/);
    const dry = await account.run("repair", "--dry-run", "--accept", "100000");
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/^to repair: \d{2,} inserted/) });
    expect((await account.status()).last.repair).toBeUndefined();
    await isKo(account, "never-compared", "repair-refused");
    const refused = await account.run("repair", "--accept", "6");
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).not.toMatch(/^repaired/m);
    expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
    await isOk(account);
    expect((await account.status()).last.repair?.repair?.inserted).toBeGreaterThan(10);
  });

  test("R9: a whole repair by hand, with psql too, is the whole pass that a broken weekly owed", async () => {
    const account = await whole();
    accounts.emulator.faults.add({ kind: "hang", endpoint: "observations/search", times: "always" });
    const modes = async () =>
      (await account.sql.query("SELECT mode FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 1")).rows[0]
        .mode;
    const breakWeekly = async () => {
      accounts.emulator.requests.clear();
      const run = account.start("weekly");
      for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50))
        if (accounts.asked("search").length > 0) break;
      run.child.kill("SIGTERM");
      expect((await run.ended).code).toBe(1);
    };
    await breakWeekly();
    await account.sql.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
    accounts.emulator.faults.clear();
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    expect(await modes()).toBe("journal");
    await isOk(account);
  });
});
