import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MEANING } from "../../sql/session";
import type { Cluster } from "./postgres";

const run = promisify(execFile);

/** What of an entry's text says nothing about the object: session settings, comments, psql's own commands. */
const NOISE = /^(--.*|SET .*|\\.*|SELECT pg_catalog\.set_config\(.*|)$/;

/** In main's schema only this is of interest: the tables themselves are Client-API-VN's. */
const OF_MAIN = /^(TRIGGER|INDEX|ACL|DEFAULT ACL|COMMENT (TRIGGER|INDEX|SCHEMA))$/;

/** The catalog as entries: an object, its comment, its rights, each sorted next to the others of its name. */
export type Catalog = string[];

/**
 * What is in the catalog of an installation: every object of these schemas as pg_dump writes it, with owner, comment
 * and rights, and the roles with what they are members of. Two databases can be compared, whatever the order in which
 * their objects were made.
 */
export async function catalog(
  cluster: Cluster,
  database: string,
  names: { main: string; ours: string[]; roles: string[] },
): Promise<Catalog> {
  const schemas = [names.main, ...names.ours].flatMap((name) => ["-n", `"${name.replaceAll('"', '""')}"`]);
  const { stdout } = await run("pg_dump", ["--schema-only", ...schemas], {
    env: { ...process.env, ...cluster.env(database) },
    maxBuffer: 64e6,
  });
  const entries = stdout
    .split(/^(?=-- Name: )/m)
    .slice(1)
    .flatMap((text) => entry(text, names.main));
  return [
    ...entries.sort((a, b) => (a.key < b.key ? -1 : 1)).map((e) => e.text),
    ...(await roles(cluster, database, names.roles)),
  ];
}

/** The same without what stands in sql/ anyway: bodies of functions, but for those that are made for observations_json. */
export function outline(entries: Catalog): string {
  const kept = entries.filter(
    (text) => !MADE_FOR_A_TABLE.test(text) || /_(observations|field_details)_json\(/.test(text),
  );
  return `${kept.map((text) => (MADE_FOR_A_TABLE.test(text) ? text : withoutMeaning(withoutBody(text)))).join("\n\n")}\n`;
}

/** What a function says its meaning rests on, as one line where it is all of the list. */
function withoutMeaning(text: string): string {
  const lines = text.split("\n");
  const said = (line: string) =>
    Object.entries(MEANING).some(
      ([k, v]) => line.replaceAll('"', "").toLowerCase() === `    set ${k} to '${v}'`.toLowerCase(),
    );
  const first = lines.findIndex(said);
  if (lines.filter(said).length < Object.keys(MEANING).length) return text;
  return lines
    .flatMap((line, i) =>
      i === first ? ["    SET … -- MEANING of sql/session.ts"] : said(line) ? [] : [line],
    )
    .join("\n");
}

const MADE_FOR_A_TABLE = /^\S+ (\S+ ON )?FUNCTION \S+_(?!observations_json_)\w+_json\(/;
const withoutBody = (text: string) => text.replace(/^ *AS (\$\w*\$)[\s\S]*?\1;/m, "    AS …;");

/** One object: a line that says what it is and whose, then the statements that make it. */
function entry(text: string, main: string): { key: string; text: string }[] {
  const [, name = "", type = "", schema = "", owner = ""] =
    /^-- Name: (.*); Type: (.*); Schema: (.*); Owner: (.*)$/m.exec(text) ?? [];
  const about = type === "COMMENT" || type === "ACL";
  const kind = about ? `${type} ${name.split(" ")[0]}` : type;
  if (schema === main && !OF_MAIN.test(type === "ACL" ? type : kind)) return [];
  const lines = text.split("\n").filter((line) => !NOISE.test(line) && !/^ALTER .* OWNER TO /.test(line));
  // The order of rights in the catalog is that in which they were given.
  if (type === "ACL") lines.sort();
  const plain = (about ? name.replace(/^(MATERIALIZED VIEW|[A-Z]+) /, "") : name).replace(/\(.*/, "");
  const head = about ? [] : [`-- ${type} ${name}; owner ${owner}`];
  // The objects that pg_dump names by their arguments' types are sorted by name, then by all they say.
  const rank = about ? (type === "ACL" ? 3 : 2) : 1;
  return [{ key: `${schema} ${plain} ${rank} ${name}`, text: [...head, ...lines].join("\n") }];
}

async function roles(cluster: Cluster, database: string, names: string[]): Promise<string[]> {
  const client = await cluster.connect(database);
  try {
    const { rows } = await client.query<{ line: string }>(
      `SELECT format('-- ROLE %s; login %s, inherit %s, createrole %s, superuser %s; member of %s; settings %s; %s', rolname,
                     rolcanlogin, rolinherit, rolcreaterole, rolsuper,
                     ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid ORDER BY 1),
                     ARRAY(SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = r.oid ORDER BY 1),
                     shobj_description(oid, 'pg_authid')) AS line
         FROM pg_roles AS r WHERE rolname = ANY ($1) ORDER BY rolname`,
      [names],
    );
    return rows.map((r) => r.line);
  } finally {
    await client.end();
  }
}
