/** What went wrong, as a key of the texts and its values: worded in the user's language where it is shown. */
export type Problem =
  | { key: "noServiceFile"; path: string; cause: string }
  | { key: "noService"; path: string; service: string }
  | { key: "noDatabase"; where: string; cause: string }
  | { key: "noSettings"; path: string }
  | { key: "badSettings"; path: string; faults: string[] }
  | { key: "noConfig"; path: string; cause: string }
  | { key: "endDate"; path: string; value: string }
  | { key: "noSites"; path: string }
  | { key: "controllersOff"; path: string; names: string[] }
  | { key: "notOwner"; home: string }
  | { key: "clientRefused"; site: string; said: string }
  | { key: "stillAlive"; pid: number }
  | { key: "noProgram"; program: string }
  | { key: "repairFailed"; cause: string }
  | { key: "stopped"; signal: string };

/** An error of the user's side or of the surroundings: shown as one text, without a stack. */
export class RunError extends Error {
  override name = "RunError";
  constructor(readonly problem: Problem) {
    super(problem.key);
  }
}

/** The runner's exit codes, for cron and for people. */
export const EXIT = { done: 0, failed: 1, partial: 2, busy: 75 } as const;
