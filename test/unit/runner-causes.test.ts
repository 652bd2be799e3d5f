import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cronEntry } from "../../components/render/cronEntry";
import { hostConfigOf } from "../../config/host";
import { namesOf } from "../../config/names";
import { parseConfig } from "../../config/parse";
import { causeOf, type PartCause, RunError } from "../../scripts/runner/facts";
import { linesMissing } from "../../scripts/runner/health/schedule";
import { causeBehind } from "../../scripts/runner/run/causes";
import { type CauseFact, codeOf, factIn, textsOf } from "../../scripts/runner/text";
import { CAUSES } from "../../scripts/runner/text/causes";
import { MINIMAL, settings } from "./components/stack";

const codes = Object.entries(CAUSES);

test("R8: docs/status.md shows each cause that status can name, in French and English, and no other", () => {
  const doc = readFileSync("docs/status.md", "utf8");
  const rows = doc.split("\n").filter((line) => /^\| `[a-z-]+` \|/.test(line));
  expect(rows).toEqual([
    ...codes.map(([code, { fr }]) => `| \`${code}\` | ${fr} |`),
    ...codes.map(([code, { en }]) => `| \`${code}\` | ${en} |`),
  ]);
});

test("R8: a code is a few words in kebab case, and its texts are no placeholders", () => {
  for (const [code, { en, fr }] of codes) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+){0,3}$/);
    for (const text of [en, fr]) expect(text.length, code).toBeGreaterThan(20);
    expect(en, code).not.toBe(fr);
    // What stands before : and ; in French does not break off.
    expect(fr, code).not.toMatch(/[^\u00a0`\w/][:;!?](?= )| [:;!?]/);
  }
});

const proof = {
  site: "vn38",
  since: "2026-01-01T00:00:00",
  window: { from: "2026-01-01", to: "2026-01-15" },
  expected: 8,
  rows: 1,
  unproven: [],
  missing: [],
  doubts: [],
  proven: false,
};
const pair = { taxoGroup: 1, groupName: "TAXO_GROUP_BIRD", unit: "138", shortName: "38" };
const where = "h:5432/d";
const down = (cause: Extract<CauseFact, { fact: "databaseDown" }>["cause"]): CauseFact => ({
  fact: "databaseDown",
  cause,
});
const away = (
  why: "refused" | "too many connections" | "password" | "no database" | "no room" | "session ended",
) => down({ key: "noDatabase", where, why, cause: "said" });
const refuses = (why: "read-only" | "rights" | "not installed" | "locked" | null) =>
  down({ key: "databaseRefuses", where, why, cause: "said" });
const part = (cause: PartCause): CauseFact => ({
  fact: "partsFailed",
  site: "vn38",
  kinds: ["download"],
  taxoGroup: 1,
  groupName: null,
  units: ["138"],
  cause,
  since: "2026-01-01",
});
const owner = "main_owner";

/** A case of each cause. */
const CASES: CauseFact[] = [
  away("refused"),
  away("too many connections"),
  away("password"),
  away("no database"),
  away("no room"),
  away("session ended"),
  refuses("read-only"),
  refuses("rights"),
  refuses("not installed"),
  refuses("locked"),
  refuses(null),
  down("Error: of our own"),
  down({ key: "noTriggers", login: "vn_check", database: "d" }),
  down({ key: "noPassword", path: "/h/.pgpass", why: "open", where }),
  down({ key: "noService", path: "/h/.pg_service.conf", service: "vn_check" }),
  { fact: "accountUnusable", cause: { key: "noSettings", path: "/h/vn-check.json" } },
  { fact: "configUnusable", cause: { key: "noSites", path: "/h/evn.yaml" } },
  { fact: "lastFailed", verb: "daily", cause: { key: "otherVersion", path: "/h", theirs: "2", ours: "1" } },
  { fact: "lastFailed", verb: "daily", cause: { key: "noClient", said: "said" } },
  { fact: "lastFailed", verb: "daily", cause: { key: "stillAlive", pid: 1 } },
  { fact: "lastFailed", verb: "daily", cause: "said" },
  { fact: "lastFailed", verb: "daily", cause: null },
  { fact: "homeUnwritable", cause: { key: "host", why: "full", path: "/h/state", cause: "ENOSPC" } },
  { fact: "late", verb: "daily" },
  { fact: "scheduleOff", path: "/etc/cron.d/vn_check", lines: ["30 4 * * * vn_check …"] },
  { fact: "rightsGone", names: ["end_job"] },
  { fact: "importUnfinished" },
  { fact: "importRuns", done: 1, expected: 8 },
  { fact: "siteUnproven", proof: { ...proof, unproven: [pair] } },
  { fact: "siteUnproven", proof: { ...proof, doubts: [{ kind: "few rows", got: 1, usual: 9 }] } },
  { fact: "siteUnproven", proof: { ...proof, expected: 0 } },
  { fact: "updateFailed", site: "vn38" },
  { fact: "updateOld", site: "vn38", groups: [1], since: "2026-01-01" },
  { fact: "extrasFailed", site: "vn38", controllers: ["species"] },
  { fact: "portalLimits", site: "vn38", status: 429, waited: 0, asked: 86400 },
  part({ kind: "http", status: 401 }),
  part({ kind: "http", status: 403 }),
  part({ kind: "network", said: "said" }),
  part({ kind: "body", body: "HTML" }),
  part({ kind: "other", said: "said" }),
  {
    fact: "rowsNotStored",
    site: "vn38",
    table: "observations_json",
    taxoGroup: 1,
    groupName: null,
    ids: ["7"],
    fault: "lone surrogate",
    detail: "",
  },
  { fact: "clientFaulty", site: "vn38", said: "said" },
  { fact: "neverCompared" },
  { fact: "repairStands", status: "refused", message: "said" },
  { fact: "repairStands", status: "failed", message: "said" },
  { fact: "repairStands", status: "interrupted", message: null },
  { fact: "runFault", problem: "said", remedy: "do" },
  { fact: "rowsAside", cause: "refused", rows: 1, table: "observations_json", sqlstate: "P0001" },
  { fact: "rowsAside", cause: "dropped", rows: 1, table: "observations_json", sqlstate: null },
  { fact: "rowsAside", cause: "locked", rows: 1, table: "observations_json", sqlstate: "55P03" },
  { fact: "rowsHeld", cause: "lost by others", rows: 1 },
  { fact: "rowsHeld", cause: "deleted in main", rows: 1 },
  { fact: "rowsHeld", cause: "unseen", rows: 1 },
  { fact: "rowsHeld", cause: "newer in main", rows: 1 },
  { fact: "rowsHeld", cause: "deletion reported", rows: 1 },
  { fact: "rowsHeld", cause: "over the cap", rows: 1 },
  { fact: "repairProblem", problem: { problem: "all refused", rows: 1, sqlstate: "P0001", said: null } },
  { fact: "repairProblem", problem: { problem: "locked by", pid: 1, role: null, since: null, run: null } },
  { fact: "repairProblem", problem: { problem: "rights", statements: ["GRANT …"], owner } },
  { fact: "repairProblem", problem: { problem: "other outcome", where: ["t"], role: "r", owner } },
  { fact: "repairProblem", problem: { problem: "trial refused", table: "t", sqlstate: "P0001" } },
  { fact: "repairProblem", problem: { problem: "not compared", why: "refused", names: ["t"], owner } },
  {
    fact: "repairProblem",
    problem: { problem: "unknown site", site: "s", rows: 1, main: ["m"], other: null },
  },
  { fact: "repairProblem", problem: { problem: "site too long", rows: 1 } },
  { fact: "repairProblem", problem: { problem: "no day of entry", rows: 1, id: 1 } },
  { fact: "repairProblem", problem: { problem: "no unit", rows: 1, id: 1 } },
  { fact: "watchOff", problem: "said", remedy: "do" },
  {
    fact: "blindSpell",
    id: 1,
    ofMain: true,
    reason: "off",
    since: "2026-01-01",
    until: "2026-01-02",
    held: 1,
    release: "SELECT",
  },
  { fact: "viewsNotRefreshed", cause: "said" },
  { fact: "mailsUnsent", count: 1, since: "2026-01-01 00:00", error: "said", noWay: false },
  { fact: "mailsExpired", count: 2, error: null },
];

test("R8: each code comes from a fact, and each such fact is a sentence in both languages", () => {
  expect([...new Set(CASES.map(codeOf))].sort()).toEqual(codes.map(([code]) => code).sort());
  for (const fact of CASES)
    for (const locale of ["en", "fr"] as const) {
      const text = factIn(textsOf(locale), fact);
      expect(text).not.toMatch(/undefined|null|\[object|^\s+at /m);
      expect(text.length).toBeGreaterThan(7);
    }
});

test("R8: what the system says of a file is a problem with path and remedy; what is our own fault is none", () => {
  const of = (code: string) =>
    causeOf(Object.assign(new Error(`${code}: said, open '/h/x'`), { code, syscall: "open", path: "/h/x" }));
  expect(of("ENOSPC")).toMatchObject({ key: "host", why: "full", path: "/h/x" });
  expect(of("EROFS")).toMatchObject({ key: "host", why: "read-only" });
  expect(of("EACCES")).toMatchObject({ key: "host", why: "rights" });
  expect(causeOf(new RunError({ key: "noSites", path: "p" }))).toEqual({ key: "noSites", path: "p" });
  expect(causeOf(new TypeError("ours"))).toMatch(/^TypeError: ours/);
});

test("R8: what the client says of a failure is told by its cause", () => {
  const behind = (said: string) =>
    causeBehind({
      fact: "clientFailed",
      site: "vn38",
      failure: { kind: "controller", controller: "species", said },
    });
  expect(
    behind(
      'OperationalError: (psycopg2.OperationalError) connection to server at "h" failed: x (store.py:1)',
    ),
  ).toEqual({ fact: "clientWithoutDatabase", site: "vn38", said: 'connection to server at "h" failed: x' });
  expect(behind("PartsLeft: 3 of 8 parts failed")).toBeUndefined();
});

test("R7: cron's file as the stack writes it lacks nothing; each line that is gone, or a comment, is told as it was", () => {
  const host = hostConfigOf(parseConfig(settings(MINIMAL)));
  const text = cronEntry(namesOf("default"), { ...host.schedule, mailTo: "" }, "fr");
  expect(linesMissing(text, host)).toEqual([]);
  expect(linesMissing("", host)).toHaveLength(3);
  for (const verb of ["daily", "weekly", "watch"]) {
    const line = text.split("\n").find((one) => one.endsWith(`vn-check ${verb}`)) ?? "";
    expect(linesMissing(text.replace(line, `#${line}`), host)).toEqual([line]);
    expect(linesMissing(text.replace(`${line}\n`, ""), host)).toEqual([line]);
  }
});
