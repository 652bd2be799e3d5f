import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Content,
  type Key,
  LAST_PAST,
  type Mode,
  Model,
  type Op,
  type Outcome,
  type Rules,
} from "./model";
import { type Databases, type Db, put, startDatabases } from "./support";

/**
 * Random histories of both copies, repairs in between, against the model. Histories of one schedule of repairs go
 * through the database together, each with ids of its own; one that fails is run again alone, and made smaller.
 * FC_SEED=… repeats a run, or tries another.
 */
const RUNS = 1000;
const SEED = Number(process.env["FC_SEED"] ?? 20_240_917);

const RULES: Rules[] = [
  { deletions: "apply", lossesByOthers: "report", watchMain: true },
  { deletions: "apply", lossesByOthers: "repair", watchMain: true },
  { deletions: "report", lossesByOthers: "report", watchMain: true },
  { deletions: "apply", lossesByOthers: "report", watchMain: false },
];

interface History {
  /** Which of RULES. */
  rules: number;
  /** What happens, then a repair. */
  rounds: { ops: Op[]; mode: Mode }[];
}

const IDS = 3;
const KEYS = Array.from({ length: IDS }, (_, i) => [`${i + 1}/vn38`, `${i + 1}/vn07`]).flat();

/** Half of the steps are about one key, so that much happens to it. */
const key: fc.Arbitrary<Key> = fc.oneof(fc.constant("1/vn38"), fc.constantFrom(...KEYS));
const ts = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.integer({ min: LAST_PAST + 1, max: LAST_PAST + 4 }) },
);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("check.put", "main.put"), key, ts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("main.set"), key, ts }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "check.drop",
        "check.drop",
        "main.drop",
        "check.dropByHand",
        "main.dropByOther",
        "main.lose",
        "restore",
        "check.week",
      ),
      key,
    }),
  },
);
const history: fc.Arbitrary<History> = fc.record({
  rules: fc.nat(RULES.length - 1),
  rounds: fc
    .tuple(
      fc.array(
        fc.record({ ops: fc.array(op, { maxLength: 10 }), mode: fc.constantFrom<Mode>("journal", "whole") }),
        {
          maxLength: 3,
        },
      ),
      fc.record({
        ops: fc.array(op, { minLength: 1, maxLength: 10 }),
        mode: fc.constantFrom<Mode>("whole", "contents"),
      }),
    )
    .map(([some, last]) => [...some, last]),
});

let world: Databases;
const databases: Db[] = [];
beforeAll(async () => {
  world = await startDatabases();
  for (const rules of RULES) {
    const db = await world.database({
      ...rules,
      mainSyncLogins: ["vn_main"],
      maxDeletes: 1e6,
      maxDeleteShare: 1,
    });
    // Main's last update, later than every version of the past.
    await db.main.query(
      "INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now()), ('vn07', 1, now())",
    );
    await db.repair(); // the first after an installation concludes no deletion
    databases.push(db);
  }
});
afterAll(() => world.stop());

const MAIN = "src_vn_json.observations_json";
const CHECK = "src_vn_json_check.observations_json";
const seconds = (t: number, now: number) => (t > LAST_PAST ? now + 86_400 + t : t);
const symbolic = (t: number, now: number) => (t > LAST_PAST ? t - now - 86_400 : t);

async function perform(db: Db, o: Op, base: number, text: string, now: number): Promise<void> {
  const [n, site] = o.key.split("/") as [string, string];
  const at = [base + Number(n), site];
  const byKey = "WHERE id = $1 AND site = $2";
  switch (o.do) {
    case "check.put":
    case "main.put": {
      const row = { id: base + Number(n), site, ts: seconds(o.ts, now), item: { text }, form: text };
      return o.do === "main.put" ? put(db.main, "src_vn_json", row) : put(db.login, "src_vn_json_check", row);
    }
    case "main.set":
      await db.admin.query(`UPDATE ${MAIN} SET update_ts = $3, item = $4, id_form_universal = $5 ${byKey}`, [
        ...at,
        seconds(o.ts, now),
        { text },
        text,
      ]);
      return;
    case "check.week":
      return void (await db.admin.query(
        `UPDATE src_vn_json_repair.downloaded_key SET at = at - interval '8 days' ${byKey}`,
        at,
      ));
    case "check.drop":
      return void (await db.login.query(`DELETE FROM ${CHECK} ${byKey}`, at));
    case "check.dropByHand":
      return void (await db.admin.query(`DELETE FROM ${CHECK} ${byKey}`, at));
    case "main.drop":
      return void (await db.main.query(`DELETE FROM ${MAIN} ${byKey}`, at));
    case "main.dropByOther":
      return void (await db.admin.query(`DELETE FROM ${MAIN} ${byKey}`, at));
    case "main.lose":
      await db.admin.query("BEGIN");
      await db.admin.query(`DELETE FROM ${MAIN} ${byKey}`, at);
      await db.admin.query("DELETE FROM src_vn_json_repair.main_deletion WHERE deleted_at >= now()");
      await db.admin.query("COMMIT");
      return;
    case "restore":
      await db.admin.query(
        `SELECT src_vn_json_repair.restore((SELECT max(id) FROM src_vn_json_repair.deleted_row
           WHERE row_id = $1 AND site = $2)) WHERE EXISTS (
           SELECT FROM src_vn_json_repair.deleted_row WHERE row_id = $1 AND site = $2)`,
        at,
      );
  }
}

type Seen = Outcome & { main: Record<Key, Content> };
const STRIDE = 10;

/** What each history's part of the database looks like after a run. */
async function look(db: Db, run: number | null, n: number, now: number): Promise<Seen[]> {
  const seen: Seen[] = Array.from({ length: n }, () => ({ main: {}, written: [], open: [] }));
  const of = (r: { id: number; site: string }) => ({
    s: seen[Math.floor(r.id / STRIDE)] as Seen,
    key: `${r.id % STRIDE}/${r.site}`,
  });
  const rows = await db.rows<{ id: number; site: string; ts: number; text: string; form: string }>(
    `SELECT id, site, update_ts AS ts, item ->> 'text' AS text, id_form_universal AS form FROM ${MAIN} ORDER BY id, site`,
  );
  for (const r of rows) {
    const text = r.text === r.form ? r.text : `${r.text} with form ${r.form}`;
    of(r).s.main[of(r).key] = { ts: symbolic(r.ts, now), text };
  }
  const written = await db.rows<{ id: number; site: string; action: string }>(
    "SELECT id::integer, site, action FROM src_vn_json_repair.change WHERE run = $1",
    [run],
  );
  for (const r of written) of(r).s.written.push(`${r.action} ${of(r).key}`);
  const open = await db.rows<{ id: number; site: string; action: string; state: string }>(
    "SELECT id::integer, site, action, state FROM src_vn_json_repair.difference",
  );
  for (const r of open) of(r).s.open.push(`${r.action} ${r.state} ${of(r).key}`);
  for (const s of seen) {
    s.written.sort();
    s.open.sort();
  }
  return seen;
}

async function empty(db: Db): Promise<void> {
  const tables = [
    ...[
      "journal_observation",
      "work_item",
      "set_aside",
      "held_back",
      "tombstone",
      "main_deletion",
      "deleted_row",
    ],
    ...["downloaded_key", "change", "run"],
  ];
  await db.admin.query(
    `SET session_replication_role = replica;
     TRUNCATE ${MAIN}, ${CHECK}, ${tables.map((t) => `src_vn_json_repair.${t}`).join(", ")};
     RESET session_replication_role;
     TRUNCATE src_vn_json_repair.journal_gap, src_vn_json_repair.blind_spell`,
  );
}

/** Histories with the same schedule, together; what went wrong with each (undefined: nothing). */
async function together(histories: History[]): Promise<(string | undefined)[]> {
  const [first] = histories;
  if (!first) return [];
  const db = databases[first.rules] as Db;
  await empty(db);
  const now = Math.floor(Date.now() / 1000);
  const models = histories.map(() => new Model(RULES[first.rules] as Rules));
  const wrong = histories.map((): string | undefined => undefined);

  const repairAndCompare = async (mode: Mode, when: string, idle = false) => {
    const summary = await db.repair(mode);
    const seen = await look(db, summary.run, histories.length, now);
    const n = { insert: 0, update: 0, delete: 0 };
    for (const [i, model] of models.entries()) {
      const outcome = idle ? { ...model.repair(mode), written: [] } : model.repair(mode);
      const main = Object.fromEntries([...model.main].sort());
      const expected = { main, ...outcome };
      wrong[i] ??= differences(when, seen[i] as Seen, expected);
      for (const w of (seen[i] as Seen).written) n[w.split(" ")[0] as keyof typeof n]++;
    }
    // The summary tells what was recorded, row by row.
    expect(summary).toMatchObject({
      status: "done",
      inserted: n.insert,
      updated: n.update,
      deleted: n.delete,
      set_aside: 0,
    });
  };

  for (const [round, { mode }] of first.rounds.entries()) {
    for (const [i, h] of histories.entries()) {
      for (const [step, o] of (h.rounds[round]?.ops ?? []).entries()) {
        await perform(db, o, i * STRIDE, `${round}.${step}`, now);
        models[i]?.apply(o, `${round}.${step}`);
      }
    }
    await repairAndCompare(mode, `repair ${round + 1} (${mode})`);
  }
  const last = first.rounds.at(-1)?.mode ?? "whole";
  await repairAndCompare(last, `a second ${last} repair`, true);
  await repairAndCompare("journal", "a journal repair after it", true);
  return wrong;
}

function differences(when: string, seen: Seen, expected: Seen): string | undefined {
  try {
    expect(seen).toEqual(expected);
    return undefined;
  } catch {
    return `${when}: ${JSON.stringify(seen)} where the model has ${JSON.stringify(expected)}`;
  }
}

const schedule = (h: History) => `${h.rules} ${h.rounds.map((r) => r.mode).join(" ")}`;
const alone = fc.asyncProperty(history, async (h) => {
  const [wrong] = await together([h]);
  if (wrong) throw new Error(wrong);
});

test(`${RUNS} random histories end as the model does, and a second repair writes nothing`, async () => {
  const all = fc.sample(history, { seed: SEED, numRuns: RUNS });
  expect(all).toHaveLength(RUNS);
  const groups = new Map<string, number[]>();
  for (const [i, h] of all.entries()) groups.set(schedule(h), [...(groups.get(schedule(h)) ?? []), i]);
  for (const indexes of groups.values()) {
    const wrong = await together(indexes.map((i) => all[i] as History)).catch((cause) => {
      throw new Error(`FC_SEED=${SEED}, histories ${indexes.join(", ")} together`, { cause });
    });
    const failed = indexes.find((_, i) => wrong[i]);
    if (failed === undefined) continue;
    // The history of this place of the same seed, alone: throws the smallest that fails.
    await fc.assert(alone, { seed: SEED, path: String(failed), numRuns: 1, interruptAfterTimeLimit: 60_000 });
    throw new Error(
      `FC_SEED=${SEED}, history ${failed} fails among ${indexes.length} of the schedule ${schedule(all[failed] as History)}, ` +
        `but not alone: ${wrong[indexes.indexOf(failed)]}`,
    );
  }
});

describe("histories that once failed", () => {
  const k = "1/vn38";
  const cases: [string, History][] = [
    [
      "a row that main's sync deleted and brought again, then followed, comes back",
      {
        rules: 0,
        rounds: [
          {
            ops: [
              { do: "check.put", key: k, ts: 1 },
              { do: "main.put", key: k, ts: 1 },
              { do: "main.drop", key: k },
              { do: "main.put", key: k, ts: 1 },
            ],
            mode: "journal",
          },
          { ops: [{ do: "check.drop", key: k }], mode: "journal" },
          { ops: [{ do: "check.put", key: k, ts: 1 }], mode: "whole" },
        ],
      },
    ],
  ];
  test.each(cases)("%s", async (_name, h) => {
    expect(await together([h])).toEqual([undefined]);
  });
});

test("a row that main's sync deletes while the batch waits stays deleted, also when it comes back in check", async () => {
  const db = await world.database({
    deletions: "apply",
    maxDeleteShare: 1,
    mainSyncLogins: ["vn_main"],
    lockTimeout: "500 ms",
  });
  for (const id of [1, 2]) {
    await put(db.main, "src_vn_json", { id, ts: 1 });
    await put(db.login, "src_vn_json_check", { id, ts: 1 });
  }
  await db.repair();
  await db.login.query(`DELETE FROM ${CHECK}`);
  const other = await db.connect("vn_main");
  await other.query(`BEGIN; SELECT FROM ${MAIN} WHERE id = 1 FOR UPDATE`);
  const repair = db.repair();
  const waits = "SELECT FROM pg_stat_activity WHERE usename = 'vn_check' AND wait_event_type = 'Lock'";
  for (let i = 0; i < 1000 && (await db.rows(waits)).length === 0; i++);
  await db.main.query(`DELETE FROM ${MAIN} WHERE id = 2`);
  await other.query("ROLLBACK");
  expect(await repair).toMatchObject({ status: "done", deleted: 1 });
  for (const id of [1, 2]) await put(db.login, "src_vn_json_check", { id, ts: 1 });
  expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: { "deleted in main": 1 } });
  expect(await db.rows(`SELECT id FROM ${MAIN}`)).toEqual([{ id: 1 }]);
});
