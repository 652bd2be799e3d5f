import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import type { Client } from "pg";
import { findingInWords } from "../config/checks";
import { speaking } from "../config/commandLine";
import type { Locale } from "../config/values/key";
import { type Connection, connect } from "./connect";
import { connectionFinding } from "./connecting";
import { REPAIR_DEFAULTS } from "./installation";
import { serverWords } from "./installError";
import { type Report, run } from "./installer";
import { print } from "./print";
import type { RenderedFile, Script } from "./render";

/** What arrives on standard input, as JSON: everything secret is in here, nothing on the command line. */
export interface Job {
  connection: Omit<Connection, "applicationName">;
  locale: Locale;
  install: Script[];
  /** As they were at the last `up`. */
  remove: Script[];
  /** Asks, before an installation, whether this is the database of the last one; `expected`: another one is meant. */
  moved?: { facts: RenderedFile; expected: boolean };
  /** Not read: another one has the job run again. */
  generation?: string;
}

const TEXTS = {
  fr: {
    gone: (where: string) =>
      `${where} : la connexion est celle du dernier \`pulumi up\`, y changer une clé ne sert à rien ici. Si cette base répondra de nouveau, relancer alors \`pulumi destroy\`. Si elle a disparu pour de bon, rien ne reste à y enlever :\n  pulumi config set vn-sync-check:oldDatabaseGone true\n  pulumi destroy --run-program`,
    another: (where: string) =>
      `${where} : cette base n'est pas celle où la pile était installée, et rien du kit ne s'y trouve. Rien n'y a été fait.\nSi l'adresse est fausse, la corriger. Si l'ancienne base vit encore et doit être nettoyée : remettre son adresse et \`pulumi destroy\` d'abord. Si elle a disparu pour de bon : pulumi config set vn-sync-check:oldDatabaseGone true, puis \`pulumi up\` ; le premier import recommence alors.`,
    failed: (side: Side, where: string, why: string) =>
      `${side === "install" ? "l'installation" : "la suppression"} dans ${where} a échoué :\n${why}`,
    where: (c: Job["connection"]) => `la base ${c.database} sur ${c.host}:${c.port}, utilisateur ${c.user}`,
  },
  en: {
    gone: (where: string) =>
      `${where}: this connection is that of the last \`pulumi up\`, no key changes it here. If that database will answer again, run \`pulumi destroy\` then. If it is gone for good, nothing is left to be removed from it:\n  pulumi config set vn-sync-check:oldDatabaseGone true\n  pulumi destroy --run-program`,
    another: (where: string) =>
      `${where}: this is not the database that the stack was installed in, and nothing of the kit is in it. Nothing was done there.\nIf the address is wrong, set it right. If the old database still lives and is to be cleaned: set its address again and \`pulumi destroy\` first. If it is gone for good: pulumi config set vn-sync-check:oldDatabaseGone true, then \`pulumi up\`; the first import begins anew then.`,
    failed: (side: Side, where: string, why: string) =>
      `${side === "install" ? "the installation" : "the removal"} in ${where} failed:\n${why}`,
    where: (c: Job["connection"]) => `database ${c.database} at ${c.host}:${c.port} as ${c.user}`,
  },
};

type Side = "install" | "remove";

/**
 * Runs one side of a job.
 * @param before the server and database of the last report
 * @returns the reports of its scripts as one
 * @throws Error in the job's language, without any secret in it
 */
export async function runJob(
  job: Job,
  side: Side,
  say: (line: string) => void,
  before?: string,
): Promise<Report> {
  const texts = TEXTS[job.locale];
  const where = texts.where(job.connection);
  let client: Client;
  try {
    client = await connect({ ...job.connection, applicationName: "vn-sync-check" });
  } catch (error) {
    const why = findingInWords(connectionFinding(error, job.connection), job.locale);
    throw new Error(side === "install" ? why : `${why}\n${texts.gone(where)}`);
  }
  const report: Report = { made: [], handover: [], problems: [], rows: [] };
  try {
    if (side === "install" && job.moved !== undefined) {
      const { server, installed } = await recognised(client, job);
      const isAnother = before !== undefined && before !== server && !installed && !job.moved.expected;
      if (isAnother) throw new Error(texts.another(where));
      report.server = server;
    }
    for (const script of job[side]) {
      const { made, handover, problems, rows } = await run(client, script, { locale: job.locale, say });
      report.made.push(...made);
      report.handover.push(...handover);
      report.problems.push(...problems);
      report.rows.push(...rows);
    }
  } catch (error) {
    throw new Error(texts.failed(side, where, serverWords(error)));
  } finally {
    await client.end().catch(() => undefined);
  }
  return report;
}

async function recognised(
  client: Client,
  { install: [script], moved }: Job,
): Promise<{ server: string; installed: boolean }> {
  await client.query((script as Script).opening);
  try {
    const { rows } = await client.query((moved as { facts: RenderedFile }).facts.sql);
    return rows[0];
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** What the last run has printed, which the engine hands over; undefined before the first. */
function serverBefore(): string | undefined {
  try {
    return (JSON.parse(process.env["PULUMI_COMMAND_STDOUT"] ?? "") as Report).server;
  } catch {
    return undefined;
  }
}

interface PrintOptions {
  main: string;
  check: string;
  repair: string;
  monitoring: string;
  uninstall?: boolean;
  locale: Locale;
}

// No role of ours is needed, the objects belong to whoever runs them.
function printed({ uninstall, locale, ...schemas }: PrintOptions): string {
  return print(
    uninstall ? "remove" : "install",
    { instance: "default", locale, schemas, roles: null, extraGrants: [], settings: REPAIR_DEFAULTS },
    locale,
  );
}

const HELP = {
  fr: {
    program: "Le SQL de vn-sync-check : lancé par la pile, ou imprimé pour psql.",
    job: "pour la pile : exécute une tâche, reçue en JSON sur l'entrée standard",
    print:
      "Imprime le SQL qui installe à la main les objets de la réparation, ou les met à jour, y compris par-dessus ceux de la procédure publiée :\n" +
      "  npm run -s sql | psql service=… -f -",
    main: "schéma de la copie principale",
    check: "schéma de la copie de contrôle",
    repair: "schéma des objets de la réparation",
    monitoring: "schéma de la table de suivi",
    uninstall: "imprime plutôt ce qui enlève les objets ; les données restent",
    locale: "langue des commentaires",
  },
  en: {
    program: "The SQL of vn-sync-check: run by the stack, or printed for psql.",
    job: "for the stack: runs a job, which comes as JSON on standard input",
    print:
      "Prints the SQL that installs the repair's objects by hand, or upgrades them, also over the published procedure's:\n" +
      "  npm run -s sql | psql service=… -f -",
    main: "schema of the main copy",
    check: "schema of the checking copy",
    repair: "schema of the repair's own objects",
    monitoring: "schema of the monitoring table",
    uninstall: "print what removes the objects instead; data stay",
    locale: "language of the comments",
  },
};

/** Runs the program with its arguments; a failure is told on standard error, with exit code 1. */
export async function main(args: string[]): Promise<void> {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  const spoken: Locale = (LC_ALL || LC_MESSAGES || LANG || "").startsWith("fr") ? "fr" : "en";
  const help = HELP[spoken];
  const program = new Command("sql").description(help.program);
  for (const side of ["install", "remove"] as const)
    program
      .command(side)
      .description(help.job)
      .action(async () => {
        const job = JSON.parse(await text(process.stdin)) as Job;
        const say = (line: string) => process.stderr.write(`${line}\n`);
        const report = await runJob(job, side, say, serverBefore());
        process.stdout.write(`${JSON.stringify(report)}\n`);
      });
  program
    .command("print")
    .description(help.print)
    .option("--main <schema>", help.main, "src_vn_json")
    .option("--check <schema>", help.check, "src_vn_json_check")
    .option("--repair <schema>", help.repair, "src_vn_json_repair")
    .option("--monitoring <schema>", help.monitoring, "dbadmin")
    .option("--uninstall", help.uninstall)
    .addOption(new Option("--locale <locale>", help.locale).choices(["fr", "en"]).default(spoken))
    .action((options: PrintOptions) => {
      process.stdout.write(printed(options));
    });
  speaking(program, spoken);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
