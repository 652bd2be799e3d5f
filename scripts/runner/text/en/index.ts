import type { Texts } from "../common/texts";
import { facts } from "./facts";
import { noMail } from "./mail";
import { noDatabase, problems, refusal } from "./problems";
import { help, status, written } from "./screens";

/** What the runner says in English. */
export const english: Texts = {
  fact: facts,
  problem: problems,
  noDatabase,
  refusal,
  noMail,
  written,
  status,
  help,
};
