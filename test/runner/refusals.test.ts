import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// What a server can refuse a run, from the first connection on: told by its cause and remedy, and nothing is concluded.

let accounts: RunnerAccounts;
let su: Client;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
  su = await accounts.cluster.connect("postgres");
});
afterAll(async () => {
  await su?.end().catch(() => undefined);
  await accounts?.stop();
});

const concluded = async (account: RunnerAccount) =>
  (
    await account.sql.query(
      "SELECT (SELECT count(*)::integer FROM src_vn_json.observations_json) AS main, (SELECT count(*)::integer FROM src_vn_json_repair.change) AS changes",
    )
  ).rows[0];

/** A run that ends without having done anything, and says why: once, without a stack, on the host too. */
async function refused(account: RunnerAccount, verb: string, said: RegExp): Promise<void> {
  const before = await concluded(account);
  const run = await account.run(verb);
  expect(run.code, await account.said()).toBe(1);
  expect(run.stderr).toMatch(said);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.stderr).not.toMatch(/pgpass.*pg_service|undefined/);
  expect((await account.run("status")).stdout).toMatch(said);
  expect(await concluded(account)).toEqual(before);
}

const LOGINS: Record<string, { does: string; undoes: string; said: RegExp }> = {
  "that may log in no more (NOLOGIN)": {
    does: "ALTER ROLE vn_check NOLOGIN",
    undoes: "ALTER ROLE vn_check LOGIN",
    said: /not permitted to log in.*ALTER ROLE … LOGIN/,
  },
  "whose password has expired": {
    does: "ALTER ROLE vn_check VALID UNTIL '2020-01-01'",
    undoes: "ALTER ROLE vn_check VALID UNTIL 'infinity'",
    said: /password authentication failed.*VALID UNTIL/,
  },
  "that may not connect to the database": {
    does: 'REVOKE CONNECT ON DATABASE "DB" FROM PUBLIC, vn_check',
    undoes: 'GRANT CONNECT ON DATABASE "DB" TO PUBLIC, vn_check',
    said: /permission denied for database.*GRANT CONNECT/,
  },
  "that may not use our schema any more": {
    does: "REVOKE USAGE ON SCHEMA src_vn_json_repair FROM vn_check",
    undoes: "GRANT USAGE ON SCHEMA src_vn_json_repair TO vn_check",
    said: /permission denied for schema.*A right.*pulumi up/,
  },
};

test.each(Object.entries(LOGINS))("A14: a login %s: its cause and remedy are told", async (_name, one) => {
  const account = await accounts.make({ sites: ["isere"] });
  const run = (sql: string) => account.sql.query(sql.replace("DB", account.database));
  await run(one.does);
  try {
    await refused(account, "weekly", one.said);
  } finally {
    await run(one.undoes);
  }
  expect((await account.run("weekly")).code).toBe(0);
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});

test("A14: a login that pg_hba.conf rejects: its cause and remedy are told", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await accounts.cluster.hba("host all vn_check 127.0.0.1/32 reject");
  try {
    await refused(account, "daily", /pg_hba.conf rejects connection.*look at pg_hba\.conf/);
  } finally {
    await accounts.cluster.hba();
  }
  expect((await account.run("daily")).code).toBe(0);
});

test("A14: a login of few connections, and a full server: waited for, or told", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await su.query("ALTER ROLE vn_check CONNECTION LIMIT 1");
  const weekly = await account.run("weekly");
  await su.query("ALTER ROLE vn_check CONNECTION LIMIT -1");
  expect(weekly.code, await account.said()).toBe(2);
  expect(weekly.stderr).toMatch(
    /isere: Client-API-VN got no connection.*too many connections for role "vn_check"\)\..*CONNECTION LIMIT/,
  );
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  // Ordinary logins have none of the slots that are kept for superusers.
  const { rows } = await su.query(
    "SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer - (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend') AS free",
  );
  const all = await Promise.all(
    Array.from({ length: rows[0].free }, () => accounts.cluster.connect("postgres")),
  );
  try {
    expect((await account.run("status")).stdout).toMatch(
      /\(53300\).*All connections of the server.*max_connections/,
    );
    const run = account.start("daily");
    await sleep(3000);
    await Promise.all(all.splice(0).map((one) => one.end()));
    expect(await run.ended, await account.said()).toMatchObject({ code: 0 });
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
});

describe("a repair that the server's room does not allow", () => {
  test("A9: temporary files beyond temp_file_limit, and on a full disk: told, nothing written, and done later", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.sql.query(`INSERT INTO src_vn_json_check.observations_json (id, site, item, update_ts)
      SELECT 900000000 + i, 'isere', jsonb_build_object('id', i, 'text', repeat(md5(i::text), 20)), 1700000000 FROM generate_series(1, 20000) AS i`);
    const database = `DATABASE "${account.database}"`;
    await account.sql.query(`ALTER ${database} SET work_mem = '64kB'; ALTER ${database} SET temp_file_limit = '64kB';
      ALTER ROLE vn_check IN ${database} SET work_mem = '64kB'`);
    await refused(account, "repair", /temporary file size exceeds.*\(53400\).*temp_file_limit/);
    await account.sql.query(`ALTER ${database} RESET temp_file_limit`);

    const dir = mkdtempSync(join(tmpdir(), "vn-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "vn-full", dir]);
    try {
      execFileSync("chown", ["postgres:postgres", dir]);
      chmodSync(dir, 0o700);
      await account.sql.query(`CREATE TABLESPACE full_one LOCATION '${dir}'`);
      await account.sql.query(
        `GRANT CREATE ON TABLESPACE full_one TO PUBLIC; ALTER ${database} SET temp_tablespaces = full_one`,
      );
      await refused(account, "repair", /No space left on device \(53100\).*Disk or memory.*full/);
      await account.sql.query(`ALTER ${database} RESET temp_tablespaces`);
      await account.sql.query("DROP TABLESPACE full_one");
    } finally {
      execFileSync("umount", [dir]);
      rmSync(dir, { recursive: true });
    }
    const repair = await account.run("repair", "--accept", "30000");
    expect(repair.stdout, await account.said()).toMatch(/20\d{3} inserted/);
  });
});

describe("a server that comes back as another", () => {
  const restarted = async (account: RunnerAccount, how: "crash" | "standby" | undefined) => {
    await su.end();
    await accounts.cluster.restart(1, how);
    su = await accounts.cluster.connect("postgres");
    account.sql = await accounts.cluster.connect(account.database);
  };

  test("A14: a standby, which may only be read, repairs nothing and is told as such; the primary goes on", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await restarted(account, "standby");
    await refused(account, "weekly", /read-only transaction.*\(25006\).*standby/);
    await restarted(account, undefined);
    expect((await account.run("weekly")).code).toBe(0);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });

  test("A14: a crash in the middle of the repair, and the recovery after it, end neither run nor repair", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.sql.query(`
      CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
    const run = account.start("weekly");
    for (const until = Date.now() + 120_000; ; await sleep(50)) {
      const { rowCount } = await account.sql.query(
        "SELECT FROM src_vn_json_repair.run WHERE phase = 'applying'",
      );
      if (rowCount) break;
      if (Date.now() > until) throw new Error(await account.said());
    }
    await restarted(account, "crash");
    expect(await run.ended, await account.said()).toMatchObject({ code: 0 });
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });
});
