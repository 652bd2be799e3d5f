import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { evnYaml, START_DATE } from "../../components/render/evnYaml";
import { namesOf } from "../../config/names";
import {
  EvnError,
  loadEvn,
  readEvn,
  sliceOf,
  startDateOf,
  withWindow,
} from "../../scripts/runner/download/evnFile";
import { writeWindow } from "../../scripts/runner/download/window";
import { causeOf, type Problem, RunError } from "../../scripts/runner/facts";
import { english } from "../../scripts/runner/text/en";
import { french } from "../../scripts/runner/text/fr";

/** As people keep it: their comments, odd indentation, what they have switched off. */
const BY_HAND = `# notre configuration
main:
  admin_mail: a@b.fr   # Paul
controler:
  observations: {enabled: true}
filter:
      # groupes exclus
      taxo_exclude:
          - TAXO_GROUP_BAT     # pas de droits
          #- TAXO_GROUP_BIRD
      # Optional start and end dates
      #start_date: 2019-08-01
      # end_date: 2019-09-01
      # type_date: entry


site:
  vn38: # Isère
    enabled: yes
    user_pw: "0123"
    client_secret: 'it''s'
  old: {enabled: false, user_pw: old-pw}
`;

test("the window is written below its commented-out line, and nothing else changes", () => {
  const written = withWindow(BY_HAND, "2026-11-09");
  expect(written).toBe(
    BY_HAND.replace(
      "#start_date: 2019-08-01\n",
      "#start_date: 2019-08-01\n      start_date: 2026-11-09\n",
    ).replace("# type_date: entry\n", "# type_date: entry\n      type_date: entry\n"),
  );
  expect(withWindow(written, "2026-11-16")).toBe(written.replace("2026-11-09", "2026-11-16"));
  expect(startDateOf(written)).toBe("2026-11-09");
});

test.each([
  [
    "no filter at all",
    "site:\n  a: 1\n",
    "site:\n  a: 1\nfilter:\n    start_date: 2026-11-09\n    type_date: entry\n",
  ],
  ["an empty filter", "filter:\n  # nothing\nsite:\n  a: 1\n", undefined],
  [
    "quoted, with a comment behind",
    'filter:\n  start_date: "2019-01-01" # x\n  type_date: sighting\n',
    "filter:\n  start_date: 2026-11-09 # x\n  type_date: entry\n",
  ],
  [
    "empty values",
    "filter:\n  start_date:\n  type_date:\nz: 1\n",
    "filter:\n  start_date: 2026-11-09\n  type_date: entry\nz: 1\n",
  ],
  [
    "carriage returns",
    "filter:\r\n  json_format: short\r\n",
    "filter:\r\n  start_date: 2026-11-09\r\n  type_date: entry\r\n  json_format: short\r\n",
  ],
  ["no newline at the end", "filter:\n  json_format: short", undefined],
  [
    "a comment of another section",
    "a:\n  # start_date: 1\n  b: 1\nfilter:\n  json_format: short\n",
    "a:\n  # start_date: 1\n  b: 1\nfilter:\n  start_date: 2026-11-09\n  type_date: entry\n  json_format: short\n",
  ],
])("the window where there is %s", (_, before, after) => {
  const written = withWindow(before, "2026-11-09");
  expect(parse(written, { schema: "failsafe" })).toMatchObject({
    filter: { start_date: "2026-11-09", type_date: "entry" },
  });
  if (after !== undefined) expect(written).toBe(after);
});

test("what the stack renders gets its window in place", () => {
  const text = evnYaml({
    names: namesOf("default"),
    adminEmail: "a@b.fr",
    sites: [],
    taxoExclude: [],
    territorialUnits: [],
    windowDays: 14,
    references: [],
    database: { address: "h", port: 1, name: "d", password: "p" },
  }).replace(START_DATE, "2026-01-01");
  expect(withWindow(text, "2026-11-09")).toBe(text.replace("2026-01-01", "2026-11-09"));
});

test("the configuration is read as strictyaml reads it: text, enabled sites only, secrets collected", () => {
  expect(readEvn(BY_HAND)).toEqual({
    sites: ["vn38"],
    controllers: ["observations"],
    taxoExclude: ["TAXO_GROUP_BAT"],
    units: [],
    endDate: undefined,
    secrets: ["0123", "it's", "old-pw"],
  });
  expect(() => readEvn("a: 1\nuser_pw: [secret\n")).toThrow(EvnError);
  expect(() => readEvn("a: 1\nuser_pw: [secret\n")).not.toThrow(/secret/);
});

test("a slice has its own days, and the filters of the configuration, in the client's own subset of YAML", () => {
  const text = sliceOf(BY_HAND, {
    startDate: "2026-11-09",
    stepDays: 15,
  });
  const slice = parse(text, { schema: "failsafe" }) as Record<string, unknown>;
  expect(slice["filter"]).toEqual({
    taxo_exclude: ["TAXO_GROUP_BAT"],
    start_date: "2026-11-09",
    type_date: "entry",
  });
  expect(slice["tuning"]).toEqual({
    max_chunks: "1000",
    pid_limit_min: "15",
    pid_limit_max: "15",
    pid_delta_days: "15",
  });
  const all = sliceOf(BY_HAND, {
    startDate: "1900-01-01",
    endDate: "2001-01-01",
    stepDays: null,
  });
  expect((parse(all, { schema: "failsafe" }) as { filter: object }).filter).toEqual({
    taxo_exclude: ["TAXO_GROUP_BAT"],
    start_date: "1900-01-01",
    end_date: "2001-01-01",
    type_date: "entry",
  });
});

// W1, R8
test("what is wrong with the client's configuration is told in both languages, with the file and no stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "vn-evn-"));
  try {
    const path = join(folder, "evn.yaml");
    const told = (text: string, work: (path: string) => unknown) => {
      writeFileSync(path, text);
      try {
        work(path);
      } catch (error) {
        const problem = causeOf(error) as Extract<Problem, { key: "noConfig" }>;
        expect(problem.key).toBe("noConfig");
        return [english.problem.noConfig(problem), french.problem.noConfig(problem)].map((said) =>
          said.replace(path, "evn.yaml"),
        );
      }
      throw new Error("nothing was refused");
    };
    const window = { from: "2026-11-09", to: "2026-11-23" };
    expect(told("a: 1\nsite: [x\n", loadEvn)).toEqual([
      expect.stringMatching(
        /^evn\.yaml cannot be used: line \d is no YAML \(\w+\)\. Correct it, or pulumi up$/,
      ),
      expect.stringMatching(
        /^evn\.yaml n'est pas utilisable\u00a0: la ligne \d n'est pas du YAML \(\w+\)\. Le corriger/,
      ),
    ]);
    expect(told("[]", loadEvn)[0]).toContain("it has no sections");
    expect(told("filter: {a: 1}\n", (path) => writeWindow(path, window))[1]).toContain("sans accolades");
    expect(told("filter:\n  start_date: [1]\n", (path) => writeWindow(path, window))[0]).toContain(
      "filter.start_date has to be one value",
    );
    rmSync(path);
    expect(() => loadEvn(path)).toThrow(RunError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
