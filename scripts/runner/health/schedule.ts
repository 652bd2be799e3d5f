import { readFileSync, statSync } from "node:fs";
import type { HostConfig } from "../../../config/host";
import type { Look } from "./seen";

/** What cron has to have of the jobs. An account elsewhere than where a stack puts it is started by other means. */
export const scheduleLook: Look = ({ home }) => {
  const { host } = home;
  if (home.paths.home !== host.names.home) return [];
  const path = `/etc/cron.d/${host.names.cronFile}`;
  const lines = linesMissing(textOf(path), host);
  return lines.length > 0 ? [{ fact: "scheduleOff", path, lines }] : [];
};

/** What cron reads: nothing of a file that others than root may write. */
function textOf(path: string): string {
  try {
    const { uid, mode } = statSync(path);
    return uid === 0 && (mode & 0o022) === 0 ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}

/** Lines of the jobs that a file of cron's lacks. When they run is for whoever has edited it. */
export function linesMissing(
  text: string,
  { names, schedule }: Pick<HostConfig, "names" | "schedule">,
): string[] {
  const verbs = ["daily", "weekly", "watch"] as const;
  return verbs
    .filter((verb) => !new RegExp(`^\\s*[^#\\s].*/vn-check ${verb}\\b`, "m").test(text))
    .map((verb) => `${schedule[verb]} ${names.account} ${names.home}/bin/vn-check ${verb}`);
}
