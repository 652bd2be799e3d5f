import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { end, ofStack, type Process, processes } from "../../scripts/recover/processes";
import { halfDeleted, lockHolders, parsedState, withoutPending } from "../../scripts/recover/state";

const FOLDER = "/srv/kit";
let next = 100;
const one = (args: string, parent = 1, folder = FOLDER, pid = ++next): Process => ({
  ...{ pid, parent, args: args.split(" "), started: "1", folder },
});
const program = (stack: string, engine: string) =>
  `node /srv/kit/node_modules/@pulumi/pulumi/cmd/run/index.js --monitor 127.0.0.1:1 --engine ${engine} --project vn-sync-check --stack ${stack} .`;
const stack = {
  name: "production",
  project: "vn-sync-check",
  folder: FOLDER,
  engines: [] as number[],
  alone: true,
};
const pids = (found: Process[]) => found.map(({ pid }) => pid).sort();

test("S4: an engine that holds the lock, and all that it has started; no other pulumi, and nothing of a number that is somebody else's", () => {
  const engine = one("pulumi up");
  const language = one("/opt/pulumi-language-nodejs 127.0.0.1:7", engine.pid);
  const ours = [engine, language, one(program("production", "127.0.0.1:7"), language.pid)];
  const plugin = one("node /opt/x/provider.cjs 127.0.0.1:7", engine.pid);
  const sql = one(`sh -c node_-e_'require("vn-sync-check/sql")'_install`, plugin.pid);
  const other = one("pulumi up", 1, "/srv/other");
  const theirs = [
    other,
    one("node /opt/x/provider.cjs 127.0.0.1:8", other.pid),
    one("vim", 1),
    one("sleep 9", 1),
  ];
  const all = [...ours, plugin, sql, ...theirs];
  expect(pids(ofStack(all, { ...stack, engines: [engine.pid] }))).toEqual(pids([...ours, plugin, sql]));
  const vim = theirs[2] as Process;
  expect(ofStack([vim], { ...stack, engines: [vim.pid] })).toEqual([]);
});

test("S4: what a killed engine has left is known by the program's stack and the engine's address, or by being left in this folder", () => {
  const left = [one("/opt/pulumi-language-nodejs 127.0.0.1:7"), one("pulumi-resource-command 127.0.0.1:7")];
  const ours = one(program("production", "127.0.0.1:7"), left[0]?.pid);
  const living = one("pulumi up", 1);
  const another = [
    living,
    one("pulumi-resource-command 127.0.0.1:9", living.pid),
    one(program("test", "127.0.0.1:9"), living.pid),
  ];
  const elsewhere = one("pulumi-resource-command 127.0.0.1:5", 1, "/srv/other");
  const all = [...left, ours, ...another, elsewhere];
  expect(pids(ofStack(all, stack))).toEqual(pids([...left, ours]));
  // Without the program nothing names the stack: only where no other stack can have lost them.
  expect(pids(ofStack([...left, ...another, elsewhere], stack))).toEqual(pids(left));
  expect(ofStack([...left, ...another, elsewhere], { ...stack, alone: false })).toEqual([]);
  expect(pids(ofStack(all, { ...stack, alone: false }))).toEqual(pids([...left, ours]));
});

test("S4: a process that does not end when asked is killed, by its number and its start", async () => {
  const child = spawn("sh", ["-c", "trap '' TERM INT; while :; do sleep 0.2; done"], { stdio: "ignore" });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const found = processes().filter(({ pid }) => pid === child.pid);
  expect(found).toHaveLength(1);
  // Another process that has been given the number is left alone.
  await end([{ ...(found[0] as Process), started: "another" }], [], 0);
  expect(child.exitCode).toBe(null);
  await end(found, [child.pid as number], 0.3);
  await gone;
  expect(child.signalCode).toBe("SIGKILL");
});

test("S4: the locks of a local backend name processes of this machine", () => {
  const dir = mkdtempSync(join(tmpdir(), "vn-locks-"));
  const lock = (name: string, file: string, text: string) => {
    const folder = join(dir, ".pulumi/locks/organization/vn-sync-check", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  lock("production", "a.json", JSON.stringify({ pid: 7, hostname: hostname() }));
  lock("production", "a.json.attrs", "{}");
  lock("test", "b.json", JSON.stringify({ pid: 8, hostname: "another" }));
  lock("third", "c.json", "not json");
  expect([...lockHolders(`file://${dir}`, "vn-sync-check")]).toEqual([["production", [7]]]);
  expect([...lockHolders("https://api.pulumi.com", "vn-sync-check")]).toEqual([]);
  expect([...lockHolders("file:///nowhere", "vn-sync-check")]).toEqual([]);
  rmSync(dir, { recursive: true });
});

test("S4: a state without what is unfinished is the same otherwise", () => {
  const role = { urn: "urn::role", type: "postgresql:index/role:Role" };
  const text = JSON.stringify({
    version: 3,
    deployment: {
      secrets_providers: { type: "passphrase" },
      resources: [role],
      pending_operations: [{ type: "creating", resource: { ...role, inputs: { name: "vn_check" } } }],
    },
  });
  const { state, pending, roles } = parsedState(text);
  expect(pending).toHaveLength(1);
  expect(roles).toEqual(["urn::role"]);
  expect(JSON.parse(withoutPending(state))).toEqual({
    version: 3,
    deployment: {
      secrets_providers: { type: "passphrase" },
      resources: [{ ...role, inputs: { name: "vn_check" }, id: "vn_check", outputs: { name: "vn_check" } }],
    },
  });
  const user = { urn: "urn::user", type: "command:remote:Command" };
  const begun = [user, role, { ...user, urn: "urn::gone" }].map((resource) => ({
    type: "deleting" as const,
    resource,
  }));
  const both = { deployment: { resources: [role, user] } };
  expect(halfDeleted([...begun, { type: "updating", resource: user }], both)).toEqual(["urn::user"]);
  expect(parsedState('{"deployment":{}}')).toMatchObject({ pending: [], roles: [] });
});
