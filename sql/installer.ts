import type { ClientBase, QueryResult } from "pg";
import type { Locale } from "../config/values/key";
import type { Installation } from "./installation";
import { FileError, type Holder, InstallError } from "./installError";
import { groups, type RenderedFile, type RenderedStep, render, type Script } from "./render";
import { OUTSIDE } from "./session";
import { COUNTS, INSTALL, type Part, REMOVE } from "./steps";

export interface Report {
  /** Statements that were run one by one: the covering indexes. */
  made: string[];
  /** SQL that only main's owner may run; the repair works without it, slower or with less. */
  handover: string[];
  /** What lacks in main, or what its triggers do otherwise for the repair: rows of the preflight. */
  problems: { problem: string; remedy: string }[];
  /** Rows of tables, where they were asked for. */
  rows: { table: string; rows: number }[];
  /** Which server and which database this is, where it was asked for. */
  server?: string;
}

/** How a script is run. */
export interface Running {
  /** Language of what is said (default English). */
  locale?: Locale;
  /** What goes on, a line at a time: the server's notices, and what may take long. */
  say?: (line: string) => void;
}

/**
 * Does an installation on an open connection, as the admin login. Doing it again changes nothing; over an older
 * version, or the published procedure's objects, it upgrades in place.
 * @param options.parts default both; "repair" alone over check tables that exist
 * @throws InstallError
 */
export async function install(
  client: ClientBase,
  installation: Installation,
  options: Running & { parts?: readonly Part[] } = {},
): Promise<Report> {
  return await run(client, render(installSteps(options.parts), installation), options);
}

/**
 * Removes what `install` made; with `data`, what holds data too. Doing it again changes nothing.
 * @throws InstallError
 */
export async function remove(
  client: ClientBase,
  installation: Installation,
  options: Running & { data: boolean },
): Promise<Report> {
  return await run(client, render(REMOVE, installation, options.data), options);
}

/** The steps of one part, or of both; with `counts`, the rows that a removal of the data would take. */
export function installSteps(parts: readonly Part[] = ["check copy", "repair"], counts = false) {
  const steps = INSTALL.filter((step) => step.parts.some((part) => parts.includes(part)));
  return counts ? [...steps, COUNTS] : steps;
}

/**
 * Runs a script: neighbours that belong together in one transaction, what a query's rows say one by one.
 * After an error the connection is usable again, and nothing of the transaction that failed is left.
 * @throws InstallError
 */
export async function run(client: ClientBase, script: Script, running: Running = {}): Promise<Report> {
  const { say, locale = "en" } = running;
  const notice = (told: { severity?: string | undefined; message?: string | undefined }) =>
    say?.(`${told.severity ?? "NOTICE"}: ${told.message ?? ""}`);
  client.on("notice", notice);
  const report: Report = { made: [], handover: [], problems: [], rows: [] };
  let lacking: string[] = [];
  try {
    lacking = await missingRights(client, script);
    for (const group of groups(script.steps)) {
      const [step] = group as [RenderedStep];
      if (step.runs === "together") await transaction(client, script, group);
      else if (step.runs === "report") note(report, await transaction(client, script, group));
      else report.made.push(...(await rowByRow(client, script, step, (line) => say?.(line))));
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new InstallError(error, lacking, error.waited ? await holders(client, script) : [], locale);
  } finally {
    client.off("notice", notice);
  }
  return report;
}

type Row = Record<string, unknown>;

/** Runs a group of steps as one transaction; the rows of the last. */
async function transaction(client: ClientBase, script: Script, group: RenderedStep[]): Promise<Row[]> {
  try {
    await client.query(script.opening);
    await send(client, script.head);
    let rows: Row[] = [];
    for (const step of group) rows = await send(client, step);
    await send(client, script.tail);
    return rows;
  } catch (error) {
    await undo(client);
    throw error;
  }
}

/** Runs what a query's rows say, each outside a transaction, with the kit's roles lent to the admin login. */
async function rowByRow(
  client: ClientBase,
  script: Script,
  step: RenderedStep,
  say: (line: string) => void,
): Promise<string[]> {
  let statements: string[];
  let giveBack: string;
  try {
    await client.query(script.opening);
    await send(client, script.head);
    statements = (await send(client, step)).map((row) => String(row["statement"]));
    const { rows } = await client.query("SELECT pg_catalog.current_setting('vn_repair.assumed') AS assumed");
    giveBack = String(rows[0].assumed);
    await client.query("COMMIT");
  } catch (error) {
    await undo(client);
    throw error;
  }
  const unsettle = await settle(client);
  try {
    for (const sql of statements) {
      say(sql);
      await client.query(sql).catch((error: unknown) => {
        throw new FileError(step, error);
      });
    }
  } finally {
    if (giveBack !== "") await client.query(giveBack);
    await unsettle();
  }
  return statements;
}

/** Settles a session that others may go on with; @returns what makes it as it was. */
async function settle(client: ClientBase): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ name: string; before: string }>(
    `SELECT name, pg_catalog.current_setting(name) AS before, pg_catalog.set_config(name, value, false)
       FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS s (name, value)
      WHERE pg_catalog.current_setting(name, true) OPERATOR(pg_catalog.<>) value`,
    [Object.keys(OUTSIDE), Object.values(OUTSIDE)],
  );
  return async () => {
    for (const { name, before } of rows)
      await client
        .query("SELECT pg_catalog.set_config($1, $2, false)", [name, before])
        .catch(() => undefined);
  };
}

/** Sends a file as one message, so that after an error the server skips the rest of it. */
async function send(client: ClientBase, file: RenderedFile): Promise<Row[]> {
  try {
    const results: QueryResult[] = [await client.query(file.sql)].flat();
    return results.at(-1)?.rows ?? [];
  } catch (error) {
    throw new FileError(file, error);
  }
}

/** Ends a failed transaction; where the connection is gone, the server has done so. */
async function undo(client: ClientBase): Promise<void> {
  await client.query("ROLLBACK").catch(() => undefined);
}

/** What the admin login lacks, as statements for whoever may give it: asked before anything is done. */
async function missingRights(client: ClientBase, script: Script): Promise<string[]> {
  try {
    await client.query(script.opening);
    return (await send(client, script.rights)).map((row) => `${row["statement"]};`);
  } finally {
    await undo(client);
  }
}

/** Who may have been in the way of what has just been given up. */
async function holders(client: ClientBase, script: Pick<Script, "opening" | "holders">): Promise<Holder[]> {
  if (script.holders === undefined) return [];
  try {
    await client.query(script.opening);
    return (await client.query<Holder>(script.holders.sql)).rows;
  } catch {
    return []; // the error that was to be explained counts
  } finally {
    await undo(client);
  }
}

function note(report: Report, rows: Row[]): void {
  for (const row of rows) {
    if ("statement" in row) report.handover.push(String(row["statement"]));
    else if ("problem" in row)
      report.problems.push({ problem: String(row["problem"]), remedy: String(row["remedy"]) });
    else report.rows.push({ table: String(row["table"]), rows: Number(row["rows"]) });
  }
}
