import { Command, Option } from "commander";
import { differences, loseChanges, makeNewerRows, touchedRows } from "./damage";
import { type Language, story } from "./demoText";
import { leftovers } from "./leftovers";
import { nothingChanged } from "./stack";
import { Stage } from "./stage";
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
  const stage = await Stage.start({
    name: `demo${process.pid}`,
    observations: Number(options.observations),
    release: options.release,
    ...(options.postgres ? { postgres: Number(options.postgres) } : {}),
    say: (line) => say(`  ${line}`),
  });
  const leave = (signal: NodeJS.Signals) => {
    say(text.interrupted(signal));
    stage.stop().finally(() => process.exit(130));
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    const good = await play(stage, options);
    if (options.keep) await stay(stage, options.lang);
    return good;
  } finally {
    await stage.stop();
  }
}

async function play(stage: Stage, options: DemoOptions): Promise<boolean> {
  const text = story[options.lang];
  say(text.mainFull);
  await stage.main.install();
  await stage.main.full();

  say(text.up);
  await stage.configure({ locale: options.lang });
  const progress = {
    onLine: (line: string) => {
      const [, done] = /^ *[-+~]+ +\S+ (\S+ (?:created|updated|deleted) \([^)]*\))/.exec(line) ?? [];
      if (done) say(`  ${done}`);
    },
  };
  await stage.stack.up(progress);

  say(text.firstImport);
  await stage.firstImportDone(900, (line) => say(`  ${line}`));

  say(text.lose);
  await loseChanges(stage, (line) => say(`  ${line}`));
  const newer = await makeNewerRows(stage);
  const before = await differences(stage);

  say(text.weekly);
  const weekly = await startWeeklyByCron(stage, (line) => say(`  ${line}`));
  const after = await differences(stage);
  const touched = await touchedRows(stage, newer);

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
  const again = await stage.stack.up();
  say(nothingChanged(again) ? text.noChange : text.changed(JSON.stringify(again)));
  if (options.keep) return lost && repaired;

  say(text.destroy);
  await stage.stack.destroy(progress);
  const left = await leftovers(stage);
  console.log(`\n${text.left}`);
  console.table(left.data);
  if (left.ours.length > 0) console.log(left.ours.join("\n"));
  const clean = left.ours.length === 0;
  say(clean ? text.onlyData : text.leftOver);
  return lost && repaired && nothingChanged(again) && clean;
}

/** Says how to look around, and waits for Ctrl-C. */
async function stay(stage: Stage, lang: Language): Promise<void> {
  console.log(story[lang].keep(stage));
  const forever = setInterval(() => {}, 1 << 30);
  await new Promise(() => {}).finally(() => clearInterval(forever));
}

const defaultLanguage: Language = /^fr/.test(process.env["LC_ALL"] || process.env["LANG"] || "")
  ? "fr"
  : "en";
const options = new Command("scripts/demo")
  .option("--keep", "", false)
  .addOption(new Option("--release <name>").choices(["bookworm", "trixie"]).default("bookworm"))
  .addOption(new Option("--postgres <version>").choices(["15", "17"]))
  .option("--observations <n>", "", "1500")
  .addOption(new Option("--lang <language>").choices(["fr", "en"]).default(defaultLanguage))
  .parse()
  .opts<DemoOptions>();

demo(options).then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
