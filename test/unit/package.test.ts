import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleRunner } from "../../components/render/bundle";
import { run } from "../support/command";

const EXAMPLE = "examples/other-program/index.ts";
/** Faults that a compiler sees only when it knows the types: a directive that it does not need is one, too. */
const WRONG = `import { configOf, VnSyncCheck } from "vn-sync-check/components";
// @ts-expect-error a name is missing
new VnSyncCheck(configOf({}));
// @ts-expect-error no such key
configOf({}).windowDay;
`;
/** Runs the example without an engine, and says how many resources it asks for. */
const MOCKED = `const pulumi = require("@pulumi/pulumi");
const secrets = ["adminPassword", "vn38-password", "vn38-key", "vn38-secret"];
pulumi.runtime.setAllConfig(Object.fromEntries(secrets.map((key) => ["our-servers:" + key, "s3cret"])));
let asked = 0;
const newResource = ({ name, inputs }) => (asked++, { id: name, state: { ...inputs, stdout: "" } });
pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "our-servers", "test", false);
require("./index.js");
process.on("exit", () => console.log(asked));
`;

let folder: string;
let built: string;

/** The example as a program of its own, with the package and nothing else but what the package asks for. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vn-package-"));
  built = join(folder, "node_modules/vn-sync-check");
  const done = await run("npm", ["run", "-s", "build:package", "--", built]);
  expect(done.code, done.stdout + done.stderr).toBe(0);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(built, "package.json"), "utf8"));
  for (const name of Object.keys({ ...dependencies, ...peerDependencies, "@types/node": "" })) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve("node_modules", name), link);
  }
  const program = readFileSync(EXAMPLE, "utf8").replace("../../components", "vn-sync-check/components");
  writeFileSync(join(folder, "index.ts"), program);
  writeFileSync(join(folder, "wrong.ts"), WRONG);
  writeFileSync(join(folder, "package.json"), '{ "name": "our-servers" }\n');
  const module = ts.transpileModule(program, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  writeFileSync(join(folder, "index.js"), module.outputText);
  writeFileSync(join(folder, "mocked.js"), MOCKED);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The second is what Pulumi's own templates have.
test.each(["node16", "node10"])("its types hold in a program that resolves as %s", async (resolution) => {
  const how = ["--module", resolution === "node16" ? "node16" : "commonjs", "--moduleResolution", resolution];
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--types", "node"];
  const args = ["--preserveSymlinks", ...how, ...options, "index.ts", "wrong.ts"];
  const done = await run(resolve("node_modules/.bin/tsc"), args, { cwd: folder });
  expect(done.code, done.stdout).toBe(0);
});

test("a program loads it without a loader of TypeScript", async () => {
  const done = await run("node", ["mocked.js"], { cwd: folder });
  expect(done.code, done.stderr).toBe(0);
  expect(Number(done.stdout)).toBeGreaterThan(90);
});

test("the SQL's program starts by the package's name, as a stack starts it", async () => {
  const args = ["-e", 'require("vn-sync-check/sql")', "print"];
  const [here, there] = [await run("node", args), await run("node", args, { cwd: folder })];
  expect(there.code, there.stderr).toBe(0);
  expect(there.stdout).toBe(here.stdout);
});

test("B1: so does the program that destroy begins with, which tells a host that it cannot reach", async () => {
  const args = ["-e", 'require("vn-sync-check/host")'];
  const host = { type: "ssh", address: "127.0.0.1", port: 1, user: "root", password: "s3cret" };
  const input = JSON.stringify({ host, locale: "en" });
  for (const cwd of [folder, resolve(".")]) {
    const done = await run("node", args, { cwd, input });
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/^host\.address: no SSH server answers at 127\.0\.0\.1:1 /);
  }
});

test("the runner in it is the one that a checkout installs", () => {
  expect(readFileSync(join(built, "scripts/runner/vn-check.mjs"), "utf8")).toBe(bundleRunner());
});

test("a folder with something in it is left alone", async () => {
  const done = await run("npm", ["run", "-s", "build:package", "--", folder]);
  expect(done.code).not.toBe(0);
  expect(done.stderr).toContain(`${folder} is not empty`);
});
