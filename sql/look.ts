import { type Client, DatabaseError } from "pg";
import { type Finding, findings } from "../config/checks";
import { type Connection, connect } from "./connect";
import { connectionFinding } from "./connecting";
import { DATABASE_CHECKS } from "./databaseChecks";
import type { DatabaseFacts } from "./databaseFacts";
import type { Installation } from "./installation";
import { render, renderFile, type Script } from "./render";
import { COLUMN_FAULTS, FACTS, FOREIGN, MAIN_FAULTS, SITES } from "./steps";

type To = Omit<Connection, "applicationName">;

/** What was seen of a database. */
export interface DatabaseLook {
  /** Where it is false, why nothing could be seen is the one finding. */
  connected: boolean;
  found: Finding[];
  /** Names of what a stack makes and what is not there. */
  absent: string[];
}

/** All that stands in the way of an installation in a database: nothing is changed there. */
export async function databaseFindings(to: To, installation: Installation): Promise<DatabaseLook> {
  let client: Client;
  try {
    client = await connect({ ...to, applicationName: "vn-sync-check" });
  } catch (error) {
    const isAbsent = error instanceof DatabaseError && error.code === "3D000";
    const found = [connectionFinding(error, to, isAbsent ? await databases(to) : [])];
    return { connected: false, found, absent: [] };
  }
  try {
    const facts = await factsOf(client, to, installation);
    return { connected: true, found: await findings(DATABASE_CHECKS, facts), absent: facts.absent };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Databases of the server, as many as a person reads. */
async function databases(to: To): Promise<string[]> {
  try {
    const client = await connect({ ...to, database: "postgres", applicationName: "vn-sync-check" });
    try {
      const { rows } = await client.query(
        "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY 1 LIMIT 12",
      );
      return rows.map(({ datname }) => String(datname));
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch {
    return [];
  }
}

async function factsOf(client: Client, to: To, installation: Installation): Promise<DatabaseFacts> {
  const script = render([], installation);
  await client.query(script.opening);
  try {
    const { rows } = await client.query(renderFile(FACTS, installation).sql);
    const seen = { ...rows[0], installation, database: to.database, adminUser: to.user };
    const nothing = {
      lacking: [],
      installed_version: null,
      main_fault: null,
      foreign_fault: null,
      sites_fault: null,
      objects_refused: null,
      refused_grants: [],
    };
    // Older servers do not know what is asked next, and on a standby nothing can be tried.
    if (seen.version < 150_000 || seen.standby) return { ...seen, ...nothing };
    const lacking = (await client.query(script.rights.sql)).rows.map((row) => `${row["statement"]};`);
    const tried = await triedOut(client, script, installation);
    return { ...seen, lacking, ...tried };
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** What only an attempt tells, each undone. */
async function triedOut(
  client: Client,
  script: Script,
  installation: Installation,
): Promise<
  Pick<
    DatabaseFacts,
    | "installed_version"
    | "main_fault"
    | "foreign_fault"
    | "sites_fault"
    | "objects_refused"
    | "refused_grants"
  >
> {
  const { extraGrants, schemas } = installation;
  const mainFaults = [COLUMN_FAULTS, MAIN_FAULTS].map((file) => renderFile(file, installation).sql);
  const attempt = async (sql: string) => {
    await client.query("SAVEPOINT attempt");
    try {
      const { rows } = await client.query(sql);
      return { rows: rows ?? [], error: undefined };
    } catch (error) {
      await client.query("ROLLBACK TO attempt");
      return { rows: [], error: error as DatabaseError };
    }
  };
  // Lends the kit's own roles; nothing is lost where an installation under way holds its lock.
  await attempt(script.head.sql);
  const foreign = await attempt(renderFile(FOREIGN, installation).sql);
  const sites = await attempt(renderFile(SITES, installation).sql);
  // The function that each run asks is made for this look alone.
  const made = await attempt(`CREATE SCHEMA "${schemas.repair}"`);
  const fit = await attempt(mainFaults.join("\n"));
  const raised = (error: DatabaseError | undefined) => (error?.code === "P0001" ? error : undefined);
  const objects_refused = raised(made.error)?.message ?? null;
  const main_fault = faultOf(objects_refused === null ? raised(fit.error) : undefined);
  const foreign_fault = faultOf(raised(foreign.error));
  // What is somebody else's is not even read: a view there would run with these rights.
  const installed = foreign_fault
    ? { rows: [] }
    : await attempt(`SELECT installed_version FROM "${schemas.repair}".settings`);
  const refused_grants: DatabaseFacts["refused_grants"] = [];
  for (const grant of extraGrants) {
    const { error } = await attempt(`GRANT ${grant} TO CURRENT_USER`);
    if (error !== undefined)
      refused_grants.push({ grant, why: error.message, right: error.code === "42501" });
  }
  const installed_version = installed.rows[0]?.["installed_version"] ?? null;
  const sites_fault = faultOf(raised(sites.error));
  return { installed_version, main_fault, foreign_fault, sites_fault, objects_refused, refused_grants };
}

function faultOf(error: DatabaseError | undefined): { problem: string; remedy: string } | null {
  return error ? { problem: error.message, remedy: error.hint ?? "" } : null;
}
