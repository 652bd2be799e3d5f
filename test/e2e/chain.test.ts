import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Association, asKitAccount, siteAccount } from "../harness/association";
import { differences, loseChanges, makeNewerRows, touchedRows } from "../harness/damage";
import { leftovers } from "../harness/leftovers";
import { nothingChanged } from "../harness/stack";
import { startWeeklyByCron } from "../harness/weekly";

/** The tables of the check copy that hold downloaded rows, with how many. */
async function rowsInCheck(association: Association): Promise<Record<string, number>> {
  const { data } = await leftovers(association);
  const tables = data.filter(({ table }) => /observations_json|forms_json|download_log/.test(table));
  return Object.fromEntries(tables.map(({ table, rows }) => [table, rows]));
}

/** The check copy, observation by observation, against the portal's truth. */
async function checkAgainstTruth(association: Association): Promise<{ expected: number; wrong: number }> {
  const rows = await association.query<{ key: string }>(
    "SELECT site || '/' || id || '/' || update_ts AS key FROM src_vn_json_check.observations_json",
  );
  const truth = [...association.emulator.world.truth()].map(
    (row) => `${row.site}/${row.id}/${row.update_ts}`,
  );
  const found = new Set(rows.map(({ key }) => key));
  return {
    expected: truth.length,
    wrong: truth.filter((key) => !found.has(key)).length + Math.abs(found.size - truth.length),
  };
}

/** Every secret that the stack was given or made. */
function secretsOf(association: Association): string[] {
  const passwords = association.sites.flatMap((site) => {
    const account = siteAccount(association.emulator, site, 1);
    return [account.userPassword, account.clientKey, account.clientSecret];
  });
  const keyLine = association.host.privateKey.trim().split("\n")[2] as string;
  return [association.admin.password, keyLine, ...passwords];
}

// One story: each test stands on what the one before it has left.
describe.sequential("up → first import → faults → weekly by cron → repaired → destroy", () => {
  let association: Association;

  beforeAll(async () => {
    association = await Association.start({
      name: `e2e${process.pid}`,
      observations: 600,
    });
    await association.main.install();
    await association.main.full();
    await association.configure();
  });
  afterAll(async () => {
    await association?.stop();
  });

  test("up on a fresh host does everything", async () => {
    const changes = await association.stack.up();
    expect(changes.create).toBeGreaterThan(20);
    expect(changes.delete + changes.update + changes.replace).toBe(0);
  });

  test("a second up shows no change", async () => {
    expect(nothingChanged(await association.stack.up())).toBe(true);
  });

  test("preview works with host and database down", async () => {
    const config = readFileSync(association.stack.configFile, "utf8");
    const down = config.replace(
      new RegExp(`port: "?(${association.host.port}|${association.cluster.port})"?$`, "gm"),
      "port: 1",
    );
    expect(down.match(/port: 1$/gm)).toHaveLength(2);
    await association.stack.withConfig(down, async () => {
      const preview = await association.stack.preview();
      expect(preview.code, preview.stdout + preview.stderr).toBe(0);
    });
  });

  test("no secret is in the state in clear, nor readable by others on the host", async () => {
    const state = association.stack.stateText();
    const passfile = await association.host.must("cat ~vn_check/.pgpass");
    const login = passfile.trim().split(":").at(-1) as string;
    expect(login.length).toBeGreaterThan(20);
    for (const secret of [...secretsOf(association), login]) expect(state.includes(secret)).toBe(false);
    const loose = await association.host.must(
      "find ~vn_check -type f \\( -name evn.yaml -o -name .pgpass \\) ! -perm 600; find ~vn_check -maxdepth 0 ! -perm 700",
    );
    expect(loose).toBe("");
  });

  test("psql service=vn_check works for the account", async () => {
    const who = await association.host.must(asKitAccount("psql service=vn_check -Atc 'SELECT current_user'"));
    expect(who.trim()).toBe("vn_check");
  });

  test("the first import fills the check copy with all that the portal has", async () => {
    await association.firstImportDone();
    expect(await checkAgainstTruth(association)).toMatchObject({ wrong: 0 });
  });

  test("the weekly job, started by cron, repairs all that the main synchronisation has lost", async () => {
    await loseChanges(association);
    const newer = await makeNewerRows(association);
    const before = await differences(association);
    for (const site of before) {
      expect(site.missing, site.site).toBeGreaterThanOrEqual(50);
      expect(site.stale, site.site).toBeGreaterThanOrEqual(30);
    }

    const weekly = await startWeeklyByCron(association);

    expect(weekly.status).toBe("done");
    const after = await differences(association);
    for (const site of after) expect(site).toMatchObject({ missing: 0, stale: 0 });
    expect(after.map(({ newer }) => newer)).toEqual(before.map(({ newer }) => newer));
    expect(await touchedRows(association, newer)).toBe(0);
    const total = (key: "missing" | "stale") => before.reduce((sum, site) => sum + site[key], 0);
    expect(weekly.observations).toEqual({ inserted: total("missing"), updated: total("stale") });
  });

  test("a weekly job by the seed's name repairs by hand, and has nothing more to do", async () => {
    await association.host.must(asKitAccount("bin/transfer_vn_full_2w evn.yaml vn_check"));
    const [run] = await association.query<{ verb: string; status: string }>(
      "SELECT verb, status FROM src_vn_json_repair.job ORDER BY id DESC LIMIT 1",
    );
    expect(run).toEqual({ verb: "weekly", status: "done" });
  });

  test("no secret is in any log of the account", async () => {
    const logs = await association.host.must("cat ~vn_check/log/* ~vn_check/tmp/* 2>/dev/null || true");
    expect(logs.length).toBeGreaterThan(100);
    for (const secret of secretsOf(association)) expect(logs.includes(secret)).toBe(false);
  });

  let kept: Record<string, number>;

  test("destroy leaves nothing but data", async () => {
    kept = await rowsInCheck(association);
    await association.stack.destroy();
    const left = await leftovers(association);
    expect(left.ours).toEqual([]);
    expect(await rowsInCheck(association)).toEqual(kept);
    expect(left.data.map(({ table }) => table)).toContain("dbadmin.monitoring_vn_check_to_prod");
  });

  test("the next up finds the data and downloads nothing anew", async () => {
    association.emulator.requests.clear();
    await association.stack.up();
    await association.firstImportDone(120);
    expect(association.emulator.requests.list({ endpoint: "observations/search" })).toEqual([]);
    const now = await rowsInCheck(association);
    expect(now["src_vn_json_check.observations_json"]).toBe(kept["src_vn_json_check.observations_json"]);
    await association.vnCheck("daily");
    expect(await checkAgainstTruth(association)).toMatchObject({ wrong: 0 });
  });

  test("with destroyData at up before, destroy takes the data too", async () => {
    await association.stack.set("vn-sync-check:destroyData", "true");
    await association.stack.up();
    await association.stack.destroy();
    const left = await leftovers(association);
    expect(left).toEqual({ data: [], ours: [] });
    const main = await association.query("SELECT 1 FROM src_vn_json.observations_json LIMIT 1");
    expect(main).toHaveLength(1);
  });
});
