import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomFrom } from "../emulator/random";
import { type Databases, type Db, startDatabases } from "./support";

// R3, R4

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CHECK = "src_vn_json_check";
const R = "src_vn_json_repair";
const GROUPS = [1, 2, 3];
const UNITS = ["07", "38"];
const NAMES: Record<number, string> = { 1: "BIRD", 2: "BAT", 3: "MOTH" };

interface Observation {
  id: number;
  group: number;
  unit: string;
  /** Day of entry, counted from day 0. */
  day: number;
}

/** Day n as epoch seconds at noon, and as text. Far from any change of clocks. */
const noon = (day: number) => Date.UTC(2026, 0, 1 + day, 12) / 1000;
const iso = (day: number) => new Date(noon(day) * 1000).toISOString().slice(0, 10);

/** A portal, the second copy that is fed from it, and the weekly jobs. */
class Weeks {
  portal = new Map<number, Observation>();
  groups = new Set(GROUPS);
  units = new Set(UNITS);
  private nextId = 1;
  constructor(readonly db: Db) {}

  static async of(settings = {}) {
    const weeks = new Weeks(await world.database(settings));
    await weeks.list();
    return weeks;
  }

  enter(day: number, group: number, n: number, unit?: string) {
    for (let i = 0; i < n; i++) {
      const one = { id: this.nextId++, group, unit: unit ?? UNITS[i % 2] ?? "38", day };
      this.portal.set(one.id, one);
    }
  }

  /** As the controllers taxo_groups and territorial_units do: each row that is listed is written again. */
  async list() {
    await this.db.login.query(
      `INSERT INTO ${CHECK}.taxo_groups_json SELECT id, 'vn38', jsonb_build_object('name_constant', name, 'access_mode', 'full')
         FROM unnest($1::int[], $2::text[]) AS g (id, name) ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item`,
      [[...this.groups], [...this.groups].map((g) => NAMES[g])],
    );
    await this.db.login.query(
      `INSERT INTO ${CHECK}.territorial_units_json SELECT u::int, 'vn38', jsonb_build_object('id_country', '1', 'short_name', u)
         FROM unnest($1::text[]) AS u ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item`,
      [[...this.units]],
    );
    await this.db.login.query(
      `INSERT INTO ${CHECK}.download_log (site, controler, http_status, comment)
       VALUES ('vn38', 'taxo_groups', 200, 'Iteration 1'), ('vn38', 'territorial_units', 200, 'Iteration 1')`,
    );
  }

  /** As the client stores: a newer version is written, the same one locked. */
  async store(rows: Observation[]) {
    await this.db.login.query(
      `INSERT INTO ${CHECK}.observations_json AS t (id, site, item, update_ts)
       SELECT id, 'vn38', jsonb_build_object('species', jsonb_build_object('taxonomy', g::text), 'place', jsonb_build_object('county', u),
                'observers', jsonb_build_array(jsonb_build_object('insert_date', ts::text))), ts
         FROM unnest($1::int[], $2::int[], $3::text[], $4::int[]) AS o (id, g, u, ts)
       ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item, update_ts = EXCLUDED.update_ts WHERE t.update_ts < EXCLUDED.update_ts`,
      [
        rows.map((o) => o.id),
        rows.map((o) => o.group),
        rows.map((o) => o.unit),
        rows.map((o) => noon(o.day)),
      ],
    );
  }

  /** The portal's answers over these days, each group and unit a piece. */
  async fetch(
    from: number,
    to: number,
    { empty = [] as number[], old = [] as number[], late = [] as number[] } = {},
  ) {
    const pieces: string[] = [];
    const all: Observation[] = [];
    for (const group of this.groups)
      for (const unit of this.units) {
        let rows = [...this.portal.values()].filter(
          (o) => o.group === group && o.unit === unit && o.day >= from && o.day <= to,
        );
        if (empty.includes(group)) rows = [];
        // Cut off by a page that did not come.
        if (old.includes(group)) rows = rows.slice(0, Math.floor(rows.length / 2));
        if (late.includes(group)) rows = rows.slice(Math.floor(rows.length / 2));
        all.push(...rows);
        const day = iso(from).split("-").reverse().join("/");
        pieces.push(
          `vn38 => Iter: 1, ${rows.length} obs, taxo_group: ${group}, territorial_unit: 1${unit}, date: ${day}, interval: ${to - from}`,
        );
      }
    await this.store(all);
    await this.db.login.query(
      `INSERT INTO ${CHECK}.download_log (site, controler, http_status, comment) SELECT 'vn38', 'observations', 200, c FROM unnest($1::text[]) AS c`,
      [pieces],
    );
  }

  /** A job that downloads the days anew and, after its proof, brings the changes (deletions too). */
  async job(
    verb: "weekly" | "daily" | "init",
    from: number,
    to: number,
    {
      empty = [] as number[],
      old = [] as number[],
      late = [] as number[],
      accept = false,
      update = true,
    } = {},
  ): Promise<Proof> {
    const id = await this.value<number>(
      `SELECT ${R}.begin_job('${verb}', '${iso(from)}', '${iso(to)}', NULL, NULL)::int`,
    );
    await this.value(`SELECT ${R}.begin_site(${id}, 'vn38', '{}', '{}')`);
    await this.list();
    await this.fetch(from, to, { empty, old, late });
    await this.value(`SELECT ${R}.prove(${id}, 'vn38', '{}', ${accept})`);
    if (update) await this.update();
    await this.value(`SELECT ${R}.site_ended(${id}, 'vn38', ${update}, '{}')`);
    const proof = await this.value<Proof>(`SELECT ${R}.site_proof(${id}, 'vn38')`);
    await this.value(`SELECT ${R}.end_job(${id}, 'done', '', NULL)`);
    return proof;
  }

  /** Deletions, as the list of changes tells them. */
  async update() {
    await this.db.login.query(`DELETE FROM ${CHECK}.observations_json WHERE id <> ALL ($1::int[])`, [
      [...this.portal.keys()],
    ]);
  }

  async value<T>(sql: string): Promise<T> {
    const { rows } = await this.db.login.query({ text: sql, rowMode: "array" });
    return (rows[0] as unknown[])[0] as T;
  }
}

interface Proof {
  expected: number;
  rows: number;
  doubts: {
    kind: string;
    got: number;
    usual: number;
    groupName?: string;
    unit?: string;
    from?: string;
    to?: string;
  }[];
  proven: boolean;
}

const brief = ({ doubts }: Proof) =>
  doubts.map((d) => `${d.kind}: ${d.groupName ?? d.unit ?? "site"} ${d.got}/${d.usual}`);

describe("R3: an answer that is empty or cut short by mistake", () => {
  /** Twenty days of 4, 3 and 1 observations a day, imported; nothing downloaded by a job yet. */
  async function imported(settings = {}) {
    const weeks = await Weeks.of(settings);
    for (let day = 0; day < 100; day++)
      for (const [i, group] of GROUPS.entries()) weeks.enter(day, group, [4, 3, 1][i] ?? 0);
    await weeks.fetch(0, 20);
    return weeks;
  }

  test("is doubted from the first weekly on, by what the first import brought, with figures", async () => {
    const weeks = await imported();
    const proof = await weeks.job("weekly", 10, 24, { empty: [2] });
    expect(proof).toMatchObject({ proven: false });
    // Inner days 11 to 20, three a day.
    expect(proof.doubts).toEqual([
      { kind: "not brought", got: 0, usual: 30, taxoGroup: 2, groupName: "BAT", from: iso(11), to: iso(20) },
    ]);
  });

  test("is doubted week after week, however long the window has become, and ends when the rows come", async () => {
    const weeks = await imported();
    for (const week of [0, 1, 2])
      expect(await weeks.job("weekly", 10 + 7 * week, 24 + 7 * week)).toMatchObject({ proven: true });
    for (const week of [3, 4, 5, 8]) {
      const proof = await weeks.job("weekly", 31, 24 + 7 * week, { empty: [1, 3] });
      expect(proof.proven).toBe(false);
      expect(brief(proof)).toEqual(["not brought: BIRD 0/28", "not brought: MOTH 0/7"]);
    }
    expect(await weeks.job("daily", 31, 80)).toMatchObject({ proven: true, doubts: [] });
    expect(await weeks.job("weekly", 73, 87)).toMatchObject({ proven: true, doubts: [] });
  });

  test("is carried over by a window that does not reach its days any more", async () => {
    const weeks = await imported();
    await weeks.job("weekly", 10, 24);
    await weeks.job("weekly", 17, 31, { empty: [3] });
    const proof = await weeks.job("weekly", 40, 54);
    expect(proof).toMatchObject({ proven: false, rows: 15 * 8 });
    expect(brief(proof)).toEqual(["not brought: MOTH 0/7"]);
    expect(brief(await weeks.job("weekly", 47, 61))).toEqual(["not brought: MOTH 0/7"]);
    expect(await weeks.job("weekly", 16, 61)).toMatchObject({ proven: true });
  });

  test("is doubted where half of a group lacks: days that an earlier download brought, or the list of changes", async () => {
    const weeks = await imported();
    await weeks.job("weekly", 10, 24);
    // Of 60; those of the days 18 to 24 were known.
    expect(brief(await weeks.job("weekly", 17, 31, { late: [1] }))).toEqual(["not brought: BIRD 30/56"]);
    await weeks.job("daily", 17, 31);
    await weeks.value(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)`);
    await weeks.store([...weeks.portal.values()].filter((o) => o.day <= 38));
    expect(brief(await weeks.job("weekly", 24, 38, { old: [1] }))).toEqual(["not brought: BIRD 30/56"]);
  });

  test("is doubted where the first import was empty already: by the changes' list, or by main's rows", async () => {
    const weeks = await Weeks.of({});
    for (let day = 0; day < 30; day++) for (const group of GROUPS) weeks.enter(day, group, 2);
    await weeks.fetch(0, 14, { empty: [2, 3] });
    // Group 2 comes by the list of changes, group 3 is in main.
    await weeks.value(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)`);
    await weeks.store([...weeks.portal.values()].filter((o) => o.group === 2));
    await weeks.db.main.query(
      `INSERT INTO src_vn_json.observations_json SELECT o.id + 1000, o.site, o.item || '{"species": {"taxonomy": "3"}}', o.update_ts
         FROM ${CHECK}.observations_json AS o WHERE o.item #>> '{species,taxonomy}' = '2'`,
    );
    const proof = await weeks.job("weekly", 10, 24, { empty: [2, 3] });
    expect(brief(proof)).toEqual(["not brought: BAT 0/26", "not brought: MOTH 0/26"]);
    // A person has looked: main's account sees more, and that is not said again.
    expect(await weeks.job("weekly", 10, 24, { empty: [2, 3], accept: true })).toMatchObject({
      proven: true,
    });
    expect(await weeks.job("weekly", 12, 26, { empty: [2, 3] })).toMatchObject({ proven: true });
  });

  test("accepted for one group stays accepted there, and other groups stay doubted", async () => {
    const weeks = await imported();
    await weeks.job("weekly", 10, 24);
    await weeks.job("weekly", 17, 31, { empty: [1, 3] });
    expect(await weeks.value(`SELECT ${R}.accept_doubts('vn38', 'LEPIDOPTERA')`)).toBe(0);
    expect(await weeks.value(`SELECT ${R}.accept_doubts('vn38', 'MOTH')`)).toBe(1);
    expect(brief(await weeks.job("weekly", 17, 38, { empty: [1, 3] }))).toEqual(["not brought: BIRD 0/28"]);
    expect(await weeks.job("weekly", 17, 45, { empty: [3] })).toMatchObject({ proven: true });
    expect(await weeks.job("weekly", 31, 45, { empty: [3] })).toMatchObject({ proven: true });
    // What comes again is expected again.
    await weeks.job("weekly", 38, 52);
    expect(brief(await weeks.job("weekly", 40, 54, { empty: [3] }))).toEqual(["not brought: MOTH 0/12"]);
    expect(await weeks.value(`SELECT ${R}.accept_doubts('vn38', NULL)`)).toBe(1);
    expect(await weeks.job("weekly", 45, 59, { empty: [3] })).toMatchObject({ proven: true });
    expect(await weeks.value(`SELECT count(*)::int FROM ${R}.open_doubt`)).toBe(0);
  });

  test("what was deleted on the portal is no doubt: once the list of changes, or main's synchronisation, has said so", async () => {
    const weeks = await imported({ mainSyncLogins: ["vn_main"] });
    await weeks.job("weekly", 10, 24);
    const moths = [...weeks.portal.values()].filter((o) => o.group === 3 && o.day >= 17 && o.day <= 24);
    for (const { id } of moths) weeks.portal.delete(id);
    const proof = await weeks.job("weekly", 17, 24, { update: false });
    expect(brief(proof)).toEqual(["not brought: MOTH 0/6"]);
    await weeks.db.repair("whole");
    await weeks.db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = ANY ($1)", [
      moths.map((o) => o.id),
    ]);
    expect(await weeks.job("daily", 17, 24, { update: false })).toMatchObject({ proven: true });
    for (const o of [...weeks.portal.values()].filter((o) => o.group === 2 && o.day < 25))
      weeks.portal.delete(o.id);
    expect(await weeks.job("weekly", 10, 24)).toMatchObject({ proven: true, doubts: [] });
  });

  test("rows that only the list of changes brought, of a unit that the portal does not list, are not expected", async () => {
    const weeks = await imported();
    await weeks.job("weekly", 10, 24);
    await weeks.value(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)`);
    await weeks.store(
      Array.from({ length: 60 }, (_, i) => ({ id: 50_000 + i, group: 1, unit: "69", day: 20 })),
    );
    expect(await weeks.job("weekly", 17, 31, { update: false })).toMatchObject({ proven: true });
    expect(await weeks.job("weekly", 18, 32, { update: false })).toMatchObject({ proven: true });
  });

  // Seasons, quiet weeks, rare groups, deletions, lengths of windows: nothing of it is a doubt; an empty answer always is.
  test.each([1, 2, 3])(
    "random seasons, seed %i: honest downloads raise no doubt, one empty group always does",
    async (seed) => {
      const weeks = await Weeks.of();
      const random = randomFrom(seed, "seasons");
      // Per day: many with a season, a campaign now and then, a rare group.
      const rate = (group: number, day: number) =>
        [18 * (1.2 + Math.sin(day / 20 + seed)), day % 61 < 3 ? 15 : 0.4, 0.15][group - 1] ?? 0;
      const weather = Array.from({ length: 40 }, () => 0.5 + random());
      const until = 7 * 24;
      const live = (from: number, to: number) => {
        for (let day = from; day <= to; day++)
          for (const group of GROUPS) {
            const mean = rate(group, day) * (weather[Math.floor(day / 7)] ?? 1);
            let n = 0;
            for (let left = mean; left > 0; left--) if (random() < Math.min(1, left)) n++;
            weeks.enter(day, group, n);
          }
        // One in two hundred is deleted again.
        for (const id of [...weeks.portal.keys()]) if (random() < 0.001) weeks.portal.delete(id);
      };
      live(0, 30);
      await weeks.fetch(0, 30);
      let open: number | undefined;
      for (let today = 37; today < until; today += 7) {
        live(today - 6, today);
        const from = open ?? today - 14;
        const known = (group: number) =>
          [...weeks.portal.values()].filter(
            (o) => o.group === group && o.day > from && o.day < Math.min(today, today - 6),
          ).length;
        const group = today % 3 === 0 ? 1 + (Math.floor(today / 3) % 3) : undefined;
        if (group !== undefined && known(group) > 0) {
          const proof = await weeks.job("weekly", from, today, { empty: [group] });
          expect(brief(proof), `day ${today}`).toEqual([expect.stringContaining(`${NAMES[group]} 0/`)]);
          open = from;
        } else {
          expect(brief(await weeks.job("weekly", from, today)), `day ${today}`).toEqual([]);
          open = undefined;
        }
      }
    },
  );
});

describe("R4: a group or unit that the portal does not list any more", () => {
  async function running() {
    const weeks = await Weeks.of();
    for (let day = 0; day < 100; day++) for (const group of GROUPS) weeks.enter(day, group, 2);
    await weeks.fetch(0, 20);
    expect(await weeks.job("weekly", 10, 24)).toMatchObject({ expected: 6, proven: true });
    return weeks;
  }

  test("is doubted once, by name; the next weekly that lists as few is believed, and proven for all else", async () => {
    const weeks = await running();
    weeks.groups.delete(2);
    const first = await weeks.job("weekly", 17, 31);
    expect(first).toMatchObject({ expected: 4, proven: false });
    expect(brief(first)).toEqual(["fewer downloads: BAT 4/6"]);
    expect(await weeks.job("daily", 17, 31)).toMatchObject({ proven: false });
    expect(await weeks.job("weekly", 17, 38)).toMatchObject({ expected: 4, doubts: [], proven: true });
    expect(await weeks.job("weekly", 31, 45)).toMatchObject({ expected: 4, doubts: [], proven: true });
    expect(await weeks.job("daily", 31, 45)).toMatchObject({ proven: true });
  });

  test("comes back: then it is expected again, and a list that was short by mistake has shortened nothing", async () => {
    const weeks = await running();
    weeks.groups.delete(2);
    await weeks.job("weekly", 17, 31);
    weeks.groups.add(2);
    expect(await weeks.job("weekly", 17, 38)).toMatchObject({ expected: 6, proven: true });
    weeks.groups.delete(2);
    // It was a mistake then: now it is the first time again.
    expect(await weeks.job("weekly", 31, 45)).toMatchObject({ proven: false });
    expect(await weeks.job("weekly", 31, 52)).toMatchObject({ proven: true });
    weeks.groups.add(2);
    expect(await weeks.job("weekly", 38, 52)).toMatchObject({ expected: 6, proven: true });
    expect(brief(await weeks.job("weekly", 40, 54, { empty: [2] }))).toEqual(["not brought: BAT 0/24"]);
  });

  test("a unit likewise; accepted by its name it is proven at once", async () => {
    const weeks = await running();
    weeks.units.delete("07");
    expect(brief(await weeks.job("weekly", 17, 31))).toEqual(["fewer downloads: 107 3/6"]);
    expect(await weeks.value(`SELECT ${R}.accept_doubts('vn38', '107')`)).toBe(1);
    expect(await weeks.job("daily", 17, 31)).toMatchObject({ expected: 3, proven: true });
    expect(await weeks.job("weekly", 24, 38)).toMatchObject({ expected: 3, doubts: [], proven: true });
  });

  test("a group that is closed to this account counts as not listed", async () => {
    const weeks = await running();
    const list = weeks.list.bind(weeks);
    weeks.list = async () => {
      await list();
      await weeks.db.login.query(
        `UPDATE ${CHECK}.taxo_groups_json SET item = item || '{"access_mode": "none"}' WHERE id = 3`,
      );
    };
    expect(brief(await weeks.job("weekly", 17, 31))).toEqual(["fewer downloads: MOTH 4/6"]);
    expect(await weeks.job("weekly", 17, 38)).toMatchObject({ doubts: [], proven: true });
  });

  test("an empty list is none: all that is known is expected", async () => {
    const weeks = await running();
    weeks.groups.clear();
    expect(await weeks.job("weekly", 17, 31)).toMatchObject({ expected: 6, proven: false });
  });
});
