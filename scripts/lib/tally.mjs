// tally.mjs DIR "FAILED GROUPS" GROUP…: adds up the groups' JSON reports and closes with "N passed, N failed".
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [dir, failedGroups, ...groups] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const group of groups) {
  const file = join(dir, `${group}.json`);
  // A group that dies before it reports, or a file that does not load, counts as a failure of its own.
  const report = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : { numPassedTests: 0, numFailedTests: 1 };
  const unloaded = (report.testResults ?? []).filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((t) => t.status === "failed"),
  );
  const bad = report.numFailedTests + unloaded.length;
  passed += report.numPassedTests;
  failed += bad === 0 && failedGroups.split(" ").includes(group) ? 1 : bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
