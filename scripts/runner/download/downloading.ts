import type { Limits } from "../../../config/host";
import type { Database } from "../account/database";
import type { Paths } from "../account/files";
import type { EvnConfig, Fact } from "../facts";

/** All that a download is given. */
export interface Downloading {
  db: Database;
  /** The client's configuration as it was when the run began. */
  evn: EvnConfig;
  paths: Paths;
  limits: Limits;
  say(fact: Fact): void;
  /** A line of a client process. */
  captured(line: string): void;
  /** Aborted with a RunError when the run is told to stop. */
  stop: AbortSignal;
}
