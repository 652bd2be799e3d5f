import type { HostConfig } from "../../../config/host";
import type { Database } from "../account/database";
import type { Paths } from "../account/files";
import { smtpPassword } from "../account/mailWay";
import { scrubber } from "../account/scrub";
import { causeOf, type Fact, type Problem } from "../facts";
import { causeIn, factIn, type Texts } from "../text";

/** A job that has ended, as what follows it sees it. */
interface EndedJob {
  paths: Paths;
  host: HostConfig;
  /** Not waited for long. */
  db: Database;
  say(fact: Fact): void;
  /** A cause in the user's language, without secrets. */
  words(cause: Problem): string;
  stop: AbortSignal;
}

/** What follows a job, whatever became of it: mails, and in time a ping or a report. */
export type Follow = (job: EndedJob) => Promise<void>;

type Opened = Pick<EndedJob, "paths" | "host" | "db"> & { texts: Texts };

/**
 * One after the other. What one of them throws is said, and changes nothing of the job.
 * @param open the account's home, for somebody who does not wait
 * @param tell what is said, in words
 */
export async function followJob(
  follow: readonly Follow[],
  open: () => Opened,
  tell: (text: string, fact: Fact) => void,
  stop: AbortSignal,
): Promise<void> {
  if (stop.aborted) return;
  let home: Opened;
  try {
    home = open();
  } catch {
    return; // the stack is writing it anew: the next job sends
  }
  const { paths, host, db, texts } = home;
  db.waiting.stop = stop;
  const scrub = scrubber([smtpPassword(paths.home) ?? ""]);
  const say = (fact: Fact) => tell(scrub(factIn(texts, fact)), fact);
  const words = (cause: Problem) => scrub(causeIn(texts, cause));
  for (const one of follow) {
    if (stop.aborted) return;
    try {
      await one({ paths, host, db, say, words, stop });
    } catch (error) {
      say({ fact: "followFailed", cause: causeOf(error) });
    }
  }
}
