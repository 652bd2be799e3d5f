import { readdirSync, readFileSync, readlinkSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Processes whose home or working directory is the account's: those of the account, and none else. */
export function processesOf(home: string): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      if (!environment.includes(`HOME=${home}`) && readlinkSync(`/proc/${name}/cwd`) !== home) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ").trim();
      if (command !== "") found.push({ pid: Number(name), command });
    } catch {} // it has ended meanwhile
  }
  return found;
}

/** Waits until none is left, as after `watch`, which lets an import go on in the background. */
export async function quiet(home: string, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (processesOf(home).length > 0) {
    if (performance.now() > end) return false;
    await sleep(40);
  }
  return true;
}

/** Files that may be in the home when nothing runs; all others are left over. */
const KNOWN =
  /^(\.pgpass|\.pg_service\.conf|evn\.yaml|vn-check\.json|lib\/.*|\.venv\.clientapivn\/.*|log\/[\w.-]+\.log|state\/(lock|import-asked|failure\.json|limits\.json|watch-told|[\w-]+\.json)|ballast)$/;

export function filesLeft(home: string): string[] {
  return files(home).filter((path) => !KNOWN.test(path) || /(\.new|slice\.yaml)$/.test(path));
}

/** Files that hold secrets; the last is what a killed download has narrowed the client's configuration to. */
const SECRET = /^(\.pgpass|evn\.yaml|state\/slice\.yaml)/;

/** What holds secrets and that others than the account may read. */
export function openSecrets(home: string): string[] {
  return files(home).filter((path) => SECRET.test(path) && (statSync(join(home, path)).mode & 0o077) !== 0);
}

/** Everything that the runner has written for people to read, for the search for secrets. */
export function textsOf(home: string): string {
  return files(home)
    .filter((path) => /^(log|state|tmp)\//.test(path) && !SECRET.test(path))
    .map((path) => readFileSync(join(home, path), "utf8"))
    .join("\n");
}

/** Files bear the kernel's time; those that were just written get that of the year's clock. */
export function stampFiles(home: string, since: number): void {
  const now = Date.now() / 1000;
  for (const path of files(home)) {
    if (!/^(log|state|tmp)\//.test(path)) continue;
    const { mtimeMs } = statSync(join(home, path));
    if (mtimeMs >= since && mtimeMs < since + 86_400_000) utimesSync(join(home, path), now, now);
  }
}

function files(home: string, below = ""): string[] {
  return readdirSync(join(home, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return path === "lib" || path === ".venv.clientapivn" ? [] : files(home, path);
    return [path];
  });
}
