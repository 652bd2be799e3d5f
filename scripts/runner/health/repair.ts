import type { AsideCause, HeldCause } from "../facts";
import { everCompared } from "../run/job";
import type { CauseFact } from "../text";
import type { Look } from "./seen";

/** What people have to see to after the last repair, whoever called it, and what it left open. */
export const repairLook: Look = async ({ home: { db }, repair, ended }) => {
  const found: CauseFact[] = [];
  if (!(await everCompared(db))) found.push({ fact: "neverCompared" });
  if (repair) {
    const { status, message, job } = repair;
    // Of the job that it was for, where that could say it better.
    const told = Object.values(ended).some((one) => one.id === job && one.verb !== "repair" && !one.repair);
    if (status === "refused" || status === "interrupted" || (status === "failed" && !told))
      found.push({ fact: "repairStands", status, message });
    for (const problem of repair.problems)
      if (problem.problem !== "no day of entry" && problem.problem !== "no unit")
        found.push({ fact: "repairProblem", problem });
    if (repair.viewsError) found.push({ fact: "viewsNotRefreshed", cause: repair.viewsError });
  }
  const aside = await db.rows<{ cause: AsideCause; rows: number; table: string; sqlstate: string | null }>(
    `select cause, count(*)::int as rows, min(table_name) as table, min(sqlstate) as sqlstate
       from ${db.repair}.set_aside group by cause order by cause`,
  );
  const held = await db.rows<{ cause: HeldCause; rows: number }>(
    `select cause, count(*)::int as rows from ${db.repair}.held_back group by cause order by cause`,
  );
  for (const one of aside) found.push({ fact: "rowsAside", ...one });
  for (const one of held) found.push({ fact: "rowsHeld", ...one });
  return found;
};
