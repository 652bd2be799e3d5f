import { stamp } from "../account/days";
import { loadEvn, scopesOf } from "../download/evnFile";
import { importStateOf } from "../download/firstImport";
import { causeOf, type ExitCode } from "../facts";
import { type ClientSide, type Health, healthOf, healthUnknown, type State } from "../health/health";
import { type Home, openHome, type RunOptions } from "../run/run";
import { stopSignal } from "../run/stop";
import { texts, type Verb, verbose } from "../run/verb";
import { type CauseCode, codeOf, factIn, type Texts } from "../text";

interface StatusOptions extends RunOptions {
  json?: boolean;
}

/** What `status --json` prints. */
export interface StatusReport extends Omit<Health, "problems"> {
  /** Whether the state is "ok". */
  ok: boolean;
  /** What keeps it from OK and what to do, in the user's language. */
  problems: string[];
  /** The same, each with its code, which never changes. */
  causes: { code: CauseCode; text: string }[];
}

const EXIT_OF: Record<State, ExitCode> = { ok: 0, ko: 1, unknown: 2 };

/** Says whether all is well, what ran, what runs next, what lacks and what to do. Exit 0: OK, 1: KO, 2: cannot tell. */
export const status: Verb<StatusOptions> = {
  name: "status",
  help: (texts) => texts.status,
  options: [verbose, { flags: "--json", help: (texts) => texts.json }],
  async run(options) {
    const { health, texts } = await look(options);
    const causes = health.problems.map((fact) => ({ code: codeOf(fact), text: factIn(texts, fact) }));
    const { state, problems: _, ...rest } = health;
    const problems = causes.map(({ text }) => text);
    const report: StatusReport = { state, ok: state === "ok", ...rest, problems, causes };
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : asText(texts, report));
    return EXIT_OF[state];
  },
};

async function look(options: StatusOptions): Promise<{ health: Health; texts: Texts }> {
  let home: Home;
  try {
    home = openHome({ ...options, atOnce: true });
  } catch (error) {
    const cause = causeOf(error);
    if (typeof cause === "object" && cause.key === "otherVersion") throw error; // no fault: see `failed`
    return { health: healthUnknown(null, new Date(), [{ fact: "accountUnusable", cause }]), texts };
  }
  const stop = stopSignal();
  home.db.waiting.stop = stop;
  const health = await healthOf(home, new Date(), clientSide(home));
  stop.throwIfAborted();
  return { health, texts: home.texts };
}

function clientSide(home: Home): ClientSide {
  return { scopes: () => scopesOf(loadEvn(home.paths.evn)), importOf: () => importStateOf(home) };
}

function asText({ status: words }: Texts, report: StatusReport): string {
  const of = report.instance === null ? "" : `, ${report.instance}`;
  const lines = [`${words[report.state]}  ${words.title}${of}`, ""];
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
  for (const verb of report.instance === null ? [] : (["weekly", "daily", "repair"] as const)) {
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
  if (report.causes.length > 0) {
    lines.push("", words.todo);
    for (const { code, text } of report.causes) lines.push(`  - ${text} [${code}]`);
  }
  return `${lines.join("\n")}\n`;
}
