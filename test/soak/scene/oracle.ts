import type { Emulator } from "../../emulator";
import { updateTs } from "../../emulator/observations";
import { isOpen } from "./portal";

const HOUR = 3_600_000;
/** What OK promises of each group: that its last update is younger. */
const UPDATED_WITHIN = 48 * HOUR;
/** A group or unit that is new, or open again, is imported beside the daily work. */
const IMPORTED_WITHIN = 8 * 24 * HOUR;

/** Faults of the portal after which a client has what it asked for, as far as anybody can tell. */
const HARMLESS = new Set(["delay", "nothing", "nodata", "lost-key", "lost-chunking"]);

/** main's observations: site/id → update_ts. */
export type MainRows = Map<string, number>;

/** What main should have and has not, or has and should not. */
export interface Lack {
  what: "missing" | "older" | "deleted on the portal" | "the observers' controller failed";
  site: string;
  id: number;
  group: number;
  unit: string;
  /** Since when it should be otherwise. */
  since: Date;
}

/**
 * Knows what the portals have ever had, and from that alone whether main is what it should be. It shares no code with
 * the runner and reads none of its tables.
 */
export class Oracle {
  /** Every version that the portal ever gave: site/id → update_ts. */
  private readonly versions = new Map<string, Set<number>>();
  /** Since when a group or a unit can be read without a break. */
  private readonly openSince = new Map<string, number>();
  /** Rows that main lost behind everybody's back, and when. */
  private readonly lost = new Map<string, number>();

  constructor(private readonly emulator: Emulator) {}

  /** To be called after all that happens on the portals. */
  learn(): void {
    const open = new Set<string>();
    for (const site of this.emulator.world.sites.values()) {
      for (const group of site.catalogue.groups)
        if (group.accessMode !== "none") open.add(`${site.name} group ${group.id}`);
      for (const unit of site.catalogue.units) open.add(`${site.name} unit ${unit.id}`);
      for (const o of site.observations.values()) {
        const key = `${site.name}/${o.id}`;
        const known = this.versions.get(key);
        if (known) known.add(updateTs(o));
        else this.versions.set(key, new Set([updateTs(o)]));
      }
    }
    for (const one of this.openSince.keys()) if (!open.has(one)) this.openSince.delete(one);
    // What was there from the beginning is the first import's, without which status is never OK.
    const now = this.openSince.size === 0 ? 0 : Date.now();
    for (const one of open) if (!this.openSince.has(one)) this.openSince.set(one, now);
  }

  /** Rows went from main, or came back, without the kit's doing, as they do: by a restore, by somebody's hand. */
  mainLost(keys: Iterable<string>): void {
    for (const key of keys) this.lost.set(key, Date.now());
  }

  /** Faults of main as it is, whoever made them. */
  strangers(main: MainRows): string[] {
    return [...main].flatMap(([key, ts]) =>
      this.versions.get(key)?.has(ts) ? [] : [`main has ${key} of ${ts}, which the portal never had`],
    );
  }

  /** What a run of the kit did to main that it must never do. */
  harm(before: MainRows, after: MainRows): string[] {
    const faults: string[] = [];
    for (const [key, ts] of before) {
      const now = after.get(key);
      if (now === undefined) {
        if (this.isThere(key)) faults.push(`${key} was deleted from main, and the portal has it`);
      } else if (now < ts) faults.push(`${key} in main is of ${now} now and was of ${ts}`);
    }
    return faults;
  }

  /**
   * @param wholeAt when main was last compared as a whole and well: what it lost later nobody can know
   * @param within how long a change may take to come to main
   */
  lacks(main: MainRows, now: number, wholeAt: number, within = UPDATED_WITHIN): Lack[] {
    const found: Lack[] = [];
    for (const site of this.emulator.world.sites.values())
      for (const o of site.observations.values()) {
        const key = `${site.name}/${o.id}`;
        const unit = o.place.commune.unit;
        const has = main.get(key);
        const base = { site: site.name, id: o.id, group: o.group, unit: unit.shortName };
        // What main has lost itself is found when it is compared as a whole.
        if ((this.lost.get(key) ?? 0) > wholeAt) continue;
        if (o.deleted) {
          if (has !== undefined && now - o.changed > within)
            found.push({ ...base, what: "deleted on the portal", since: new Date(o.changed) });
          continue;
        }
        if (!isOpen(site, o) || (has !== undefined && has >= updateTs(o))) continue;
        const opened = Math.max(
          this.openSince.get(`${site.name} group ${o.group}`) ?? now,
          this.openSince.get(`${site.name} unit ${unit.id}`) ?? now,
        );
        const due = opened > o.changed ? opened + IMPORTED_WITHIN : o.changed + within;
        if (now > due)
          found.push({ ...base, what: has === undefined ? "missing" : "older", since: new Date(o.changed) });
      }
    return found;
  }

  /** Sites whose observers were asked for last in vain. */
  controllersFailed(): Lack[] {
    return [...this.emulator.world.sites.keys()].flatMap((site): Lack[] => {
      const last = this.emulator.requests.list({ site, endpoint: "observers" }).at(-1);
      if (!last || (last.status === 200 && (last.fault === undefined || HARMLESS.has(last.fault)))) return [];
      const since = new Date(last.at);
      return [{ what: "the observers' controller failed", site, id: 0, group: 0, unit: "", since }];
    });
  }

  /** How main differs from what can be read of the portals, to the last row. */
  differences(main: MainRows): string[] {
    const found: string[] = [];
    for (const site of this.emulator.world.sites.values())
      for (const o of site.observations.values()) {
        const has = main.get(`${site.name}/${o.id}`);
        const what = `${site.name}/${o.id} (group ${o.group}, unit ${o.place.commune.unit.shortName}, changed ${new Date(o.changed).toISOString()})`;
        if (o.deleted) {
          if (has !== undefined) found.push(`main still has ${what}, which the portal has deleted`);
        } else if (isOpen(site, o) && has !== updateTs(o))
          found.push(`main ${has === undefined ? "lacks" : `has ${has} for ${updateTs(o)} of`} ${what}`);
      }
    return found;
  }

  private isThere(key: string): boolean {
    const [name = "", id] = key.split("/");
    const o = this.emulator.world.site(name).observations.get(Number(id));
    return o !== undefined && !o.deleted;
  }
}

/** In one line. */
export function told({ what, site, id, group, unit, since }: Lack): string {
  return `${site}/${id} (group ${group}, unit ${unit}) ${what}, since ${since.toISOString()}`;
}
