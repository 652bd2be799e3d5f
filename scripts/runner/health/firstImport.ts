import { failures } from "../account/failure";
import { type CauseFact, isCause } from "../text";
import { whyFailed } from "./jobs";
import type { Look } from "./seen";

/** A first import that is not finished, between its tries and during them, and what the last try said of it. */
export const firstImportLook: Look = ({ home, firstImport, ended }) => {
  if (firstImport === null) return [];
  const { state, done, expected } = firstImport;
  const last = ended.init;
  const found: CauseFact[] = [];
  if (state === "running") found.push({ fact: "importRuns", done, expected });
  else if (state !== "done") found.push({ fact: "importUnfinished" });
  // Parts that lack beside the other runs are named one by one.
  if (last?.status === "failed" && state !== "done")
    found.push({ fact: "lastFailed", verb: "init", cause: whyFailed(last, failures(home.paths).init) });
  const causes = (last?.causes ?? []).filter(isCause).filter(({ fact }) => fact !== "lastFailed");
  return found.length > 0 ? [...found, ...causes] : [];
};
