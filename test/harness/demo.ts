import { parseArgs } from "node:util";
import { Association } from "./association";
import { differences, loseChanges, makeNewerRows, touchedRows } from "./damage";
import { type Language, story } from "./demoText";
import { leftovers } from "./leftovers";
import { nothingChanged } from "./stack";
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

async function demo(options: DemoOptions): Promise<boolean> {
  const text = story[options.lang];
  say(text.parts);
  const association = await Association.start({
    name: `demo${process.pid}`,
    observations: Number(options.observations),
    release: options.release,
    ...(options.postgres ? { postgres: Number(options.postgres) } : {}),
    say: (line) => say(`  ${line}`),
  });
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
  say(text.mainFull);
  await association.main.install();
  await association.main.full();

  say(text.up);
  await association.configure({ locale: options.lang });
  const progress = {
    onLine: (line: string) => {
      const [, done] = /^ *[-+~]+ +\S+ (\S+ (?:created|updated|deleted) \([^)]*\))/.exec(line) ?? [];
      if (done) say(`  ${done}`);
    },
  };
  await association.stack.up(progress);

  say(text.firstImport);
  await association.firstImportDone(900, (line) => say(`  ${line}`));

  say(text.lose);
  await loseChanges(association, (line) => say(`  ${line}`));
  const newer = await makeNewerRows(association);
  const before = await differences(association);

  say(text.weekly);
  const weekly = await startWeeklyByCron(association, (line) => say(`  ${line}`));
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

  say(text.again);
  const again = await association.stack.up();
  say(nothingChanged(again) ? text.noChange : text.changed(JSON.stringify(again)));
  if (options.keep) return lost && repaired;

  say(text.destroy);
  await association.stack.destroy(progress);
  const left = await leftovers(association);
  console.log(`\n${text.left}`);
  console.table(left.data);
  if (left.ours.length > 0) console.log(left.ours.join("\n"));
  const clean = left.ours.length === 0;
  say(clean ? text.onlyData : text.leftOver);
  return lost && repaired && nothingChanged(again) && clean;
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
