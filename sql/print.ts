import type { Locale } from "../config/values/key";
import { type Installation, VERSION } from "./installation";
import { installSteps } from "./installer";
import { groups, type RenderedFile, type RenderedStep, render, type Script } from "./render";
import { OUTSIDE } from "./session";
import { REMOVE } from "./steps";

const TEXTS = {
  fr: {
    install: "installe ou met à jour la réparation",
    remove: "enlève la réparation ; les données restent",
    slow: "Peut durer sur de grandes tables :",
    lacking: "Droits qui manquent à ce rôle, à accorder d'abord (aucune ligne : rien ne manque) :",
  },
  en: {
    install: "installs or upgrades the repair",
    remove: "removes the repair; data stay",
    slow: "May take a while on big tables:",
    lacking: "Rights that this role lacks, to be given first (no row: nothing lacks):",
  },
};

/**
 * The steps of an installation of the repair, or of its removal, as one script for psql, which is run outside a
 * transaction by the role that is to own the objects.
 */
export function print(what: "install" | "remove", installation: Installation, locale: Locale = "en"): string {
  const texts = TEXTS[locale];
  const steps = what === "install" ? installSteps(["repair"]) : REMOVE;
  const script = render(steps, installation);
  return [
    `-- vn-sync-check ${VERSION}: ${texts[what]}.`,
    "\\set ON_ERROR_STOP on",
    "\\set vn_encoding :ENCODING",
    "\\encoding UTF8",
    `\\echo ${quoted(texts.lacking)}`,
    script.opening + commented(script.rights, locale),
    "ROLLBACK;",
    ...groups(script.steps).map((group) => printed(script, group, locale)),
    "\\encoding :vn_encoding\n",
  ].join("\n");
}

function printed(script: Script, group: RenderedStep[], locale: Locale): string {
  const [step] = group as [RenderedStep];
  const text = commented(step, locale);
  switch (step.runs) {
    case "together":
      return [
        script.opening + commented(script.head, locale),
        ...group.map((one) => commented(one, locale)),
        commented(script.tail, locale),
      ].join("\n");
    case "row by row":
      return [
        `\\echo ${quoted(TEXTS[locale].slow)}`,
        // These run outside a transaction: the session is settled meanwhile, and then as it was.
        `SELECT coalesce(pg_catalog.json_object_agg(n, pg_catalog.current_setting(n)), '{}') AS vn_before ${OTHERWISE} \\gset`,
        `SELECT pg_catalog.count(pg_catalog.set_config(n, v, false)) AS vn_set ${OTHERWISE} \\gset`,
        `${text.trimEnd().replace(/;$/, "")}\n\\gexec`,
        `SELECT pg_catalog.count(pg_catalog.set_config(key, value, false)) AS vn_set
  FROM pg_catalog.json_each_text(:'vn_before') \\gset\n`,
      ].join("\n");
    case "report":
      return `\\echo ${quoted(step.does[locale])}\n${script.opening}${text.trimEnd()}\nCOMMIT;\n`;
  }
}

const list = (texts: string[]) =>
  `'${JSON.stringify(texts).replace("[", "{").replace("]", "}")}'::pg_catalog.text[]`;
const OTHERWISE = `FROM unnest(${list(Object.keys(OUTSIDE))}, ${list(Object.values(OUTSIDE))}) AS s (n, v)
 WHERE pg_catalog.current_setting(n, true) OPERATOR(pg_catalog.<>) v`;

function commented(file: RenderedFile, locale: Locale): string {
  return `-- sql/${file.file}: ${file.does[locale]}\n${file.sql}`;
}

/** A text as psql's own commands take it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
