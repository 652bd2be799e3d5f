import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";

const ROOT = resolve(__dirname, "../..");

/**
 * The runner as one file that needs only Node ≥ 18. It is built in memory, so that a newer source is installed
 * by `pulumi up` alone, with no build step to forget.
 */
export function bundleRunner(): string {
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

/** Source of the adapter that runs one job of Client-API-VN. */
export function clientAdapter(): string {
  return readFileSync(join(ROOT, "scripts/runner/download/client_job.py"), "utf8");
}
