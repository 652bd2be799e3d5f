import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differences, loseChanges, makeNewerRows, touchedRows } from "../../scripts/stage/damage";
import { leftovers } from "../../scripts/stage/leftovers";
import { nothingChanged } from "../../scripts/stage/stack";
import { asKitAccount, Stage, siteAccount } from "../../scripts/stage/stage";
import { startWeeklyByCron } from "../../scripts/stage/weekly";

/** The tables of the check copy that hold downloaded rows, with how many. */
async function rowsInCheck(stage: Stage): Promise<Record<string, number>> {
  const { data } = await leftovers(stage);
  const tables = data.filter(({ table }) => /observations_json|forms_json|download_log/.test(table));
  return Object.fromEntries(tables.map(({ table, rows }) => [table, rows]));
}

/** The check copy, observation by observation, against the portal's truth. */
async function checkAgainstTruth(stage: Stage): Promise<{ expected: number; wrong: number }> {
  const rows = await stage.query<{ key: string }>(
    "SELECT site || '/' || id || '/' || update_ts AS key FROM src_vn_json_check.observations_json",
  );
  const truth = [...stage.emulator.world.truth()].map((row) => `${row.site}/${row.id}/${row.update_ts}`);
  const found = new Set(rows.map(({ key }) => key));
  return {
    expected: truth.length,
    wrong: truth.filter((key) => !found.has(key)).length + Math.abs(found.size - truth.length),
  };
}

/** Every secret that the stack was given or made. */
function secretsOf(stage: Stage): string[] {
  const passwords = stage.sites.flatMap((site) => {
    const account = siteAccount(stage.emulator, site, 1);
    return [account.userPassword, account.clientKey, account.clientSecret];
  });
  const keyLine = stage.host.privateKey.trim().split("\n")[2] as string;
  return [stage.admin.password, keyLine, ...passwords];
}

// One story: each test stands on what the one before it has left.
describe.sequential("up → first import → faults → weekly by cron → repaired → destroy", () => {
  let stage: Stage;
  const said: string[] = [];

  beforeAll(async () => {
    stage = await Stage.start({
      name: `e2e${process.pid}`,
      observations: 600,
      say: (line) => said.push(line),
    });
    await stage.main.install();
    await stage.main.full();
    await stage.configure();
  });
  afterAll(async () => {
    await stage?.stop();
  });

  test("up on a fresh host does everything", async () => {
    const changes = await stage.stack.up();
    expect(changes.create).toBeGreaterThan(20);
    expect(changes.delete + changes.update + changes.replace).toBe(0);
  });

  test("a second up shows no change", async () => {
    expect(nothingChanged(await stage.stack.up())).toBe(true);
  });

  test("preview works with host and database down", async () => {
    const config = readFileSync(stage.stack.configFile, "utf8");
    const down = config.replace(
      new RegExp(`port: "?(${stage.host.port}|${stage.cluster.port})"?$`, "gm"),
      "port: 1",
    );
    expect(down.match(/port: 1$/gm)).toHaveLength(2);
    await stage.stack.withConfig(down, async () => {
      const preview = await stage.stack.preview();
      expect(preview.code, preview.stdout + preview.stderr).toBe(0);
    });
  });

  test("no secret is in the state in clear, nor readable by others on the host", async () => {
    const state = stage.stack.stateText();
    const passfile = await stage.host.must("cat ~vn_check/.pgpass");
    const login = passfile.trim().split(":").at(-1) as string;
    expect(login.length).toBeGreaterThan(20);
    for (const secret of [...secretsOf(stage), login]) expect(state.includes(secret)).toBe(false);
    const loose = await stage.host.must(
      "find ~vn_check -type f \\( -name evn.yaml -o -name .pgpass \\) ! -perm 600; find ~vn_check -maxdepth 0 ! -perm 700",
    );
    expect(loose).toBe("");
  });

  test("psql service=vn_check works for the account", async () => {
    const who = await stage.host.must(asKitAccount("psql service=vn_check -Atc 'SELECT current_user'"));
    expect(who.trim()).toBe("vn_check");
  });

  test("the first import fills the check copy with all that the portal has", async () => {
    await stage.firstImportDone();
    expect(await checkAgainstTruth(stage)).toMatchObject({ wrong: 0 });
  });

  test("the weekly job, started by cron, repairs all that the main synchronisation has lost", async () => {
    await loseChanges(stage, (line) => said.push(line));
    const newer = await makeNewerRows(stage);
    const before = await differences(stage);
    for (const site of before) {
      expect(site.missing, site.site).toBeGreaterThanOrEqual(50);
      expect(site.stale, site.site).toBeGreaterThanOrEqual(30);
    }

    const weekly = await startWeeklyByCron(stage, (line) => said.push(line));

    expect(weekly.status).toBe("done");
    const after = await differences(stage);
    for (const site of after) expect(site).toMatchObject({ missing: 0, stale: 0 });
    expect(after.map(({ newer }) => newer)).toEqual(before.map(({ newer }) => newer));
    expect(await touchedRows(stage, newer)).toBe(0);
    const total = (key: "missing" | "stale") => before.reduce((sum, site) => sum + site[key], 0);
    expect(weekly.observations).toEqual({ inserted: total("missing"), updated: total("stale") });
  });

  test("a weekly job by the seed's name repairs by hand, and has nothing more to do", async () => {
    await stage.host.must(asKitAccount("bin/transfer_vn_full_2w evn.yaml vn_check"));
    const [run] = await stage.query<{ verb: string; status: string }>(
      "SELECT verb, status FROM src_vn_json_check.job_run ORDER BY id DESC LIMIT 1",
    );
    expect(run).toEqual({ verb: "weekly", status: "done" });
  });

  test("no secret is in any log of the account", async () => {
    const logs = await stage.host.must("cat ~vn_check/log/* ~vn_check/tmp/* 2>/dev/null || true");
    expect(logs.length).toBeGreaterThan(100);
    for (const secret of secretsOf(stage)) expect(logs.includes(secret)).toBe(false);
  });

  let kept: Record<string, number>;

  test("destroy leaves nothing but data", async () => {
    kept = await rowsInCheck(stage);
    await stage.stack.destroy();
    const left = await leftovers(stage);
    expect(left.ours).toEqual([]);
    expect(await rowsInCheck(stage)).toEqual(kept);
    expect(left.data.map(({ table }) => table)).toContain("dbadmin.monitoring_vn_check_to_prod");
  });

  test("the next up finds the data and downloads nothing anew", async () => {
    stage.emulator.requests.clear();
    await stage.stack.up();
    await stage.firstImportDone(120);
    expect(stage.emulator.requests.list({ endpoint: "observations/search" })).toEqual([]);
    const now = await rowsInCheck(stage);
    expect(now["src_vn_json_check.observations_json"]).toBe(kept["src_vn_json_check.observations_json"]);
    await stage.vnCheck("daily");
    expect(await checkAgainstTruth(stage)).toMatchObject({ wrong: 0 });
  });

  test("with destroyData at up before, destroy takes the data too", async () => {
    await stage.stack.set("vn-sync-check:destroyData", "true");
    await stage.stack.up();
    await stage.stack.destroy();
    const left = await leftovers(stage);
    expect(left).toEqual({ data: [], ours: [] });
    const main = await stage.query("SELECT 1 FROM src_vn_json.observations_json LIMIT 1");
    expect(main).toHaveLength(1);
  });
});
