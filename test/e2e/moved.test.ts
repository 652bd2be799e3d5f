import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Association, asKitAccount, MAIN_SCHEMA } from "../harness/association";
import { nothingChanged } from "../harness/stack";
import { must, run } from "../support/command";
import { makeClientTables } from "../support/installation";
import { type Cluster, startCluster } from "../support/postgres";

// One story: the database's server is restored elsewhere from a dump, which holds no roles.
describe.sequential("a database that moves to another server", () => {
  let association: Association;
  let second: Cluster;

  beforeAll(async () => {
    const name = `moved${process.pid}`;
    [association, second] = await Promise.all([
      Association.start({ name, observations: 30, sites: ["isere"] }),
      startCluster({ postgis: false }),
    ]);
    const client = await association.cluster.connect(association.database);
    await client.query("SET ROLE vn_main");
    await makeClientTables(client, MAIN_SCHEMA);
    await client.end();
    await association.configure();
    await association.stack.up();
    await association.firstImportDone();
  });
  afterAll(async () => {
    await association?.stop();
    await second?.stop();
  });

  const up = async () => {
    const { args, env } = association.stack.command("up", "--yes", "--skip-preview");
    const { code, stdout, stderr } = await run("pulumi", args, { env });
    return { code, said: stdout + stderr };
  };
  const onSecond = async (sql: string, database = association.database) => {
    const client = await second.connect(database);
    try {
      return (await client.query(sql)).rows ?? [];
    } finally {
      await client.end();
    }
  };
  const files = () =>
    association.host.must(
      "stat -c '%n %Y %i' ~vn_check/.pg_service.conf ~vn_check/.pgpass ~vn_check/evn.yaml ~vn_check/vn-check.json /etc/cron.d/vn_check",
    );

  test("B12: restored on another server without its roles: nothing moves before what to run is said and has been run", async () => {
    const before = await files();
    const dump = join(association.dir, "dump");
    const { user, password } = association.admin;
    await must("pg_dump", ["-Fc", "-f", dump], {
      env: { ...process.env, ...association.cluster.env(association.database) },
    });
    await second.createDatabase(association.database);
    await association.stack.set("vn-sync-check:database.port", String(second.port));

    // Not even the administrator's login is there.
    const early = await up();
    expect(early.code).not.toBe(0);
    expect(early.said).toContain("Nothing was made or changed");
    expect(early.said).toMatch(/database\.adminPassword: .* refuses the login geo_admin/);
    await onSecond(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`, "postgres");
    // Ends with 1: the dump's owners and grants name roles that are not here.
    await run("pg_restore", ["--no-owner", "--no-acl", "-d", association.database, dump], {
      env: { ...process.env, ...second.env(association.database) },
    });

    const refused = await up();
    expect(refused.code).not.toBe(0);
    expect(refused.said).toContain("Nothing was made or changed");
    expect(refused.said).toMatch(/database\.adminUser: geo_admin lacks rights/);
    expect(await files()).toBe(before);
    expect(await onSecond("SELECT FROM pg_roles WHERE rolname LIKE 'vn\\_check%'")).toEqual([]);
    const toRun = refused.said.split("\n").filter((line) => /^\s+(GRANT|ALTER) .*;$/.test(line));
    expect(toRun.length).toBeGreaterThan(2);
    await onSecond(toRun.join("\n"));

    const moved = await up();
    expect(moved.code, moved.said).toBe(0);
    expect(await files()).not.toBe(before);
    const where =
      "SELECT current_user, inet_server_port(), count(*) FROM src_vn_json_check.observations_json";
    const seen = await association.host.must(asKitAccount(`psql service=vn_check -Atc '${where}'`));
    expect(seen.trim()).toMatch(new RegExp(`^vn_check\\|${second.port}\\|2\\d$`));
    const twice = await association.stack.up();
    expect(nothingChanged(twice), JSON.stringify(twice)).toBe(true);
  });

  test("B13: that one is gone for good, and another with nothing of the kit takes its place: said so, up ends", async () => {
    const before = await files();
    await association.query("DROP SCHEMA src_vn_json_check, src_vn_json_repair, dbadmin CASCADE");
    await second.stop();
    await association.stack.set("vn-sync-check:database.port", String(association.cluster.port));
    const refused = await up();
    expect(refused.code).not.toBe(0);
    expect(refused.said).toMatch(/this is not the database[\s\S]*oldDatabaseGone true, then `pulumi up`/);
    expect(await files()).toBe(before);
    await association.stack.set("vn-sync-check:oldDatabaseGone", "true");
    const replaced = await up();
    expect(replaced.code, replaced.said).toBe(0);
    const twice = await association.stack.up();
    expect(nothingChanged(twice), JSON.stringify(twice)).toBe(true);
    await association.firstImportDone();
    expect(
      (await association.query("SELECT FROM src_vn_json_check.observations_json")).length,
    ).toBeGreaterThan(20);
    await association.stack.set("vn-sync-check:oldDatabaseGone", "false");
    expect((await up()).code).toBe(0);
  });

  test("B13: the host is gone for good: destroy says the two commands, which end without it", async () => {
    // Its init ends with it, and so the whole host.
    await association.host.exec("pkill -x sshd");
    await expect(association.stack.destroy()).rejects.toThrow(
      /host\.address: no SSH server answers[\s\S]*Nothing was removed[\s\S]*oldHostGone true, then pulumi destroy --run-program/,
    );
    await association.stack.set("vn-sync-check:oldHostGone", "true");
    const { args, env } = association.stack.command("destroy", "--yes", "--skip-preview", "--run-program");
    const destroyed = await run("pulumi", args, { env });
    expect(destroyed.code, destroyed.stdout + destroyed.stderr).toBe(0);
    expect(association.stack.stateText()).not.toMatch(/:Command"|postgresql:index\/role/);
    expect(
      await association.query("SELECT FROM pg_roles WHERE rolname IN ('vn_check', 'vn_check_repair')"),
    ).toEqual([]);
  });
});
