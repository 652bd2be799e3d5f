import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { HOST_CHECKS } from "../../components/host/checks";
import { lookAtHost } from "../../components/host/facts";
import { findingInWords, findings } from "../../config/checks";
import { namesOf } from "../../config/names";
import type { StackConfig } from "../../config/schema";
import { type Host, startHost } from "../support/host";

// What is looked at before anything is made, on a real host with one thing after the other out of order.
const NAMES = namesOf("default");
type Access = Extract<StackConfig["host"], { type: "ssh" }>;

let host: Host;
let access: Access;
/** Paths that a look must not have touched. */
const OURS = [NAMES.home, NAMES.marker, `/etc/cron.d/${NAMES.cronFile}`];

beforeAll(async () => {
  host = await startHost({ adminUser: "ops" });
  const { host: address, port, user, hostKey, privateKey } = host;
  access = { type: "ssh", address, port, user, hostKey, privateKey, allowUnknownHostKey: false };
});
afterAll(async () => {
  await host?.stop();
});
beforeEach(async () => {
  await host.must(
    "umount -q /home/vn_check; rm -rf /home/vn_check; mkdir -p /usr/local/bin; find /usr/local/bin -mindepth 1 -delete",
  );
});

/** Everything that is wrong, in words; `adopt`: the key adoptExisting. */
async function wrong(change: Partial<Access> = {}, adopt = false): Promise<string[]> {
  const facts = await lookAtHost({ ...access, ...change }, NAMES, adopt);
  const found = "wrong" in facts ? [facts] : await findings(HOST_CHECKS, facts);
  return found.map((one) => findingInWords(one, "en"));
}

/** A program on the host's PATH for everybody. */
const program = (name: string, text: string) =>
  host.must(`cat >/usr/local/bin/${name}; chmod 755 /usr/local/bin/${name}`, {
    input: `#!/bin/sh\n${text}\n`,
  });

test("a fresh host has nothing wrong, and is left as it was", async () => {
  expect(await wrong()).toEqual([]);
  for (const path of OURS) expect(existsSync(join(host.tree, path)), path).toBe(false);
  expect(await host.must("getent passwd vn_check || echo none")).toBe("none\n");
});

test("a fresh Debian 13 has nothing wrong either, over sudo with a terminal of its own (use_pty)", async () => {
  const other = await startHost({ release: "trixie", adminUser: "ops" });
  try {
    const { host: address, port, hostKey, privateKey } = other;
    expect(await wrong({ address, port, hostKey, privateKey })).toEqual([]);
    expect((await other.ssh("sudo -n sudo -V | grep -i pty")).stdout).toMatch(/pty/);
  } finally {
    await other.stop();
  }
});

test("B8: a node that is too old, or broken, or only root's", async () => {
  await program("node", "echo 16.20.2");
  expect(await wrong()).toEqual([
    expect.stringMatching(/^node: is 16\.20\.2, too old\n.*\/usr\/local\/bin\/node.*18/),
  ]);
  await program("node", "echo cannot allocate >&2; exit 1");
  expect(await wrong()).toEqual([
    expect.stringMatching(/^node: does not run for an ordinary account: cannot allocate/),
  ]);
  // Of another machine: sh takes it for a script, whose first word it does not find.
  await host.must("printf '\\177ELF\\2\\1\\1\\0garbage' >/usr/local/bin/node");
  expect(await wrong()).toEqual([
    expect.stringMatching(/^node: does not run for an ordinary account: .*node.*\n.*\/usr\/local\/bin\/node/),
  ]);
  // Debian's comes after it on the PATH and will be installed.
  await host.must(
    "mkdir -p /root/.nvm && mv /usr/local/bin/node /root/.nvm/node && ln -s /root/.nvm/node /usr/local/bin/node",
  );
  expect(await wrong()).toEqual([]);
});

test("B8: a python3 that cannot make a venv, is too old, or does not run", async () => {
  await program(
    "python3",
    'case "$*" in *ensurepip*) echo "ModuleNotFoundError: No module named ensurepip" >&2; exit 1 ;; *) echo 3.12 ;; esac',
  );
  expect(await wrong()).toEqual([
    expect.stringMatching(
      /^python3: cannot make a venv: ModuleNotFoundError.*\n.*\/usr\/local\/bin\/python3/,
    ),
  ]);
  await program("python3", "echo 3.9");
  expect(await wrong()).toEqual([expect.stringMatching(/^python3: is 3\.9, too old/)]);
  await program("python3", "exit 7");
  expect(await wrong()).toEqual([expect.stringMatching(/^python3: does not run for an ordinary account/)]);
});

test("B16: a full disk, and one without room for more files", async () => {
  await host.must("mkdir /home/vn_check && mount -t tmpfs -o size=30m tmpfs /home/vn_check");
  expect(await wrong()).toEqual([
    expect.stringMatching(/^disk: \/home\/vn_check: (29|30) MB free, \d+ needed\n.*df -h/),
  ]);
  await host.must("umount /home/vn_check && mount -t tmpfs -o size=2g,nr_inodes=500 tmpfs /home/vn_check");
  expect(await wrong()).toEqual([
    expect.stringMatching(/^disk: \/home\/vn_check: 4\d\d files \(inodes\) free/),
  ]);
});

test("B4: what is there under our names without our marker is refused, all of it, or taken over", async () => {
  await host.must(`mkdir -p /home/vn_check/scripts; echo keys >/home/vn_check/evn.yaml; chown -R 1005:1005 /home/vn_check
    echo '# of the admin' >/etc/cron.d/vn_check; groupadd vn_check; touch /var/spool/cron/crontabs/vn_check`);
  const [found, ...more] = await wrong();
  expect(more).toEqual([]);
  expect(found).toMatch(/^adoptExisting: is false, and the host has what this kit did not make: /);
  for (const name of [
    "the group vn_check",
    "/home/vn_check (",
    "evn.yaml",
    "/etc/cron.d/vn_check",
    "/var/spool/cron/crontabs/vn_check",
  ])
    expect(found).toContain(name);
  expect(found).toContain("mv /home/vn_check /home/vn_check.before");
  expect(found).toContain("pulumi config set adoptExisting true");
  expect(await wrong({}, true)).toEqual([]);
  await host.must(
    "rm -rf /home/vn_check /etc/cron.d/vn_check /var/spool/cron/crontabs/vn_check; groupdel vn_check; useradd -M vn_check",
  );
  expect(await wrong()).toEqual([expect.stringContaining("the account vn_check")]);
  await host.must("userdel vn_check; ln -s /srv /home/vn_check");
  expect(await wrong()).toEqual([expect.stringContaining("/home/vn_check (link)")]);
  await host.must("rm /home/vn_check; touch /home/vn_check");
  expect(await wrong()).toEqual([expect.stringContaining("/home/vn_check (file)")]);
  // An empty folder, a fresh volume with its lost+found: nothing is lost.
  await host.must("rm /home/vn_check; mkdir -p /home/vn_check/lost+found");
  expect(await wrong()).toEqual([]);
});

test("B4: with our marker, a home that the account cannot use", async () => {
  await host.must(
    "mkdir -p /var/lib/vn-sync-check && echo x >/var/lib/vn-sync-check/default.json; useradd -M vn_check; mkdir -m 700 /home/vn_check",
  );
  try {
    expect(await wrong()).toEqual([
      expect.stringMatching(
        /^home: the account cannot use \/home\/vn_check \(it belongs to root\)\n.*chown vn_check: /,
      ),
    ]);
    await host.must("chown vn_check: /home/vn_check");
    expect(await wrong()).toEqual([]);
  } finally {
    await host.must("rm -rf /var/lib/vn-sync-check; userdel vn_check");
  }
});

test("a home that nobody may write to, or without programs", async () => {
  for (const [option, words] of [
    ["ro", "nobody may write to"],
    ["noexec", "without programs (noexec)"],
  ]) {
    await host.must(`mkdir -p /home/vn_check && mount -t tmpfs -o ${option},size=2g tmpfs /home/vn_check`);
    expect(await wrong()).toEqual([
      expect.stringContaining(`/home/vn_check is on a file system ${option === "ro" ? "that " : ""}${words}`),
    ]);
    await host.must("umount /home/vn_check");
  }
});

test("B4: where root cannot write, or would write where somebody else has laid a link, all of it is told first", async () => {
  const put = `mount -t tmpfs -o size=1m,nr_inodes=12 tmpfs /var/lib
    install -d -o ops /var/lib/vn-sync-check; ln -s /etc/motd2 /var/lib/vn-sync-check/default.json.new
    for path in /etc/cron.d /usr; do mount --bind $path $path; mount -o remount,ro,bind $path; done`;
  await host.must(put);
  try {
    expect(await wrong()).toEqual([
      expect.stringMatching(
        /^files: root itself cannot write to \/etc\/cron\.d, \/usr\/local\/bin, \/usr; \/var\/lib\/vn-sync-check is not root's alone.*\n.*findmnt -T \/etc\/cron\.d.*chown root: \/var\/lib\/vn-sync-check/,
      ),
      expect.stringMatching(
        /^disk: \/var\/lib: \d MB free, 2 needed; \/var\/lib: \d+ files \(inodes\) free, 20 needed/,
      ),
    ]);
  } finally {
    await host.must("umount /etc/cron.d; umount -l /usr; umount /var/lib");
  }
  await host.must(`mkdir -p /home/vn_check/.pgpass /home/vn_check/.venv.clientapivn; ln -s /etc /home/vn_check/bin; ln -s /etc/motd2 /home/vn_check/evn.yaml.before-vn-sync-check
    ln -s /nowhere /etc/cron.d/vn_check; useradd -o -u $(id -u ops) -M vn_check; chmod 711 /home`);
  try {
    const found = (await wrong({}, true)).find((one) => one.startsWith("files: "));
    for (const words of [
      "the account has the uid of ops",
      "/home/vn_check/bin, /home/vn_check/evn.yaml.before-vn-sync-check: a link",
      "/etc/cron.d/vn_check, /home/vn_check/.venv.clientapivn, /home/vn_check/.pgpass: not what the kit writes there",
    ])
      expect(found).toContain(words);
    expect(found).toContain("mv /home/vn_check/bin /home/vn_check/bin.before");
    await host.must("sed -i '/^vn_check:/s/:[0-9]*:/:0:/' /etc/passwd");
    expect((await wrong({}, true)).join()).toContain("vn_check is root under another name");
  } finally {
    await host.must(
      "sed -i /^vn_check:/d /etc/passwd /etc/shadow /etc/group /etc/gshadow; rm -rf /etc/cron.d/vn_check /home/vn_check; chmod 755 /home",
    );
  }
});

test("limits of PAM for everybody, under which no job would end", async () => {
  await host.must("printf '* hard cpu 5\\n* - fsize 100\\n' >/etc/security/limits.d/house.conf");
  try {
    expect(await wrong()).toEqual([
      expect.stringMatching(
        /^limits: are too narrow .*f=200 t=300\n.*\/etc\/security\/limits\.d\/vn_check\.conf/,
      ),
    ]);
  } finally {
    await host.must("rm /etc/security/limits.d/house.conf");
  }
});

test("words on standard error of each program (ld.so.preload) are no facts", async () => {
  await host.must("echo /nowhere.so >/etc/ld.so.preload");
  try {
    expect(await wrong()).toEqual([]);
  } finally {
    await host.must("rm /etc/ld.so.preload");
  }
});

test("a home's parent that a new account cannot enter", async () => {
  await host.must("chgrp ops /home; chmod 750 /home");
  try {
    expect(await wrong()).toEqual([
      expect.stringMatching(
        /^files: an account without rights of its own cannot enter \/home\n.*chmod o\+x \/home$/,
      ),
    ]);
  } finally {
    await host.must("chgrp root /home; chmod 755 /home");
  }
});

test("/tmp closed, a wrong clock, another vn-check, sudo: all of it at once", async () => {
  await program(
    "date",
    'if [ "$1" = +%s ]; then echo $(($(/bin/date +%s) - 3600)); else exec /bin/date "$@"; fi',
  );
  await program("vn-check", "");
  await host.must("chmod 755 /tmp; mkdir -p /home/vn_check/x");
  try {
    const found = await wrong();
    expect(found.map((one) => one.split(":")[0])).toEqual(["/tmp", "clock", "adoptExisting", "vn-check"]);
    expect(found[1]).toMatch(/60 min behind/);
    await host.must("mv /etc/sudoers.d/admin /root; echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/admin");
    const without = await wrong();
    expect(without[0]).toMatch(
      /^host\.user: sudo does not let ops do anything as root\. It said: sudo: a password is required\n.*ops ALL=\(ALL\) NOPASSWD: ALL/,
    );
    expect(without.join("\n")).toContain("60 min behind");
  } finally {
    await host.must("chmod 1777 /tmp; mv /root/admin /etc/sudoers.d/admin");
  }
});

test("S8: a way in that does not open is told by key, at the first dial", async () => {
  const since = Date.now();
  const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxampleOnlyReplaceThisByTheHostsOwnKey0000000";
  expect(await wrong({ hostKey: other })).toEqual([
    expect.stringMatching(
      /^host\.hostKey: is not the key that 127\.0\.0\.1:\d+ has: ssh-ed25519 AAAA\S+\n.*\/etc\/ssh\/ssh_host_/,
    ),
  ]);
  expect((await wrong({ hostKey: other }))[0]).toContain(host.hostKey);
  expect(await wrong({ hostKey: "ssh-dss AAAA" })).toEqual([expect.stringMatching(/^host\.hostKey: /)]);
  expect(await wrong({ user: "nobodyhere" })).toEqual([
    expect.stringMatching(
      /^host\.user: 127\.0\.0\.1:\d+ refuses the login nobodyhere with this private key\n.*authorized_keys/,
    ),
  ]);
  expect(await wrong({ port: 1 })).toEqual([
    expect.stringMatching(/^host\.address: no SSH server answers at 127\.0\.0\.1:1 \(/),
  ]);
  expect(await wrong({ address: "host.invalid" })).toEqual([
    expect.stringMatching(/^host\.address: no SSH server answers at host\.invalid/),
  ]);
  expect(await wrong({ bastion: { ...access, port: 1 } })).toEqual([
    expect.stringMatching(/^host\.bastion\.address: /),
  ]);
  expect(Date.now() - since).toBeLessThan(15_000);
});

test("S8, B18: a locked key, and an agent that is gone", async () => {
  const folder = mkdtempSync("/tmp/vn-key-");
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "open sesame", "-f", join(folder, "key")]);
    const privateKey = readFileSync(join(folder, "key"), "utf8");
    expect(await wrong({ privateKey })).toEqual([
      expect.stringMatching(/^host\.privateKeyPassword: is missing/),
    ]);
    expect(await wrong({ privateKey, privateKeyPassword: "wrong" })).toEqual([
      expect.stringMatching(/^host\.privateKeyPassword: does not open the private key\n.*--secret/),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const before = process.env["SSH_AUTH_SOCK"];
  try {
    process.env["SSH_AUTH_SOCK"] = "/tmp/gone";
    expect(await wrong()).toEqual([
      expect.stringMatching(/^SSH_AUTH_SOCK: no SSH agent answers at \/tmp\/gone .*\n.*unset SSH_AUTH_SOCK/),
    ]);
    expect(await wrong({ agentSocket: "/tmp/gone2" })).toEqual([
      expect.stringMatching(/^host\.agentSocket: no SSH agent answers at \/tmp\/gone2/),
    ]);
    delete process.env["SSH_AUTH_SOCK"];
    const { privateKey: _, ...keyless } = access;
    const facts = await lookAtHost(keyless, NAMES, false);
    expect("wrong" in facts && findingInWords(facts, "en")).toMatch(/^host\.privateKey: is missing/);
  } finally {
    if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
    else process.env["SSH_AUTH_SOCK"] = before;
  }
});

test("S8: a server with many guests is tried again (MaxStartups)", async () => {
  await host.must(
    "printf 'MaxStartups 1\\n' >/etc/ssh/sshd_config.d/y.conf; kill -HUP $(cat /run/sshd.pid); sleep 1",
  );
  const all = await Promise.all(Array.from({ length: 4 }, () => wrong()));
  for (const found of all) expect(found).toEqual([]);
  await host.must("rm /etc/ssh/sshd_config.d/y.conf; kill -HUP $(cat /run/sshd.pid)");
});

test("S8: what only the provider's own client could use is no fault: a security token, other key exchanges", async () => {
  const mild = async (change: Access) => {
    const facts = await lookAtHost(change, NAMES, false);
    return "wrong" in facts ? facts : undefined;
  };
  const folder = mkdtempSync("/tmp/vn-agent-");
  const text = (value: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), value]);
  const key = text(text(Buffer.from("sk-ssh-ed25519@openssh.com")));
  const keys = text(Buffer.concat([Buffer.from([12, 0, 0, 0, 1]), key, text(Buffer.from("token"))]));
  const agent = createServer((socket) => socket.on("data", () => socket.write(keys)).on("error", () => {}));
  await new Promise<void>((done) => agent.listen(join(folder, "socket"), done));
  try {
    const { privateKey: _, ...keyless } = access;
    const found = await mild({ ...keyless, agentSocket: join(folder, "socket") });
    expect(found).toMatchObject({ name: "host", mild: true });
    expect(found?.wrong.en).toContain("could not be looked at beforehand");
  } finally {
    agent.close();
    rmSync(folder, { recursive: true });
  }
  const config = "/etc/ssh/sshd_config.d/x.conf";
  await host.must(
    `echo 'KexAlgorithms sntrup761x25519-sha512@openssh.com' >${config}; kill -HUP $(cat /run/sshd.pid); sleep 1`,
  );
  expect(await mild(access)).toMatchObject({ name: "host", mild: true });
  await host.must(`rm ${config}; kill -HUP $(cat /run/sshd.pid); sleep 1`);
});

test("B2: a login shell that prints and one that is fish are looked at alike", async () => {
  await host.must(
    "apt-get install -y -qq --no-install-recommends fish >/dev/null 2>&1; usermod -s /usr/bin/fish ops",
  );
  expect(await wrong()).toEqual([]);
  await host.must(
    "mkdir -p ~ops/.config/fish; echo 'echo vn-sync-check:node=1' >~ops/.config/fish/config.fish; chown -R ops ~ops/.config",
  );
  expect(await wrong()).toEqual([]);
});
