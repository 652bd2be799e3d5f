import type { StatusReport } from "../../scripts/runner/verbs/status";
import type { Runs } from "./runs";
import type { Ground } from "./scene/ground";

/** Does what status tells people to do, as it is printed. @returns what was done */
export async function obey(ground: Ground, runs: Runs, report: StatusReport): Promise<string[]> {
  const done: string[] = [];
  const text = report.problems.join("\n");
  if (report.causes.some(({ code }) => code === "watch-off")) {
    await ground.up();
    done.push("pulumi up");
  }
  for (const [statement] of text.matchAll(/SELECT \S+\.(nothing_was_deleted|accept_trial)\(\d*\)/g)) {
    const client = await ground.asMain();
    await client.query(statement).finally(() => client.end());
    done.push(statement);
  }
  const commands = new Set([
    ...(text.match(/weekly --accept-download(?: [\w/,-]+)?/g) ?? []),
    ...(text.match(/repair --accept \d+/g) ?? []),
  ]);
  for (const command of commands) {
    const [verb = "", ...args] = command.split(" ");
    await runs.run(verb, ...args);
    done.push(command);
  }
  return done;
}
