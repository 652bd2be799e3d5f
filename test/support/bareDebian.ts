import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Finished, must, run } from "./command";

const PROJECT = resolve(__dirname, "../..");
const PROGRAM = join(PROJECT, "scripts/lib/host/bare.sh");

/** A Debian with nothing but what `git clone` needs, and a clone of this project's HEAD in it. */
export interface BareDebian {
  /** Runs a command line of bash in the clone, as root; what it starts ends with it. */
  run(commandLine: string): Promise<Finished>;
  /** Copies the engine that this machine has in its cache to the cache in there; false when it has none. */
  copyEngine(): Promise<boolean>;
  remove(): Promise<void>;
}

/** Unpacks one; `say` is told each line that commands print in it. */
export async function bareDebian(release: string, say: (line: string) => void): Promise<BareDebian> {
  const dir = await mkdtemp(join(tmpdir(), "vn-bare-"));
  const tree = join(dir, "tree");
  const remove = async () => {
    await must("rm", ["-rf", "--one-file-system", dir]);
  };
  try {
    await must(PROGRAM, ["make", release, tree], { onLine: say });
    await must("git", ["clone", "--quiet", "--no-hardlinks", PROJECT, join(tree, "root/vn-sync-check")]);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    remove,
    run: (commandLine) =>
      run(PROGRAM, ["run", tree, "bash", "-c", `cd /root/vn-sync-check && ${commandLine}`], { onLine: say }),
    async copyEngine() {
      const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
      const engine = join(process.env["VN_CHECK_CACHE"] ?? join(base, "vn-sync-check"), "engine");
      if (!existsSync(engine)) return false;
      const cache = join(tree, "root/.cache/vn-sync-check");
      await mkdir(cache, { recursive: true });
      await cp(engine, join(cache, "engine"), { recursive: true });
      return true;
    },
  };
}
