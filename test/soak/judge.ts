import type { StatusReport } from "../../scripts/runner/verbs/status";
import { type Lack, told } from "./oracle";
import { type Run, Violation } from "./runs";

/** What is known of a day's end beside what status says. */
export interface Known {
  lacks: Lack[];
  /** A fault is in force. */
  faulty: boolean;
  /** When the last fault ended. */
  faultyUntil: number;
  /** The portal tells, or told until the next update, what cannot be known from the truth. */
  lied: boolean;
  daily: Run | undefined;
  weekly: Run | undefined;
}

/** What is wrong with all sites alike, and names none. */
const WHOLE =
  /database|base de|import|schedule|due|did not start|ended|failed|disk|space|lock|connect|restor|trigger|config/i;

/** @throws Violation where what status says is not so */
export function judge(report: StatusReport, known: Known): void {
  const { lacks, lied } = known;
  if (report.ok && lacks.length > 0 && !lied)
    throw new Violation("status says OK, and main lacks what OK claims", lacks.map(told));
  if (!report.ok && report.problems.length === 0) throw new Violation("status says KO without a reason", []);
  if (!report.ok && lacks.length === 0 && allWell(known))
    throw new Violation("status says KO, and all is well", report.problems);
  if (report.ok || lied) return;
  for (const lack of lacks)
    if (!report.problems.some((text) => text.includes(lack.site) || WHOLE.test(text)))
      throw new Violation("status names no cause for what lacks", [told(lack), ...report.problems]);
}

/** Nothing has been wrong since a daily and a weekly job that ended well. */
function allWell({ faulty, faultyUntil, daily, weekly }: Known): boolean {
  return [daily, weekly].every((run) => run && run.code === 0 && run.startedAt > faultyUntil) && !faulty;
}
