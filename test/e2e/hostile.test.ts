import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Association } from "../harness/association";
import { differences, loseChanges, makeNewerRows, touchedRows } from "../harness/damage";
import { makeHostile, wrongCopies } from "../harness/hostile";
import { leftovers } from "../harness/leftovers";
import { nothingChanged } from "../harness/stack";
import { startWeeklyByCron } from "../harness/weekly";
import { must, run } from "../support/command";

// One story: each test stands on what the one before it has left.
describe.sequential("the whole chain on a database as people have them", () => {
  let association: Association;

  beforeAll(async () => {
    association = await Association.start({ name: `hostile${process.pid}`, observations: 600 });
    await association.main.install();
    await makeHostile(association);
    await association.main.full();
    await association.configure({ "repair.runAs": "vn_main" });
  });
  afterAll(async () => {
    await association?.stop();
  });

  test("main's own synchronisation works on it, triggers and all", async () => {
    for (const site of await differences(association)) expect(site).toMatchObject({ missing: 0, stale: 0 });
    expect(await wrongCopies(association)).toBe(0);
  });

  test("up, a second up without a change, and the first import", async () => {
    const changes = await association.stack.up();
    expect(changes.create).toBeGreaterThan(20);
    expect(nothingChanged(await association.stack.up())).toBe(true);
    await association.firstImportDone();
  });

  const dump = () => join(association.dir, "night.dump");

  test("the nightly dump by the database's owner, who is no superuser", async () => {
    await must("pg_dump", ["-Fc", "-f", dump()], {
      env: { ...process.env, ...association.cluster.env(association.database, association.admin) },
    });
  });

  test("the weekly job repairs all that main has lost, and triggers wrote what main's own sync would have", async () => {
    await loseChanges(association);
    const newer = await makeNewerRows(association);
    const before = await differences(association);
    for (const site of before) expect(site.missing, site.site).toBeGreaterThanOrEqual(50);
    const weekly = await startWeeklyByCron(association);
    expect(weekly.status).toBe("done");
    for (const site of await differences(association)) expect(site).toMatchObject({ missing: 0, stale: 0 });
    expect(await touchedRows(association, newer)).toBe(0);
    expect(await wrongCopies(association)).toBe(0);
    expect((await association.status()).ok).toBe(true);
  });

  test("main restored from last night's dump: the next weekly brings it up to date again", async () => {
    const restored = await run(
      "pg_restore",
      ["--clean", "-n", "src_vn_json", "-d", association.database, dump()],
      {
        env: { ...process.env, ...association.cluster.env(association.database) },
      },
    );
    // What pg_restore says of every partitioned table: its partitions' keys go with the parent's.
    const errors = restored.stderr.split("\n").filter((line) => /error:/.test(line));
    expect(errors.filter((line) => !/cannot drop inherited constraint/.test(line))).toEqual([]);
    const before = await differences(association);
    expect(before.every((site) => site.missing > 0)).toBe(true);
    await association.vnCheck("weekly");
    for (const site of await differences(association)) expect(site).toMatchObject({ missing: 0, stale: 0 });
    expect(await wrongCopies(association)).toBe(0);
  });

  test("the daily job follows", async () => {
    await association.vnCheck("daily");
    for (const site of await differences(association)) expect(site).toMatchObject({ missing: 0, stale: 0 });
    const [refused] = await association.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM src_vn_json_repair.set_aside",
    );
    expect(refused?.n).toBe(0);
  });

  test("destroy leaves nothing but data", async () => {
    await association.stack.destroy();
    expect((await leftovers(association)).ours.filter((line) => !/src_vn_json\.|gn\./.test(line))).toEqual(
      [],
    );
  });
});
