import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import type { Ended } from "../runner/runnerAccount";
import type { Ground } from "./scene/ground";
import { filesLeft, openSecrets, processesOf, quiet, stampFiles, textsOf } from "./scene/host";
import type { Dump, Started } from "./scene/kind";
import type { MainRows, Oracle } from "./scene/oracle";

/** What the year must never see. */
export class Violation extends Error {
  override name = "Violation";
  constructor(
    /** The same for the same fault of the kit: what shrinking goes by. */
    readonly what: string,
    details: readonly string[],
  ) {
    super(
      [what, ...details.slice(0, 12), ...(details.length > 12 ? [`… ${details.length} in all`] : [])].join(
        "\n  ",
      ),
    );
  }
}

/** A run of the account's program. */
export interface Run extends Ended {
  verb: string;
  startedAt: number;
}

/** Starts the account's program, and looks at what each run leaves. */
export class Runs {
  readonly done: Run[] = [];
  private readonly waiting: ((run: Started) => Promise<void>)[] = [];
  private readonly realStart: number;
  /** A run was cut off, and none has begun since. */
  private untidy = false;

  constructor(
    private readonly ground: Ground,
    private readonly oracle: Oracle,
    realNow: number,
  ) {
    this.realStart = realNow;
  }

  inNextRun(happens: (run: Started) => Promise<void>): void {
    this.waiting.push(happens);
  }

  last(verb: string): Run | undefined {
    return this.done.filter((run) => run.verb === verb).at(-1);
  }

  /** @throws Violation */
  async run(verb: string, ...args: string[]): Promise<Run> {
    const { account } = this.ground;
    const before = await this.mainRows();
    const startedAt = Date.now();
    const { child, ended } = account.start(verb, ...args);
    const happens = verb === "daily" || verb === "weekly" ? this.waiting.splice(0) : [];
    const over = Promise.all(happens.map((happen) => happen({ verb, child, ended })));
    const run = { verb, startedAt, ...(await ended) };
    await over;
    this.done.push(run);
    // An import in the background asks for as long as a portal does not answer well.
    if (!(await quiet(account.home, verb === "watch" ? 600 : 60)))
      throw new Violation(
        `${verb} left processes`,
        processesOf(account.home).map(({ command }) => command),
      );
    stampFiles(account.home, this.realStart);
    const strangers = this.oracle.strangers(await this.mainRows());
    if (strangers.length > 0)
      throw new Violation(`after ${verb} main has what the portal never had`, strangers);
    const harm = this.oracle.harm(before, await this.mainRows());
    if (harm.length > 0) throw new Violation(`${verb} harmed main`, harm);
    // What a killed run leaves, the next one that begins takes away; `watch` is none.
    const begun = verb !== "watch" && (run.code === 0 || run.code === 2);
    this.untidy = happens.length > 0 || (this.untidy && !begun);
    const left = this.untidy || run.code === 75 ? [] : filesLeft(account.home);
    if (left.length > 0) throw new Violation(`${verb} left files`, left);
    if (/\n\s+at .+:\d+:\d+\)?$/m.test(run.stderr))
      throw new Violation(`${verb} shows where in the program it failed`, [run.stderr]);
    const open = openSecrets(account.home);
    if (open.length > 0) throw new Violation(`${verb} left secrets open to others`, open);
    const said = `${textsOf(account.home)}\n${run.stdout}\n${run.stderr}`;
    for (const secret of this.ground.secrets)
      for (const form of [secret, encodeURIComponent(secret)])
        if (said.includes(form)) throw new Violation(`${verb} wrote a secret`, [form.slice(0, 3)]);
    return run;
  }

  async mainRows(): Promise<MainRows> {
    const rows = await this.asked<{ key: string; update_ts: number }>(
      "SELECT site || '/' || id AS key, update_ts FROM src_vn_json.observations_json",
    );
    return new Map(rows.map(({ key, update_ts }) => [key, update_ts]));
  }

  async dump(): Promise<Dump> {
    const [row] = await this.asked<Dump>(
      `SELECT (SELECT coalesce(json_agg(o), '[]') FROM src_vn_json.observations_json o)::text AS observations,
              (SELECT coalesce(json_agg(f), '[]') FROM src_vn_json.forms_json f)::text AS forms`,
    );
    return row as Dump;
  }

  /** As the superuser, over a server that may just be starting. */
  private async asked<T>(sql: string): Promise<T[]> {
    const { cluster, account } = this.ground;
    for (let tries = 0; ; tries++) {
      let client: Client | undefined;
      try {
        client = await cluster.connect(account.database);
        return (await client.query(sql)).rows as T[];
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(200);
      } finally {
        await client?.end().catch(() => undefined);
      }
    }
  }
}
