import { DatabaseError } from "pg";
import type { StatusReport } from "../../scripts/runner/verbs/status";
import { randomFrom } from "../emulator/random";
import { judge } from "./judge";
import { kindOf } from "./kinds";
import { obey } from "./person";
import type { Planned } from "./plan";
import { Runs, Violation } from "./runs";
import { type Ground, makeGround } from "./scene/ground";
import type { Dump, Scene, Undo } from "./scene/kind";
import { MainSync } from "./scene/mainSync";
import { Oracle, told } from "./scene/oracle";
import { livePortals } from "./scene/portal";

export interface YearOptions {
  seed: number;
  weeks: number;
  faults: readonly Planned[];
  /** Folder of Client-API-VN. */
  venv: string;
  /** Tells what is wrong and goes on, which tells more of it. */
  goOn?: boolean;
  /** Ends after this day, from 0. */
  lastDay?: number;
  tell(day: number, text: string): void;
}

/** What a year came to. */
export interface Played {
  violation?: Violation;
  /** Day of the violation, or the last. */
  day: number;
}

const LOSSES = { lists: 0.1, rows: 0.05 };

/** A Monday, another one with each seed, so that the clocks' changes and ends of years come up. */
function startOf(seed: number): Date {
  return new Date(2030, 0, 7 + 7 * (seed % 52));
}

/** Plays weeks from the seed: portals, main, the account's jobs, faults; and looks at all of it each evening. */
export async function playYear(options: YearOptions): Promise<Played> {
  const realNow = Date.now();
  const start = startOf(options.seed);
  const ground = await makeGround(options.seed, start, options.venv);
  const year = new Year(ground, start, realNow, options);
  const days = Math.min(options.weeks * 7, (options.lastDay ?? Infinity) + 1);
  let day = 0;
  let first: Played | undefined;
  try {
    for (; day < days; day++)
      try {
        await year.day(day);
      } catch (error) {
        if (!(options.goOn && error instanceof Violation)) throw error;
        options.tell(day, `WRONG: ${error.message}`);
        first ??= { day, violation: error };
      }
    return first ?? { day: day - 1 };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { day, violation: error };
  } finally {
    ground.clock.set(new Date(realNow));
    await ground.stop();
  }
}

class Year {
  private readonly oracle: Oracle;
  private readonly runs: Runs;
  private readonly main: MainSync;
  private readonly scene: Scene;
  private readonly dumps: Dump[] = [];
  private readonly inForce = new Map<Planned, Undo | undefined>();
  private faultyUntil = 0;
  private liedUntil = 0;
  private wasOk = false;

  constructor(
    private readonly ground: Ground,
    private readonly start: Date,
    realNow: number,
    private readonly options: YearOptions,
  ) {
    const oracle = new Oracle(ground.emulator);
    const runs = new Runs(ground, oracle, realNow);
    this.oracle = oracle;
    this.runs = runs;
    this.main = new MainSync(ground.emulator, randomFrom(options.seed, "main"), start);
    this.scene = {
      ...ground,
      oracle,
      asleep: false,
      mainRows: () => runs.mainRows(),
      dump: async (ago) => this.dumps.at(-1 - ago) ?? (this.dumps[0] as Dump),
      inNextRun: (happens) => runs.inNextRun(happens),
    };
  }

  async day(day: number): Promise<void> {
    const at = (hour: number, minute = 0) => {
      const moment = new Date(this.start);
      moment.setDate(moment.getDate() + day);
      moment.setHours(hour, minute, 0, 0);
      return moment;
    };
    const reach = (hour: number, minute?: number) => this.ground.clock.reach(at(hour, minute));
    const weekday = at(12).getDay();
    reach(0, 30);
    await this.turnFaults(day);
    await this.updateMain(day === 0);
    if (day === 0) await this.runs.run("init");
    reach(4, 30);
    await this.job("daily");
    // Each hour in life; it has nothing to do where all is well.
    if (!this.wasOk || day % 7 === 3) {
      reach(12, 17);
      await this.job("watch");
    }
    reach(20);
    if (day <= this.options.weeks * 7 - 3) {
      const random = randomFrom(this.options.seed, "life", day);
      livePortals(this.ground.emulator, random, at(8).getTime(), at(20).getTime());
    }
    this.oracle.learn();
    await this.updateMain(false);
    if (weekday === 6) {
      reach(22);
      await this.job("weekly");
    }
    reach(23, 30);
    await this.look(day);
    this.dumps.push(await this.runs.dump());
    if (this.dumps.length > 8) this.dumps.shift();
  }

  private async job(verb: "daily" | "weekly" | "watch"): Promise<void> {
    if (!this.scene.asleep) await this.runs.run(verb);
  }

  /** Main's own client meets the database's faults too: what it cannot store then, it has lost. */
  private async updateMain(first: boolean): Promise<void> {
    try {
      const client = await this.ground.asMain();
      try {
        await client.query("SET lock_timeout = '100ms'");
        if (first) await this.main.full(client, LOSSES.rows);
        else await this.main.update(client, LOSSES);
      } finally {
        await client.end();
      }
    } catch (error) {
      if (this.inForce.size === 0) throw error;
    }
  }

  private async turnFaults(day: number): Promise<void> {
    for (const [fault, undo] of this.inForce)
      if (fault.day + fault.days <= day) {
        // Nothing can be put right in a database that may only be read: it is later, then.
        if (await this.cannot(day, `${fault.n} ends`, async () => undo?.())) continue;
        this.inForce.delete(fault);
        this.faultyUntil = Date.now();
        if (kindOf(fault.kind).lie) this.liedUntil = Date.now();
        this.oracle.learn();
      }
    if (day === 0) this.oracle.learn();
    for (const fault of this.options.faults)
      if (fault.day === day) {
        const random = randomFrom(this.options.seed, "fault", fault.n);
        this.options.tell(day, `${fault.n} ${fault.kind}, ${fault.days} d`);
        await this.cannot(day, `${fault.n} begins`, async () => {
          this.inForce.set(fault, (await kindOf(fault.kind).begin(this.scene, random)) ?? undefined);
        });
        this.oracle.learn();
      }
  }

  /** Does something that the database refuses while another fault is in force. @returns whether it has */
  private async cannot(day: number, what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return false;
    } catch (error) {
      if (!(error instanceof DatabaseError) || this.inForce.size === 0) throw error;
      this.options.tell(day, `not now: ${what}: ${error.message}`);
      return true;
    }
  }

  /** The evening's look: at status, and at main. */
  private async look(day: number): Promise<void> {
    const { weeks, tell } = this.options;
    const rows = await this.runs.mainRows();
    const last = (verb: string) => this.runs.last(verb);
    const weekly = this.runs.done.filter((run) => run.verb === "weekly" && run.code === 0).at(-1);
    const lacks = [
      ...this.oracle.lacks(rows, Date.now(), weekly?.startedAt ?? 0),
      ...this.oracle.controllersFailed(),
    ];
    const report = await this.status();
    this.wasOk = report.ok;
    const codes = ["daily", "weekly"].map((verb) => `${verb} ${last(verb)?.code ?? "-"}`).join(", ");
    tell(day, `${report.state}; ${codes}; main ${rows.size}; lacks ${lacks.length}`);
    for (const { code, text } of report.causes) tell(day, `    [${code}] ${text}`);
    for (const lack of lacks.slice(0, 5)) tell(day, `    lacks ${told(lack)}`);
    const faults = [...this.inForce.keys()];
    judge(report, {
      lacks,
      differs:
        this.oracle.lacks(
          rows,
          Math.max(...["daily", "weekly"].map((verb) => last(verb)?.startedAt ?? 0)),
          Infinity,
          0,
        ).length > 0,
      faulty: faults.length > 0,
      faultyUntil: this.faultyUntil,
      lied:
        faults.some(({ kind }) => kindOf(kind).lie) ||
        (this.liedUntil > 0 &&
          !this.runs.done.some((r) => r.verb === "daily" && r.code === 0 && r.startedAt > this.liedUntil)),
      daily: last("daily"),
      weekly: last("weekly"),
    });
    // A person does what status asks for, once the fault is over.
    if (!report.ok && faults.length === 0)
      for (const done of await obey(this.ground, this.runs, report)) {
        this.faultyUntil = Date.now();
        tell(day, `    done: ${done}`);
      }
    if (day === weeks * 7 - 2) {
      // What is only reported stays in main.
      const differences = this.oracle
        .differences(await this.runs.mainRows())
        .filter((text) => this.ground.deletions === "apply" || !text.startsWith("main still has"));
      if (differences.length > 0)
        throw new Violation("two weekly jobs after the faults main is not the portal", differences);
    }
  }

  private async status(): Promise<StatusReport> {
    const { stdout, stderr, code } = await this.runs.run("status", "--json");
    try {
      return JSON.parse(stdout) as StatusReport;
    } catch {
      throw new Violation("status gives no JSON", [`exit ${code}`, stdout, stderr]);
    }
  }
}
