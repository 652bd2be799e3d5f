import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { preProcessFile } from "typescript";
import { expect, test } from "vitest";

/**
 * Who may import whom. A room is a folder with what is below it, or a single file; a file belongs to the longest
 * name that fits. Within a room imports are free, as long as there is no circle.
 */
const RUNNER_GROUND = ["config", "sql/connect.ts", "sql/session.ts"];
const ROOMS: Record<string, string[] | "everything"> = {
  "index.ts": ["components", "config"],
  config: [],
  components: ["components/host", "components/render", "config", "sql"],
  "components/host": ["components/render", "config"],
  "components/render": ["config"],
  sql: ["config", "sql/connect.ts", "sql/session.ts"],
  "sql/connect.ts": ["config", "sql/session.ts"],
  "sql/session.ts": [],
  "scripts/recover": ["config"],
  "scripts/package.ts": ["components/render"],
  "scripts/runner/main.ts": [
    "scripts/runner/verbs",
    "scripts/runner/notify",
    "scripts/runner/run",
    "scripts/runner/text",
    "scripts/runner/account",
    "scripts/runner/facts.ts",
    ...RUNNER_GROUND,
  ],
  "scripts/runner/weeklyJob.ts": ["scripts/runner/run", "scripts/runner/download", "scripts/runner/facts.ts"],
  "scripts/runner/verbs": [
    "scripts/runner/weeklyJob.ts",
    "scripts/runner/health",
    "scripts/runner/run",
    "scripts/runner/download",
    "scripts/runner/text",
    "scripts/runner/account",
    "scripts/runner/facts.ts",
    ...RUNNER_GROUND,
  ],
  "scripts/runner/health": [
    "scripts/runner/run",
    "scripts/runner/text",
    "scripts/runner/account",
    "scripts/runner/facts.ts",
    ...RUNNER_GROUND,
  ],
  "scripts/runner/run": [
    "scripts/runner/text",
    "scripts/runner/account",
    "scripts/runner/facts.ts",
    ...RUNNER_GROUND,
  ],
  "scripts/runner/notify": ["scripts/runner/account", "scripts/runner/facts.ts", ...RUNNER_GROUND],
  "scripts/runner/download": ["scripts/runner/account", "scripts/runner/facts.ts", ...RUNNER_GROUND],
  "scripts/runner/text": ["scripts/runner/facts.ts", ...RUNNER_GROUND],
  "scripts/runner/account": ["scripts/runner/facts.ts", ...RUNNER_GROUND],
  "scripts/runner/facts.ts": [
    "scripts/runner/mailFacts.ts",
    "scripts/runner/parts.ts",
    "scripts/runner/problems.ts",
    "scripts/runner/proofs.ts",
    "scripts/runner/repairProblem.ts",
  ],
  "scripts/runner/mailFacts.ts": [],
  "scripts/runner/problems.ts": ["scripts/runner/mailFacts.ts"],
  "scripts/runner/parts.ts": [],
  "scripts/runner/proofs.ts": [],
  "scripts/runner/repairProblem.ts": [],
  examples: ["components", "config"],
  test: "everything",
  "vitest.config.mts": [],
};

/** Where Pulumi may be known; `components/render` may not, though it lies below. */
const KNOWS_PULUMI = ["index.ts", "components", "components/host", "examples", "test"];

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => /\.m?ts$/.test(path) && existsSync(path));

/** Modules that a file names in an import, an export from, a require or an import(). */
function imported(file: string): string[] {
  return preProcessFile(readFileSync(file, "utf8"), true, true).importedFiles.map((x) => x.fileName);
}

function resolve(from: string, name: string): string {
  const path = normalize(join(dirname(from), name));
  const found = [path, `${path}.ts`, `${path}.mts`, `${path}/index.ts`].find(
    (p) => /\.\w+$/.test(p) && existsSync(p),
  );
  if (found === undefined) throw new Error(`${from} imports ${name}, which is no file`);
  return found;
}

const edges = files.flatMap((from) =>
  imported(from)
    .filter((name) => name.startsWith("."))
    .map((name) => ({ from, to: resolve(from, name) })),
);

function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Groups of nodes that reach each other, each as a sorted list, by walking from every node. */
function circles(arrows: { from: string; to: string }[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reach = (start: string) => {
    const seen = new Set<string>();
    const todo = [...(next.get(start) ?? [])];
    for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      todo.push(...(next.get(node) ?? []));
    }
    return seen;
  };
  const reached = new Map([...next.keys()].map((node) => [node, reach(node)]));
  const groups = [...reached]
    .filter(([node, seen]) => seen.has(node))
    .map(([node, seen]) =>
      [...seen]
        .filter((other) => reached.get(other)?.has(node))
        .sort()
        .join(" "),
    );
  return [...new Set(groups)].sort();
}

/** A folder, or the room where that is a file of its own: main.ts and facts.ts lie side by side, yet far apart. */
const folderOf = (file: string) => (roomOf(file) === file ? file : dirname(file));

test("every file is in a room", () => {
  expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
});

test("imports go the ways that are allowed", () => {
  const wrong = edges.filter(({ from, to }) => {
    const [a, b] = [roomOf(from), roomOf(to)];
    // Programs are started by path. This counts for files without a room too.
    if (["test", "scripts"].some((top) => to.startsWith(`${top}/`) && !from.startsWith(`${top}/`)))
      return a !== "test";
    // No verb imports another: what two of them share is none of a verb's.
    if (a === "scripts/runner/verbs" && a === b) return true;
    if (a === undefined || b === undefined || a === b) return false;
    const allowed = ROOMS[a] ?? [];
    return allowed !== "everything" && !allowed.includes(b);
  });
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("there is no circle of files, and none of folders", () => {
  const folders = edges
    .map(({ from, to }) => ({ from: folderOf(from), to: folderOf(to) }))
    .filter(({ from, to }) => from !== to);
  expect([...circles(edges), ...circles(folders)]).toEqual([]);
});

test("only the stack and its components know Pulumi", () => {
  const elsewhere = files.filter(
    (file) =>
      imported(file).some((name) => name.startsWith("@pulumi/")) &&
      !KNOWS_PULUMI.includes(roomOf(file) ?? ""),
  );
  expect(elsewhere).toEqual([]);
});
