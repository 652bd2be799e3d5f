import type { StatusReport } from "../../scripts/runner/verbs/status";
import { type Run, Violation } from "./runs";
import { type Lack, told } from "./scene/oracle";

/** What is known of a day's end beside what status says. */
export interface Known {
  lacks: Lack[];
  /** Main differs from what the portals held when the last job began: status may say so before OK is broken. */
  differs: boolean;
  /** A fault is in force. */
  faulty: boolean;
  /** When the last fault ended. */
  faultyUntil: number;
  /** The portal tells, or told until the next update, what cannot be known from the truth. */
  lied: boolean;
  daily: Run | undefined;
  weekly: Run | undefined;
}

/** Causes of one site, which has to be named; all others are the same for each. */
const OF_A_SITE = /^(download|groups|update|extras|portal|site|part)-|^rows-not-stored$/;

/** @throws Violation where what status says is not so */
export function judge(report: StatusReport, known: Known): void {
  const { lacks, lied } = known;
  const causes = report.causes.map(({ code, text }) => `[${code}] ${text}`);
  if (report.causes.some(({ code }) => code === "unexpected"))
    throw new Violation("status speaks of a fault of vn-check itself", causes);
  if (report.ok && lacks.length > 0 && !lied)
    throw new Violation("status says OK, and main lacks what OK claims", lacks.map(told));
  if (!report.ok && causes.length === 0) throw new Violation("status says KO without a reason", []);
  if (!report.ok && lacks.length === 0 && allWell(known))
    throw new Violation("status says KO, and all is well", causes);
  if (report.ok || lied) return;
  for (const lack of lacks)
    if (!report.causes.some(({ code, text }) => text.includes(lack.site) || !OF_A_SITE.test(code)))
      throw new Violation("status names no cause for what lacks", [told(lack), ...causes]);
}

/** Nothing has been wrong since a daily and a weekly job that ended well. */
function allWell({ differs, faulty, faultyUntil, daily, weekly }: Known): boolean {
  return (
    !differs &&
    [daily, weekly].every((run) => run && run.code === 0 && run.startedAt > faultyUntil) &&
    !faulty
  );
}
