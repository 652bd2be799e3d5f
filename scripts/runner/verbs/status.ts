import { stamp } from "../account/days";
import { importStateOf } from "../download/firstImport";
import { EXIT } from "../facts";
import { type Health, healthOf } from "../run/health";
import { type Home, openHome, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { factIn, type Texts } from "../text";

interface StatusOptions extends RunOptions {
  json?: boolean;
}

/** What `status --json` prints. */
export interface StatusReport extends Omit<Health, "problems"> {
  /** What is wrong and what to do, in the user's language. */
  problems: string[];
}

/** Says whether all is well, what ran, what runs next and what to do. Exit 0: OK, 1: KO. */
export const status: Verb<StatusOptions> = {
  name: "status",
  help: (texts) => texts.status,
  options: [verbose, { flags: "--json", help: (texts) => texts.json }],
  async run(options) {
    const home = openHome({ ...options, atOnce: true });
    const report = await reportOf(home);
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : asText(home.texts, report));
    return report.ok ? EXIT.done : EXIT.failed;
  },
};

async function reportOf(home: Home): Promise<StatusReport> {
  const health = await healthOf(home, new Date(), () => importStateOf(home));
  return { ...health, problems: health.problems.map((fact) => factIn(home.texts, fact)) };
}

function asText({ status: words }: Texts, report: StatusReport): string {
  const lines = [`${report.ok ? words.ok : words.ko}  ${words.title}, ${report.instance}`, ""];
  const row = (name: string, value: string) => lines.push(`  ${name.padEnd(22)} ${value}`);
  const minute = (iso: string) => stamp(new Date(iso)).replace("T", " ").slice(0, 16);
  const first = report.firstImport;
  if (first) {
    const downloads = words.downloads(first.done, first.expected);
    row(words.firstImport, `${words.importState[first.state]} (${downloads})`);
    if (first.state !== "done")
      for (const site of first.sites) row("", `${site.site} ${site.done}/${site.expected}`);
    if (first.current) row("", `→ ${first.current.site}, ${first.current.group}`);
  }
  for (const verb of ["weekly", "daily", "repair"] as const) {
    const last = report.last[verb];
    if (!last) {
      row(words[verb], words.never);
      continue;
    }
    const { repair } = last;
    const counts = repair ? `; +${repair.inserted} ~${repair.updated} -${repair.deleted}` : "";
    const ended = last.status === "running" ? words.running : words.ended[last.status];
    row(words[verb], `${minute(last.startedAt)}, ${ended}${counts}`);
  }
  for (const verb of ["weekly", "daily"] as const) {
    const at = report.next[verb];
    if (at) row(words.next[verb], minute(at));
  }
  if (report.problems.length > 0) {
    lines.push("", words.todo);
    for (const problem of report.problems) lines.push(`  - ${problem}`);
  }
  return `${lines.join("\n")}\n`;
}
