import type { RepairProblem } from "../../facts";
import { list } from "../common/texts";

const notCompared = {
  outside: "they act outside the transaction",
  login: "they go by who is connected",
  superuser: "main's owner is a superuser",
  "no right": "the administrator may not act for main's owner",
  refused: "main refuses its owner each row that is tried",
};

/** What people have to see to, as the database has found it, in English. */
export function repairProblem(problem: RepairProblem): string {
  switch (problem.problem) {
    case "unknown site":
      return problem.other === null
        ? `${problem.site}: the main copy has no site of this name; its sites are: ${list(problem.main)}. Nothing was written for it (${problem.rows} rows). Name it under sites as main's evn.yaml does; if main is about to get it, set sites.${problem.site}.newInMain: true`
        : `${problem.site}: the main copy has these observations under the name ${problem.other}. Nothing was written for it (${problem.rows} rows). Name the site ${problem.other} under sites`;
    case "site too long":
      return `${problem.rows} observations are left out: the name of their site has more than 1000 bytes`;
    case "no day of entry":
      return `${problem.rows} observations of main do not say when they were entered (one is ${problem.id}): whether they were deleted cannot be told`;
    case "no unit":
      return `${problem.rows} observations of main, entered in these days, did not come (one is ${problem.id}), and in which territorial unit they lie cannot be told: whether they were deleted, or only not downloaded, cannot either`;
    case "all refused":
      return `the main copy has refused every row, ${problem.rows} in all: ${problem.said ?? `error ${problem.sqlstate}, see src_vn_json_check.mv_data_missing_or_not_updated`}`;
    case "rights":
      return `main's triggers need rights that the repair has not. As main's owner, or in repair.extraGrants:\n  ${problem.statements.join(";\n  ")};\nWith repair.runAs: ${problem.owner} none of these`;
    case "trial refused":
      return `a row tried in ${problem.table} was refused (${problem.said ?? problem.sqlstate}); SELECT * FROM src_vn_json_repair.preflight() says what to do`;
    case "other outcome":
      return `main's triggers do something else for ${problem.role} than for main's owner, in: ${list(problem.where)}. Set repair.runAs: ${problem.owner}, then pulumi up`;
    case "not compared":
      return `what main's triggers do for the repair was not compared with what they do for main's owner ${problem.owner} (${notCompared[problem.why]}: ${list(problem.names)}); SELECT * FROM src_vn_json_repair.preflight() says what to do`;
    case "locked by":
      return `the lock of the repair is held by process ${problem.pid} of the role ${problem.role ?? "?"}, since ${problem.since ?? "?"}${problem.run === null ? "; that is no run of the repair: look at it in pg_stat_activity" : ` (run ${problem.run})`}`;
  }
}
