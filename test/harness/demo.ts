import { parseArgs } from "node:util";
import { Association, MAIN_SCHEMA } from "./association";
import { differences, loseChanges, makeNewerRows, touchedRows } from "./damage";
import { type Language, type Story, story } from "./demoText";
import { leftovers } from "./leftovers";
import { type Changes, nothingChanged } from "./stack";
import { startWeeklyByCron } from "./weekly";

interface DemoOptions {
  keep: boolean;
  release: "bookworm" | "trixie";
  observations: string;
  postgres?: string;
  lang: Language;
}

const started = Date.now();

/** A line of progress, with the minutes and seconds since the start. */
function say(line: string): void {
  const seconds = Math.round((Date.now() - started) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, "0")}`;
  console.log(`${clock}  ${line}`);
}

/** A line of what goes on within a step. */
const tell = (line: string): void => say(`  ${line}`);

/** Says what begins, does it, and says how long it took. */
async function step<T>(text: Story, line: string, work: () => Promise<T>): Promise<T> {
  const since = Date.now();
  say(line);
  const result = await work();
  tell(text.took(Math.round((Date.now() - since) / 1000)));
  return result;
}

async function demo(options: DemoOptions): Promise<boolean> {
  const text = story[options.lang];
  const association = await step(text, text.parts, () =>
    Association.start({
      name: `demo${process.pid}`,
      observations: Number(options.observations),
      release: options.release,
      ...(options.postgres ? { postgres: Number(options.postgres) } : {}),
      begin: (part) => tell(text.part[part]),
    }),
  );
  const leave = (signal: NodeJS.Signals) => {
    say(text.interrupted(signal));
    association.stop().finally(() => process.exit(130));
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    const good = await play(association, options);
    if (options.keep) await stay(association, options.lang);
    return good;
  } finally {
    await association.stop();
  }
}

async function play(association: Association, options: DemoOptions): Promise<boolean> {
  const text = story[options.lang];
  await step(text, text.mainInstall, () => association.main.install());
  await step(text, text.mainFull, () => mainFull(association, options, text));

  await association.configure({ locale: options.lang });
  await step(text, text.up, () => association.stack.up((done) => tell(text.resource(done))));
  await step(text, text.firstImport, () => association.firstImportDone(900, tell));

  await step(text, text.lose, () => loseChanges(association, (part) => tell(text[part])));
  const newer = await makeNewerRows(association);
  const before = await differences(association);

  let again: Changes | undefined;
  const weekly = await step(text, text.weekly, () =>
    startWeeklyByCron(
      association,
      (waiting) => tell("line" in waiting ? text.schedule(waiting.line) : text.startsIn(waiting.seconds)),
      async () => {
        again = await step(text, text.again, () => association.stack.up());
        tell(nothingChanged(again) ? text.noChange : text.changed(JSON.stringify(again)));
      },
    ),
  );
  tell(text.weeklyDone(weekly));
  const after = await differences(association);
  const touched = await touchedRows(association, newer);

  console.log(`\n${text.table}`);
  console.table(
    before.map((was, i) => ({
      [text.site]: was.site,
      [text.missing]: `${was.missing} → ${after[i]?.missing}`,
      [text.stale]: `${was.stale} → ${after[i]?.stale}`,
      [text.newer]: `${was.newer} → ${after[i]?.newer}`,
      [text.deleted]: `${was.deleted} → ${after[i]?.deleted}`,
    })),
  );
  console.log(text.monitoring);
  console.table(weekly.monitoring);
  const lost = before.every((was) => was.missing > 0 && was.stale > 0);
  const repaired = after.every((is) => is.missing === 0 && is.stale === 0) && touched === 0;
  say(repaired && lost ? text.repaired : text.notRepaired);

  const unchanged = again !== undefined && nothingChanged(again);
  if (options.keep) return lost && repaired && unchanged;

  await step(text, text.destroy, () => association.stack.destroy((done) => tell(text.resource(done))));
  const left = await leftovers(association);
  console.log(`\n${text.left}`);
  console.table(left.data);
  if (left.ours.length > 0) console.log(left.ours.join("\n"));
  const clean = left.ours.length === 0;
  say(clean ? text.onlyData : text.leftOver);
  return lost && repaired && unchanged && clean;
}

/** The main synchronisation's first download, with the number of rows that have come told every ten seconds. */
async function mainFull(association: Association, options: DemoOptions, text: Story): Promise<void> {
  const expected = Number(options.observations) * association.sites.length;
  const count = async () => {
    const [row] = await association.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM ${MAIN_SCHEMA}.observations_json`,
    );
    tell(text.rows(row?.rows ?? 0, expected));
  };
  const telling = setInterval(() => void count().catch(() => {}), 10_000);
  try {
    await association.main.full();
  } finally {
    clearInterval(telling);
  }
  await count();
}

/** Says how to look around, and waits for Ctrl-C. */
async function stay(association: Association, lang: Language): Promise<void> {
  console.log(story[lang].keep(association));
  const forever = setInterval(() => {}, 1 << 30);
  await new Promise(() => {}).finally(() => clearInterval(forever));
}

// scripts/demo has refused what is wrong.
const { values } = parseArgs({
  options: {
    keep: { type: "boolean", default: false },
    release: { type: "string", default: "bookworm" },
    postgres: { type: "string" },
    observations: { type: "string", default: "1500" },
  },
});
const options = { ...values, lang: process.env["VN_LANG"] === "fr" ? "fr" : "en" } as DemoOptions;

demo(options).then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
