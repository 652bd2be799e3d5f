import { defineConfig } from "vitest/config";

/** A group of tests; `scripts/test NAME` runs one of them. */
function project(name: string, include: string[], testTimeout: number, fileParallelism = false) {
  return {
    test: {
      name,
      include,
      setupFiles: "test/support/strict.ts",
      testTimeout,
      hookTimeout: testTimeout,
      fileParallelism,
      pool: "forks" as const,
    },
  };
}

export default defineConfig({
  test: {
    // One more than the two cores that a machine has at least: much of a test is waiting.
    maxWorkers: 3,
    projects: [
      project("unit", ["test/{unit,emulator,plugins}/**/*.test.ts"], 30_000, true),
      // A file has servers, accounts and hosts of its own: while one waits, the other works.
      project("sql", ["test/sql/**/*.test.ts"], 300_000, true),
      project("runner", ["test/runner/**/*.test.ts"], 300_000, true),
      project("e2e", ["test/e2e/**/*.test.ts"], 1_800_000, true),
      project("soak", ["test/soak/**/*.test.ts"], 6 * 3_600_000),
      project("fresh", ["test/fresh/**/*.test.ts"], 4 * 3_600_000),
    ],
  },
});
