import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { simulate } from "../emulator";
import { type Pooler, startPooler } from "../support/pooler";
import { NAMES, type RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

/** The account's programs reach the database through the pooler: the runner by its service, the client by evn.yaml. */
async function through(account: RunnerAccount, { port }: Pooler): Promise<void> {
  for (const name of [".pg_service.conf", ".pgpass", "evn.yaml"]) {
    const text = await account.file(name);
    const changed = text.replaceAll(String(accounts.cluster.port), String(port));
    expect(changed).not.toBe(text);
    await account.write(name, changed);
  }
}

async function lacking(account: RunnerAccount): Promise<number> {
  const { rows } = await account.sql.query(
    "SELECT id, update_ts FROM src_vn_json.observations_json WHERE site = 'isere'",
  );
  const have = new Map(rows.map((row) => [row.id, row.update_ts]));
  return [...accounts.emulator.world.truth({ site: "isere" })].filter(
    (row) => have.get(row.id) !== row.update_ts,
  ).length;
}

describe.each(["session", "transaction"] as const)("behind pgbouncer, a connection lent for a %s", (mode) => {
  let pooler: Pooler;
  beforeAll(async () => {
    const { superuser: user, password } = accounts.cluster;
    pooler = await startPooler(accounts.cluster, mode, [
      { user, password },
      { user: NAMES.login, password: accounts.secrets[0] ?? "" },
    ]);
  });
  afterAll(() => pooler?.stop());

  test("A2, A9: weekly and daily download, prove and repair, whatever the database sets", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.settings({ windowDays: 40 });
    await through(account, pooler);
    const settings = {
      datestyle: "German, DMY",
      statement_timeout: "400ms",
      idle_in_transaction_session_timeout: "500ms",
      default_transaction_read_only: "on",
      exit_on_error: "on",
      standard_conforming_strings: "off",
      search_path: "",
    };
    for (const [name, value] of Object.entries(settings))
      await account.sql.query(`ALTER DATABASE "${account.database}" SET ${name} = '${value}'`);
    simulate(accounts.emulator.world, { action: "insert", site: "isere", count: 4 });
    for (const verb of ["weekly", "daily", "repair"]) {
      const run = await account.run(verb);
      expect(run, await account.said()).toMatchObject({ code: 0, stderr: "" });
    }
    expect(await account.status()).toMatchObject({ ok: true, problems: [], proof: { proven: true } });
    expect(await lacking(account)).toBe(0);
  });

  test("A14: what the pooler says or passes on is waited for, and told as its words", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await through(account, pooler);
    const su = await accounts.cluster.connect("postgres");
    await su.query(`ALTER ROLE ${NAMES.login} CONNECTION LIMIT 0`);
    const daily = account.start("daily");
    await sleep(4000);
    expect((await account.run("status")).stdout).toMatch(
      /too many connections for role "vn_check" \(08P01\)\. A connection pooler.*the server behind it/,
    );
    await su.query(`ALTER ROLE ${NAMES.login} CONNECTION LIMIT -1`);
    await su.end();
    expect(await daily.ended, await account.said()).toMatchObject({ code: 0 });
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });
});
