import type { Association } from "./association";
import { MAIN_SCHEMA } from "./association";

/**
 * Makes of an association's database one that people have: German dates, statements ended after a second, a
 * publication for all tables, nothing for PUBLIC, main partitioned by site, triggers that copy main's rows into a
 * table of their own by what they are allowed to see, as gn_vn2synthese's do. To be called before main's first
 * download, when the client has made its tables.
 */
export async function makeHostile(association: Association): Promise<void> {
  const { database, sites } = association;
  const [tables] = await association.query<{ owner: string }>(
    `SELECT tableowner AS owner FROM pg_tables WHERE schemaname = '${MAIN_SCHEMA}' AND tablename = 'observations_json'`,
  );
  const owner = tables?.owner;
  if (!owner) throw new Error("main has no observations_json");
  await association.query(`
    ALTER DATABASE ${database} SET datestyle = 'SQL, DMY';
    ALTER DATABASE ${database} SET intervalstyle = 'sql_standard';
    ALTER DATABASE ${database} SET statement_timeout = '1s';
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
    GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO vn_main, ${association.admin.user};
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO vn_main, ${association.admin.user};
    CREATE PUBLICATION everything FOR ALL TABLES`);
  // Main, partitioned by site.
  await association.query(`
    SET ROLE ${owner};
    SET search_path = ${MAIN_SCHEMA};
    ALTER TABLE observations_json RENAME TO observations_json_old;
    ALTER TABLE observations_json_old RENAME CONSTRAINT observations_json_pk TO observations_json_old_pk;
    CREATE TABLE observations_json (LIKE observations_json_old INCLUDING DEFAULTS) PARTITION BY LIST (site);
    DROP TABLE observations_json_old CASCADE;
    ALTER TABLE observations_json ADD CONSTRAINT observations_json_pk PRIMARY KEY (id, site);
    CREATE INDEX ix_observations_json_form ON observations_json (id_form_universal);
    ${sites.map((site) => `CREATE TABLE observations_json_${site} PARTITION OF observations_json FOR VALUES IN ('${site}');`).join("\n")}
    CREATE TABLE observations_json_other PARTITION OF observations_json DEFAULT`);
  await association.query(`
    CREATE SCHEMA gn AUTHORIZATION ${owner};
    SET ROLE ${owner};
    CREATE TABLE gn.synthese (id_vn integer, site varchar, unique_id uuid, diffusion integer, PRIMARY KEY (id_vn, site));
    CREATE TABLE gn.hiding_rule (site varchar PRIMARY KEY);
    INSERT INTO gn.hiding_rule VALUES ('${sites[0]}');
    CREATE FUNCTION gn.copy_row() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      level integer := 5;
    BEGIN
      -- Optional tables: information_schema shows a role only what it has rights on.
      IF EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'gn' AND table_name = 'hiding_rule') THEN
        IF EXISTS (SELECT FROM gn.hiding_rule AS h WHERE h.site = NEW.site) THEN level := 2; END IF;
      END IF;
      INSERT INTO gn.synthese VALUES (NEW.id, NEW.site, md5(NEW.site || NEW.id)::uuid, level)
      ON CONFLICT (id_vn, site) DO UPDATE SET diffusion = EXCLUDED.diffusion;
      RETURN NULL;
    END $$;
    CREATE TRIGGER copy_row AFTER INSERT OR UPDATE ON ${MAIN_SCHEMA}.observations_json
      FOR EACH ROW EXECUTE FUNCTION gn.copy_row()`);
}

/** Rows of gn.synthese that are not what main's own synchronisation would have written, and those that lack. */
export async function wrongCopies(association: Association): Promise<number> {
  const [row] = await association.query<{ n: number }>(
    `SELECT count(*)::int AS n
       FROM ${MAIN_SCHEMA}.observations_json AS m FULL JOIN gn.synthese AS s ON s.id_vn = m.id AND s.site = m.site
      WHERE m.id IS NULL OR s.id_vn IS NULL
         OR s.diffusion IS DISTINCT FROM CASE WHEN m.site = $1 THEN 2 ELSE 5 END
         OR s.unique_id IS DISTINCT FROM md5(m.site || m.id)::uuid`,
    [association.sites[0]],
  );
  return row?.n ?? -1;
}
