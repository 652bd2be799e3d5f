import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { ADAPTER_FILES } from "../../components/render/bundle";
import { CONSTRAINTS } from "../../components/render/constraints";

const run = promisify(execFile);

/** The version that the adapter knows. */
const CLIENT_VERSION = "2.12.0";

/** The adapter's sources; the first is the program. */
export const ADAPTERS = ADAPTER_FILES.map((name) =>
  resolve(__dirname, "../../scripts/runner/download", name),
);
const ADAPTER = ADAPTERS[0] as string;

/**
 * The folder of a venv with the real Client-API-VN, made once and kept in the cache: its `bin/python` and
 * `bin/transfer_vn`. Made with the system's own Python and the constraints that the stack installs with.
 */
export async function transferVn(): Promise<string> {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const venvs = join(process.env["VN_CHECK_CACHE"] ?? join(base, "vn-sync-check"), "venvs");
  const venv = join(venvs, `client-${CLIENT_VERSION}`);
  await mkdir(venvs, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), "vn-venv-"));
  try {
    const constraints = join(scratch, "constraints.txt");
    await writeFile(constraints, CONSTRAINTS);
    // Two test files may come here at once: the second waits for the first, and finds it done.
    await run("flock", [
      `${venv}.lock`,
      "bash",
      "-euc",
      MAKE,
      "make-venv",
      venv,
      ADAPTER,
      constraints,
      CLIENT_VERSION,
    ]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return venv;
}

const MAKE = `
venv=$1 adapter=$2 constraints=$3 version=$4
if ! { [ -x "$venv/bin/python" ] && "$venv/bin/python" "$adapter" --check >/dev/null 2>&1; }; then
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check -c "$constraints" setuptools "Client-API-VN==$version"
  "$venv/bin/python" "$adapter" --check >/dev/null
fi`;
