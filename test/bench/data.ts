import type { Client } from "pg";
import { makeClientTables } from "../support/installation";

/** Rows of the last fortnight, whatever the size of the history. */
const RECENT = 24_000;
/** What is wrong with main, all of it within the fortnight. */
export const FAULTS = { missing: 2_000, stale: 3_000, newer: 500, gone: 1_000 };

// An item of the short form with a long comment; below 2 kB, so stored in the row itself, uncompressed.
const WHOLE_ITEM = `jsonb_build_object(
    'date', jsonb_build_object('@timestamp', update_ts), 'species', jsonb_build_object('@id', taxon, 'taxonomy', taxon % 20),
    'place', jsonb_build_object('@id', id % 40000, 'name', 'Lieu-dit ' || id % 40000, 'municipality', 'Commune ' || id % 500),
    'observers', jsonb_build_array(jsonb_build_object('@id', id % 3000, 'id_sighting', id, 'insert_date', update_ts::text,
      'coord_lat', 45.0 + (id % 1000) / 1000.0, 'coord_lon', 5.0 + (id % 997) / 1000.0, 'count', id % 50,
      'comment', repeat(md5(id::text), 33))))`;
/** For what reads no item: 50 million rows fit on a disk of 40 GB, where whole items need 200. */
export const NO_ITEM = "'{}'::jsonb";

/**
 * Two copies of `rows` observations with items of about 1.4 kB: main stored in the order of ids, check in
 * taxonomic order; one id in a hundred exists at two sites.
 */
export async function makeCopies(client: Client, rows: number, item = WHOLE_ITEM): Promise<void> {
  await makeClientTables(client, "src_vn_json");
  await makeClientTables(client, "src_vn_json_check");
  // As the client itself makes main's table: its primary key without update_ts, an index on id.
  await client.query(
    `
    ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk;
    DROP TABLE IF EXISTS bench_row;
    CREATE UNLOGGED TABLE bench_row AS
    SELECT i AS id, CASE WHEN i % 100 = 7 AND s = 2 THEN 'vn07' ELSE 'vn38' END AS site,
           (i * 7919::bigint) % 1000 AS taxon,
           CASE WHEN i > $1 - ${RECENT} THEN 1790000000 - ($1 - i) ELSE 1500000000 + i END::integer AS update_ts
      FROM generate_series(1, $1) AS i, LATERAL generate_series(1, CASE WHEN i % 100 = 7 THEN 2 ELSE 1 END) AS s`.replaceAll(
      "$1",
      String(rows),
    ),
  );
  for (const [schema, order] of [
    ["src_vn_json", "id, site"],
    ["src_vn_json_check", "taxon, id, site"],
  ]) {
    await client.query(`INSERT INTO ${schema}.observations_json (id, site, item, update_ts, id_form_universal)
      SELECT id, site, ${item}, update_ts, CASE WHEN id % 10 = 0 THEN 'f' || id / 10 END FROM bench_row ORDER BY ${order}`);
  }
  await client.query(`
    ALTER TABLE src_vn_json.observations_json ADD CONSTRAINT observations_json_pk PRIMARY KEY (id, site);
    CREATE INDEX ix_src_vn_json_observations_json_id ON src_vn_json.observations_json (id);
    CREATE INDEX ix_src_vn_json_observations_json_form ON src_vn_json.observations_json (id_form_universal);
    CREATE INDEX ix_check_form ON src_vn_json_check.observations_json (id_form_universal);
    DROP TABLE bench_row`);
}

/** Chooses the rows that are wrong, spread over the fortnight, and takes 1 000 out of check for good. */
export async function chooseFaults(
  client: Client,
  repairs: { missing: number; stale: number },
): Promise<void> {
  const { newer, gone } = FAULTS;
  const { missing, stale } = repairs;
  await client.query(`
    CREATE TABLE IF NOT EXISTS bench_fault (id integer, site varchar, kind text, item jsonb, update_ts integer,
      id_form_universal varchar, PRIMARY KEY (id, site));
    TRUNCATE bench_fault;
    INSERT INTO bench_fault
    SELECT id, site, CASE WHEN n <= ${missing} THEN 'missing' WHEN n <= ${missing + stale} THEN 'stale'
             WHEN n <= ${missing + stale + newer} THEN 'newer' ELSE 'gone' END, item, update_ts, id_form_universal
      FROM (SELECT *, row_number() OVER (ORDER BY md5(id || site)) AS n
              FROM src_vn_json_check.observations_json WHERE update_ts > 1700000000) AS r
     WHERE n <= ${missing + stale + newer + gone};
    DELETE FROM src_vn_json_check.observations_json AS c USING bench_fault AS f
     WHERE f.kind = 'gone' AND c.id = f.id AND c.site = f.site`);
  await client.query(`UPDATE src_vn_json.observations_json AS m SET update_ts = m.update_ts + 50, item = m.item || '{"newer": 1}'
      FROM bench_fault AS f WHERE f.kind = 'newer' AND m.id = f.id AND m.site = f.site`);
}

/** Damages main again: rows missing and stale. Our own trigger must not take the missing for deletions. */
export async function damage(client: Client): Promise<void> {
  await client.query(`
    ALTER TABLE src_vn_json.observations_json DISABLE TRIGGER USER;
    DELETE FROM src_vn_json.observations_json AS m USING bench_fault AS f
     WHERE f.kind = 'missing' AND m.id = f.id AND m.site = f.site;
    UPDATE src_vn_json.observations_json AS m SET update_ts = f.update_ts - 100, item = m.item || '{"stale": 1}'
      FROM bench_fault AS f WHERE f.kind = 'stale' AND m.id = f.id AND m.site = f.site;
    ALTER TABLE src_vn_json.observations_json ENABLE TRIGGER USER;
    -- As if they had been on, and always: else nothing is concluded from what lacks.
    DO $$
    DECLARE
      _name name;
    BEGIN
      FOR _name IN SELECT tgname FROM pg_trigger
                    WHERE tgrelid = 'src_vn_json.observations_json'::regclass AND tgname LIKE 'vn\\_repair\\_%' LOOP
        EXECUTE format('ALTER TABLE src_vn_json.observations_json ENABLE ALWAYS TRIGGER %I', _name);
      END LOOP;
      IF to_regprocedure('src_vn_json_repair.remember_triggers()') IS NOT NULL THEN
        PERFORM src_vn_json_repair.remember_triggers();
      END IF;
    END $$`);
}

/** How many rows of main are not what they should be after a repair. */
export async function wrong(client: Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`
    SELECT count(*)::integer AS n
      FROM bench_fault AS f LEFT JOIN src_vn_json.observations_json AS m ON m.id = f.id AND m.site = f.site
     WHERE CASE f.kind
       WHEN 'newer' THEN m.update_ts IS DISTINCT FROM f.update_ts + 50 OR m.item IS DISTINCT FROM f.item || '{"newer": 1}'
       WHEN 'gone' THEN m.id IS NULL
       ELSE m.update_ts IS DISTINCT FROM f.update_ts OR m.item IS DISTINCT FROM f.item
         OR m.id_form_universal IS DISTINCT FROM f.id_form_universal END`);
  return rows[0]?.n ?? -1;
}

/** What Client-API-VN's updates of a fortnight leave in the journal: every row of it touched. */
export async function touchFortnight(client: Client): Promise<void> {
  await client.query(
    "UPDATE src_vn_json_check.observations_json SET update_ts = update_ts WHERE update_ts > 1700000000",
  );
}
