import { type Client, DatabaseError } from "pg";
import type { Emulator } from "../../emulator";
import { formItem } from "../../emulator/items";
import type { Observation } from "../../emulator/observations";
import { updateTs } from "../../emulator/observations";
import type { Random } from "../../emulator/random";
import type { SiteWorld } from "../../emulator/world";

/** What an update of main loses as it does in life: for ever, since it never asks again. */
export interface Losses {
  /** Share of the groups whose list of changes fails: the client has moved its date on before it asked. */
  lists: number;
  /** Share of the single observations that are not stored. */
  rows: number;
}

/**
 * Main's own synchronisation: what the portal tells since the last time, stored as the client stores it, less what
 * gets lost. It works on the portal's truth; that the real client does the same has its own tests.
 */
export class MainSync {
  private since: number;
  /** Keys that it has deleted, since the portal said so. */
  constructor(
    private readonly emulator: Emulator,
    private readonly random: Random,
    start: Date,
  ) {
    this.since = start.getTime();
  }

  /** All that there is, at the very beginning. */
  async full(client: Client, lost: number): Promise<void> {
    for (const site of this.emulator.world.sites.values())
      for (const o of site.observations.values()) if (this.random() >= lost) await put(client, site, o);
  }

  async update(client: Client, losses: Losses): Promise<void> {
    const now = Date.now();
    for (const site of this.emulator.world.sites.values())
      for (const group of site.catalogue.groups) {
        if (group.accessMode === "none" || this.random() < losses.lists) continue;
        for (const o of site.diff(group.id, this.since, now)) {
          if (this.random() < losses.rows) continue;
          // One row that the database refuses costs itself.
          const stored = o.deleted ? drop(client, site, o) : put(client, site, o);
          await stored.catch((error) => {
            if (!(error instanceof DatabaseError)) throw error;
          });
        }
      }
    this.since = now;
  }
}

async function put(client: Client, site: SiteWorld, o: Observation): Promise<void> {
  await client.query(
    `INSERT INTO src_vn_json.observations_json AS t (id, site, item, update_ts, id_form_universal) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item, update_ts = EXCLUDED.update_ts,
       id_form_universal = EXCLUDED.id_form_universal WHERE t.update_ts < EXCLUDED.update_ts`,
    [o.id, site.name, JSON.stringify(site.item(o)), updateTs(o), o.form ? `65_${o.form.id}` : null],
  );
  if (!o.form) return;
  const { sightings: _, ...item } = formItem(site.name, o.form, []);
  await client.query(
    `INSERT INTO src_vn_json.forms_json AS t (id, site, item) VALUES ($1, $2, $3)
     ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item`,
    [o.form.id, site.name, JSON.stringify(item)],
  );
}

async function drop(client: Client, site: SiteWorld, o: Observation): Promise<void> {
  await client.query("DELETE FROM src_vn_json.observations_json WHERE id = $1 AND site = $2", [
    o.id,
    site.name,
  ]);
}
