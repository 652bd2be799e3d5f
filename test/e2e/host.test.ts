import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { must, run, until } from "../support/command";
import { type Host, startHost } from "../support/host";

/** The processes of this machine whose root is in the folder, and the mounts there. */
async function leftovers(folder: string): Promise<{ processes: string[]; mounts: string[] }> {
  const processes: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const root = await readlink(`/proc/${pid}/root`).catch(() => "");
    if (root.startsWith(folder)) processes.push(pid);
  }
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes(folder));
  return { processes, mounts };
}

/** The pid of a process in the host, seen from outside. */
async function pidNamespaceMembers(host: Host): Promise<string[]> {
  const namespace = (await host.must("readlink /proc/1/ns/pid")).trim();
  const members: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if ((await readlink(`/proc/${pid}/ns/pid`).catch(() => "")) === namespace) members.push(pid);
  }
  return members;
}

test("a host logs in by key, runs cron as a user, lets go of namespaces, and leaves nothing", async () => {
  const host = await startHost({ adminUser: "admin1" });
  const folder = dirname(host.tree);
  try {
    const sudo = await host.ssh("id -un && sudo -n id -un && . /etc/os-release && echo $VERSION_ID");
    expect(sudo.stdout.trim().split("\n"), sudo.stderr).toEqual(["admin1", "root", "12"]);

    // A host key that is not the host's is refused.
    const stranger = join(dirname(host.privateKeyFile), "known_hosts");
    const known = readFileSync(stranger, "utf8");
    expect(known).toContain(host.hostKey);

    // As on a real host, and not as in a chroot, an ordinary user may make user namespaces.
    const killed = await host.ssh(
      "setpriv --pdeathsig KILL unshare --user --map-current-user --pid --fork --kill-child=KILL id -un",
    );
    expect(killed.stdout.trim(), killed.stderr).toBe("admin1");
    expect((await host.ssh("stat -c %a /dev/shm")).stdout.trim()).toBe("1777");

    await host.must(
      "printf '* * * * * admin1 id -un > /tmp/fired; env >> /tmp/fired\\n' > /etc/cron.d/fires && chmod 644 /etc/cron.d/fires",
    );
    const fired = await until("cron", 130, async () => {
      const file = join(host.tree, "tmp/fired");
      return existsSync(file) && readFileSync(file, "utf8").includes("HOME=")
        ? readFileSync(file, "utf8")
        : undefined;
    });
    expect(fired.split("\n")[0]).toBe("admin1");

    expect((await pidNamespaceMembers(host)).length).toBeGreaterThan(2);
    expect((await run("scripts/host", ["status", "--dir", folder])).stdout).toMatch(
      /^running \d+ \d+ bookworm\n$/,
    );
  } finally {
    await host.stop();
  }
  expect(existsSync(folder)).toBe(false);
  expect(await leftovers(folder)).toEqual({ processes: [], mounts: [] });
  expect((await run("scripts/host", ["status", "--dir", folder])).code).toBe(3);
});

test("apt and pip in a host reach their registries, over ssh with sudo too", async () => {
  const host = await startHost({ adminUser: "admin1" });
  try {
    const apt = await host.ssh(
      "sudo -n apt-get update -qq && sudo -n DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv",
    );
    expect(apt.code, apt.stderr).toBe(0);
    const pip = await host.ssh(
      "python3 -m venv v && v/bin/pip install -q six==1.17.0 && v/bin/python -c 'import six'",
    );
    expect(pip.code, pip.stderr).toBe(0);
  } finally {
    await host.stop();
  }
});

test("a host whose holder is killed leaves no process, and stop removes the rest", async () => {
  const host = await startHost();
  const folder = dirname(host.tree);
  const members = await pidNamespaceMembers(host);
  const [pid] = readFileSync(join(folder, "pid"), "utf8").split(" ");
  process.kill(Number(pid), "SIGKILL");
  await until("the end of the host's processes", 10, async () => {
    const { processes } = await leftovers(host.tree);
    return processes.length === 0 && members.every((member) => ended(member)) ? true : undefined;
  });
  await host.stop();
  expect(existsSync(folder)).toBe(false);
});

test("a host ends with its owner", async () => {
  const dir = await mkdtemp(join(tmpdir(), "vn-owned-"));
  try {
    await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, "key")]);
    // The owner is a shell that starts the host and ends at once.
    const started = await run("bash", [
      "-c",
      `scripts/host start --dir ${dir}/h --port 0"$(shuf -i 20000-29999 -n 1)" --authorized-key ${dir}/key.pub --owner $$`,
    ]);
    expect(started.stdout, started.stderr).toMatch(/^ssh-ed25519 /);
    await until("the host's end", 20, async () => (existsSync(join(dir, "h")) ? undefined : true));
  } finally {
    await run("scripts/host", ["stop", "--dir", join(dir, "h")]);
    await rm(dir, { recursive: true, force: true });
  }
});

test("a Debian 13 host is to be had, too", async () => {
  const host = await startHost({ release: "trixie" });
  try {
    expect((await host.ssh(". /etc/os-release && echo $VERSION_ID")).stdout.trim()).toBe("13");
    expect((await host.must("pgrep -c -x 'cron|sshd'")).trim()).not.toBe("0");
  } finally {
    await host.stop();
  }
});

/** A process that nobody has collected yet has ended all the same. */
function ended(pid: string): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/, ""));
  } catch {
    return true;
  }
}
