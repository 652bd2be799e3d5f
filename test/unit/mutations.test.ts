import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutations } from "../mutations/patches";

// What `scripts/mutations` plays in half an hour is looked at here in a second: that each patch still fits the product,
// and that what it names is there.

const all = mutations();

test("there are mutations of the stack, of the runner and of the repair", () => {
  const projects = all.map(({ vitest }) => vitest?.project);
  for (const project of ["unit", "runner", "sql"]) expect(projects).toContain(project);
});

test.each(all)("the mutation $name applies, says what it breaks and names what has to fail", (mutation) => {
  const { path, what, command, vitest } = mutation;
  execFileSync("git", ["apply", "--check", path], { stdio: "pipe" });
  const patched = [...readFileSync(path, "utf8").matchAll(/^\+\+\+ b\/(\S+)/gm)].map(
    ([, file]) => file ?? "",
  );
  expect(patched.length).toBeGreaterThan(0);
  // Of the product, not of its tests.
  for (const file of patched) expect(file).not.toMatch(/^test\//);
  expect(what).toMatch(/^\S.{10,}\.$/);
  if (vitest) expect(readFileSync(vitest.file, "utf8")).toContain(vitest.title);
  else expect(command).toMatch(/^scripts\/\S+/);
});

test("scripts/mutations lists each with what it breaks", () => {
  const listed = execFileSync("scripts/mutations", ["--list"], { encoding: "utf8" });
  for (const { name } of all) expect(listed.split("\n")).toContain(name);
});
