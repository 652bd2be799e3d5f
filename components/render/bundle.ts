import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");

/** Where the runner lies ready in the package that `npm run build:package` makes; a checkout has no such file. */
export const BUILT_RUNNER = "scripts/runner/vn-check.mjs";

/**
 * The runner as one file that needs only Node ≥ 18. In a checkout it is built in memory, so that a newer source is
 * installed by `pulumi up` alone, with no build step to forget.
 */
export function bundleRunner(): string {
  const ready = join(ROOT, BUILT_RUNNER);
  if (existsSync(ready)) return readFileSync(ready, "utf8");
  // Asked for only here: the package does without it.
  const { buildSync } = require("esbuild") as typeof import("esbuild");
  const built = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ["scripts/runner/main.ts"],
    bundle: true,
    platform: "node",
    target: "node18",
    format: "esm",
    external: ["pg-native"],
    // Some packages in it are CommonJS and ask for Node's own modules by require.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: "warning",
    write: false,
  });
  return (built.outputFiles[0] as { text: string }).text;
}

/** The adapter that runs one job of Client-API-VN, and what it imports from beside it. */
export const ADAPTER_FILES = [
  "client_job.py",
  "client_parts.py",
  "client_rows.py",
  "client_answers.py",
] as const;

/** Their sources, by name. */
export function clientAdapter(): Record<(typeof ADAPTER_FILES)[number], string> {
  const source = (name: string) =>
    readFileSync(join(ROOT, "scripts/runner/download", name), "utf8").replaceAll("\r\n", "\n");
  return Object.fromEntries(ADAPTER_FILES.map((name) => [name, source(name)])) as ReturnType<
    typeof clientAdapter
  >;
}
