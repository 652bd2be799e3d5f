import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Association, asKitAccount, MAIN_SCHEMA } from "../harness/association";
import { leftovers } from "../harness/leftovers";
import { nothingChanged } from "../harness/stack";
import { type Finished, run } from "../support/command";
import { makeClientTables } from "../support/installation";

// One story: what an `up` has made is taken away by others, the configuration stays as it is, `up` comes again.
describe.sequential("what was made is gone under a living stack", () => {
  let association: Association;

  beforeAll(async () => {
    const name = `gone${process.pid}`;
    association = await Association.start({ name, observations: 30, sites: ["isere"] });
    await makeMain();
    await association.configure();
    await association.stack.up();
    await association.firstImportDone();
  });
  afterAll(async () => {
    await association?.stop();
  });

  const pulumi = (...args: string[]): Promise<Finished> => {
    const { args: all, env } = association.stack.command(...args);
    return run("pulumi", all, { env });
  };
  /** What `up` says, which has to end well. */
  async function up(): Promise<string> {
    const { code, stdout, stderr } = await pulumi("up", "--yes", "--skip-preview");
    expect(code, stdout + stderr).toBe(0);
    return stdout + stderr;
  }
  async function secondUpChangesNothing(): Promise<void> {
    const twice = await association.stack.up();
    expect(nothingChanged(twice), JSON.stringify(twice)).toBe(true);
  }
  async function makeMain(): Promise<void> {
    const client = await association.cluster.connect(association.database);
    await client.query("SET ROLE vn_main");
    await makeClientTables(client, MAIN_SCHEMA);
    await client.end();
  }
  const downloaded = () =>
    association.query("SELECT site, id, update_ts FROM src_vn_json_check.observations_json ORDER BY 1, 2");
  const loggedIn = () =>
    association.host.must(asKitAccount("psql service=vn_check -Atc 'SELECT current_user'"));

  test("S10: schemas and roles dropped: up tells it, makes them again, the account logs in, the first import begins anew", async () => {
    const before = await downloaded();
    expect(before.length).toBeGreaterThan(20);
    await association.query(`DROP SCHEMA src_vn_json_check, src_vn_json_repair CASCADE;
      DROP OWNED BY vn_check, vn_check_repair CASCADE; DROP ROLE vn_check, vn_check_repair`);
    expect(await up()).toContain(
      "what this stack had in the database is not there (src_vn_json_check, src_vn_json_repair, vn_check, vn_check_repair): all of it is made again",
    );
    await association.firstImportDone();
    expect(await downloaded()).toEqual(before);
    expect((await loggedIn()).trim()).toBe("vn_check");
    // Nothing lacks but what the first daily run is to do: main has not been compared yet.
    expect((await association.status()).causes.map(({ code }) => code)).toEqual(["never-compared"]);
    // The rest of what somebody changes by hand is not looked for.
    await association.host.must(
      "echo '# by hand' >>/etc/cron.d/vn_check; echo '# by hand' >>~vn_check/evn.yaml",
    );
    await association.query(
      "DROP INDEX IF EXISTS src_vn_json.vn_repair_cover; REVOKE SELECT ON src_vn_json_check.mv_data_missing_or_not_updated FROM vn_check",
    );
    await secondUpChangesNothing();
    expect(await association.host.must("tail -qn 1 /etc/cron.d/vn_check ~vn_check/evn.yaml")).toBe(
      "# by hand\n# by hand\n",
    );
  });

  test("S10: the host installed anew at the same address: all is put there again, the data are gone on with", async () => {
    association.emulator.requests.clear();
    await association.host.must(
      "rm -r /etc/cron.d/vn_check /home/vn_check /var/lib/vn-sync-check; userdel vn_check; dpkg -r --force-depends python3-venv >/dev/null",
    );
    const said = await up();
    expect(said).toMatch(
      /what this stack had on the host is not there \(\/var\/lib\/\S+, vn_check, \/home\/vn_check\)/,
    );
    expect(await association.host.must("cat /etc/cron.d/vn_check; dpkg -s python3-venv")).toContain(
      "vn-check daily",
    );
    expect((await loggedIn()).trim()).toBe("vn_check");
    await association.firstImportDone();
    expect(association.emulator.requests.list({ endpoint: "observations/search" })).toEqual([]);
    await secondUpChangesNothing();
  });

  test("B13, S10: the database dropped and created again: refused until it is said to be gone, then up ends, the import begins anew", async () => {
    const before = await downloaded();
    const files = () =>
      association.host.must(
        "stat -c '%n %Y %i' ~vn_check/.pg_service.conf ~vn_check/.pgpass ~vn_check/evn.yaml",
      );
    const untouched = await files();
    await association.cluster.dropDatabase(association.database);
    await association.cluster.createDatabase(association.database);
    await association.query(`ALTER DATABASE ${association.database} OWNER TO geo_admin;
      GRANT CREATE ON DATABASE ${association.database} TO vn_main`);
    await makeMain();
    const refused = await pulumi("up", "--yes", "--skip-preview");
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(
      /this is not the database that the stack was installed in[\s\S]*pulumi config set vn-sync-check:oldDatabaseGone true, then `pulumi up`/,
    );
    expect(await files()).toBe(untouched);
    expect(
      (await association.query("SELECT FROM pg_namespace WHERE nspname LIKE 'src_vn_json_%'")).length,
    ).toBe(0);

    await association.stack.set("vn-sync-check:oldDatabaseGone", "true");
    await up();
    await association.stack.set("vn-sync-check:oldDatabaseGone", "false");
    await up();
    await secondUpChangesNothing();
    await association.firstImportDone();
    expect(await downloaded()).toEqual(before);
  });

  test("B1: a login that runs nothing any more from the middle of destroy on: it fails, and goes on when that is mended", async () => {
    const keys = (edit: string) => association.host.must(`cd ~ops/.ssh && ${edit}`);
    let forced: Promise<unknown> | undefined;
    const destroyed = association.stack.destroy(({ name }) => {
      if (name === "host-guard")
        forced = keys(`cp authorized_keys kept && sed -i 's#^#command="true" #' authorized_keys`);
    });
    await expect(destroyed).rejects.toThrow(
      /host\.user: ops@.*\n.*\n.*`pulumi destroy` again, which then removes it/,
    );
    await forced;
    expect(await association.host.must("ls /etc/cron.d /home; getent passwd vn_check")).toContain("vn_check");
    await keys("cp kept authorized_keys");
    await association.stack.destroy();
    expect((await leftovers(association)).ours).toEqual([]);
  });
});
