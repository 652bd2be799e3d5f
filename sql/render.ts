import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeLiteral } from "pg";
import { inFrench } from "./french";
import { type Installation, installationJson, quotedSchemas } from "./installation";
import { settled, TRANSACTION } from "./session";
import { HEAD, HOLDERS, RIGHTS, type SqlFile, type Step, TAIL } from "./steps";

export interface RenderedFile extends SqlFile {
  /** The file's text with the schemas' names in it; its lines are the file's. */
  sql: string;
}

export interface RenderedStep extends RenderedFile {
  runs: Step["runs"];
}

/** Texts to run on a database, complete: what the stack keeps in its state, so that destroy needs nothing else. */
export interface Script {
  /** Begins each transaction, and tells it what the installation is told. */
  opening: string;
  rights: RenderedFile;
  /** Absent from what older versions keep. */
  holders?: RenderedFile;
  head: RenderedFile;
  steps: RenderedStep[];
  tail: RenderedFile;
}

/**
 * Puts an installation's names into files of the manifest.
 * @param withData does a removal take the data too?
 * @throws Error that names a schema whose name cannot be used, or a file with an unknown placeholder
 */
export function render(steps: readonly Step[], installation: Installation, withData = false): Script {
  const file = (of: SqlFile) => renderFile(of, installation);
  const json = escapeLiteral(installationJson(installation, withData)).trim();
  return {
    opening: `BEGIN ${TRANSACTION};
${settled("LOCAL")}
SELECT pg_catalog.set_config('vn_repair.installation', ${json}, true);
`,
    rights: file(RIGHTS),
    holders: file(HOLDERS),
    head: file(HEAD),
    steps: steps.map((step) => ({ ...file(step), runs: step.runs })),
    tail: file(TAIL),
  };
}

/** A script that is told one thing more, by a setting of its transactions. */
export function telling(script: Script, setting: string, value: string): Script {
  const told = `SELECT pg_catalog.set_config(${escapeLiteral(setting).trim()}, ${escapeLiteral(value).trim()}, true);\n`;
  return { ...script, opening: `${script.opening}${told}` };
}

/** Puts an installation's names into one file. */
export function renderFile({ file, does }: SqlFile, installation: Installation): RenderedFile {
  const schemas: Record<string, string> = quotedSchemas(installation.schemas, installation.locale);
  const text = readFileSync(join(__dirname, file), "utf8").replaceAll("\r\n", "\n");
  const sql = (installation.locale === "fr" ? inFrench(text) : text).replace(
    /\{\{(\w*)\}\}/g,
    (placeholder, name: string) => {
      const value = schemas[name];
      if (value === undefined) throw new Error(`sql/${file}: unknown placeholder ${placeholder}`);
      return value;
    },
  );
  return { file, does, sql };
}

/** Neighbours that are run the same way: those that are together in one group, the others alone. */
export function groups(steps: readonly RenderedStep[]): RenderedStep[][] {
  const found: RenderedStep[][] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (step.runs === "together" && last?.[0]?.runs === "together") last.push(step);
    else found.push([step]);
  }
  return found;
}
