import type { AsideCause, HeldCause, Problem } from "../../facts";
import { list, type StatusWords } from "../common/texts";
import { problems } from "./problems";

const aside: Record<AsideCause, string> = {
  refused: "main refused",
  dropped: "a trigger of main dropped without a word",
  locked: "other sessions kept locked",
};

const held: Record<HeldCause, string> = {
  "deleted in main":
    "main's own synchronisation deleted. Each daily run asks the portal for them and puts back what it gives. What it no longer gives: delete it from the check copy",
  "lost by others":
    "another login than main's synchronisation deleted. To have them put back: pulumi config set --path vn-sync-check:repair.lossesByOthers repair, pulumi up",
  "deleted by a run":
    "a repair deleted, as a whole download lacked them. To have one back: SELECT src_vn_json_repair.restore(id), with its id in deleted_row",
  unseen:
    "may have been deleted from main when nobody watched. Each daily run asks the portal for them and puts back what it gives. What it no longer gives: delete it from the check copy",
  "deletion reported":
    "the portal has deleted and main still has. To have them deleted: pulumi config set --path vn-sync-check:repair.deletions apply, pulumi up; else delete them by hand",
  "newer in main": "main has in a newer version than the portal's. Look at who writes to main",
  "deleted by hand":
    "somebody deleted from the check copy by hand. The next daily run asks the portal for them. What it no longer gives: delete it from main",
  "over the cap":
    "were to be deleted, more than a run may. Look at them; if it is right: pulumi config set --path vn-sync-check:repair.maxDeletes N, pulumi up",
  "unknown site":
    "belong to a site that main does not know. Name it as main does, or set sites.<name>.newInMain: true",
  "site too long": "have a site's name of more than 1000 bytes. Delete them from the check copy",
};

const problem = (cause: Problem | string) =>
  typeof cause === "string" ? cause : (problems[cause.key] as (one: Problem) => string)(cause);

/** What only `status` says, in English. */
export const lacks: StatusWords = {
  clientFaulty: ({ site, said }) => `${site}: Client-API-VN failed: ${said}. The log says more (~/log)`,
  importRuns: ({ done, expected }) =>
    `the first import is under way (${done} of ${expected} downloads): nothing is known to be whole before it ends`,
  updateOld: ({ site, groups, since }) =>
    `${site}: changes have not come since ${since ?? "the first import"} (groups ${list(groups.map(String))}): two days are the most. At once: vn-check daily`,
  neverCompared: () =>
    "the main copy has not been compared yet: the next daily run does it; at once: vn-check repair",
  repairStands: ({ status, message }) =>
    ({
      refused: `the repair was refused: ${message ?? ""}`,
      failed: `the last repair failed: ${message ?? ""}. At once again: vn-check repair`,
      interrupted:
        "the last repair did not come to its end. The next run makes it up; at once: vn-check repair",
    })[status],
  rowsAside: ({ cause, rows, table, sqlstate }) =>
    `${rows} rows are set aside, which ${aside[cause]} (${table}${sqlstate ? `, error ${sqlstate}` : ""}). Each run tries again; which they are: SELECT * FROM src_vn_json_check.mv_data_missing_or_not_updated`,
  rowsHeld: ({ cause, rows }) => `${rows} rows are held back, which ${held[cause]}`,
  runFault: ({ problem: what, remedy }) => `no repair can begin: ${what}. To do: ${remedy}`,
  scheduleOff: ({ path, lines }) =>
    `cron does not start all jobs: as root, put into ${path} (root's, mode 644):\n    ${lines.join("\n    ")}`,
  rightsGone: ({ names }) => `rights of the login are gone, on ${list(names)}: pulumi up gives them back`,
  homeUnwritable: ({ cause }) =>
    `nothing can be recorded on this host, so what is known may be of before: ${problem(cause)}`,
  configUnusable: ({ cause }) => problem(cause),
};
