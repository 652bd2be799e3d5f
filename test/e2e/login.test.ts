import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOST_CHECKS } from "../../components/host/checks";
import { lookAtHost } from "../../components/host/facts";
import { runOnce, type Said } from "../../components/host/run";
import { unprovenFinding } from "../../components/host/words";
import { type Program, programOf, proves } from "../../components/render/command";
import { fileInput, fileWriter } from "../../components/render/fileScripts";
import { asAccount, asRoot } from "../../components/render/shell";
import { findingInWords, findings } from "../../config/checks";
import { namesOf } from "../../config/names";
import type { StackConfig } from "../../config/schema";
import { type Host, startHost } from "../support/host";

// One command over SSH at a time, against a real sshd, with every login that a host may have.
let host: Host;

beforeAll(async () => {
  host = await startHost({ adminUser: "admin1" });
  await host.must(
    "apt-get install -y -qq --no-install-recommends fish tcsh csh zsh ksh busybox-static >/dev/null 2>&1; " +
      "groupadd kit; useradd -m -g kit -s /bin/false keeper",
  );
});
afterAll(async () => {
  await host?.stop();
});

/** A login of the host with sudo, its shell and what its shells read first. */
async function login(name: string, shell: string, files: Record<string, string> = {}): Promise<void> {
  await host.must(`id ${name} >/dev/null 2>&1 || useradd -m -s ${shell} ${name}
    install -d -m 700 -o ${name} ~${name}/.ssh
    install -m 600 -o ${name} ~admin1/.ssh/authorized_keys ~${name}/.ssh/authorized_keys
    echo '${name} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/${name}`);
  for (const [path, text] of Object.entries(files))
    await host.must(`cd ~${name} && mkdir -p "$(dirname ${path})" && cat >${path} && chown -R ${name} .`, {
      input: text,
    });
}

function access(user: string): StackConfig["host"] {
  const { host: address, port, hostKey, privateKey } = host;
  return { type: "ssh", address, port, user, hostKey, privateKey, allowUnknownHostKey: false };
}

const run = (user: string, program: Program, stdin = "", seconds = 30): Promise<Said> =>
  runOnce(access(user), program.command("create"), program.text + stdin, seconds);

/** What a look before anything is made says of this login. */
async function wrong(user: string): Promise<string[]> {
  const facts = await lookAtHost(access(user), namesOf("default"), false);
  const found = "wrong" in facts ? [facts] : await findings(HOST_CHECKS, facts);
  return found.map((one) => findingInWords(one, "en"));
}

/** Text that a shell could trip over, and that is longer than one buffer. */
const TEXT = `first 'line' "of" \\ $HOME !! é\n${"0123456789 `x` | & ; # *\n".repeat(8000)}last`;

/** Writes a file as root by this login. @returns what was said, and the file as it is then */
async function write(user: string): Promise<{ said: Said; proven: boolean; written: string | undefined }> {
  const path = `/root/of-${user}`;
  const program = programOf({ create: asRoot(fileWriter(path, "0600")) }, user);
  const said = await run(user, program, fileInput(TEXT));
  let written: string | undefined;
  try {
    written = readFileSync(join(host.tree, path), "utf8");
  } catch {}
  return { said, proven: proves(said.stdout, program.proof), written };
}

test("B2: a command has no sign that shells read differently, and csh takes its length", () => {
  const command = programOf({ create: asRoot(fileWriter("/a/b", "0600")), delete: "rm x" }, "name").command(
    "create",
  );
  expect(command).toMatch(/^exec \/bin\/sh -c '[^'\\!\n]+'$/);
  expect(command.length).toBeLessThan(1000);
});

describe("B2: every login shell runs a script to its end", () => {
  test.each([
    ["sh", "/bin/sh"],
    ["bash", "/bin/bash"],
    ["dash", "/bin/dash"],
    ["fish", "/usr/bin/fish"],
    ["tcsh", "/bin/tcsh"],
    ["csh", "/bin/bsd-csh"],
    ["zsh", "/bin/zsh"],
    ["ksh", "/usr/bin/ksh"],
  ])("%s", async (name, shell) => {
    await login(`of-${name}`, shell);
    const { said, proven, written } = await write(`of-${name}`);
    expect(said.code, said.stderr).toBe(0);
    expect(proven).toBe(true);
    expect(written).toBe(TEXT);
  });

  test("one that greets on both streams, and one that says goodbye", async () => {
    await host.must(
      `printf '#!/bin/sh\\necho WELCOME; echo LEGAL NOTICE >&2\\n/bin/bash "$@"\\necho GOODBYE\\n' >/usr/local/bin/banner-sh; chmod 755 /usr/local/bin/banner-sh`,
    );
    await login("banner", "/usr/local/bin/banner-sh", { ".bashrc": "echo chat\necho chat >&2\n" });
    const { proven, written, said } = await write("banner");
    expect(said.stdout).toContain("GOODBYE");
    expect(proven).toBe(true);
    expect(written).toBe(TEXT);
  });

  test.each([
    ["without a line's end", "printf begun; printf begun >&2\n"],
    ["with signs for a terminal", "printf '\\033[2J\\033]0;title\\007'\n"],
    [
      "lines like ours",
      "echo vn-sync-check abc; printf 'vn-sync-check:sudo=no\\nvn-sync-check:root=5\\nvn-sync-check:tmp_fault=' >&2\n",
    ],
    [
      "with options, traps and limits of its own",
      "set -euf -o noclobber; umask 777; cd /; trap 'echo bye' EXIT\n",
    ],
    [
      "and sets what shells read",
      "export POSIXLY_CORRECT=1 ENV=/etc/passwd BASH_ENV=/etc/passwd LC_ALL=tr_TR.UTF-8 LD_PRELOAD=/nowhere.so TMOUT=1 IFS=abc; unset PATH HOME\n",
    ],
  ])("a .bashrc that prints %s", async (what, text) => {
    const user = `prints-${what.split(" ").pop()}`;
    await login(user, "/bin/bash", { ".bashrc": text });
    const { said, proven, written } = await write(user);
    expect(proven, said.stdout + said.stderr).toBe(true);
    expect(written).toBe(TEXT);
    expect(await wrong(user)).toEqual([]);
  });

  test("chatty .bashrc, .zshenv, .cshrc and config.fish", async () => {
    await login("chat-bash", "/bin/bash", { ".bashrc": "echo hello; fortune 2>/dev/null; stty -echo\n" });
    await login("chat-zsh", "/bin/zsh", {
      ".zshenv": "echo hello\nalias sh=false\nsetopt nobanghist shwordsplit\n",
    });
    await login("chat-tcsh", "/bin/tcsh", { ".cshrc": "echo hello\nstty erase ^H\nalias sh false\n" });
    await login("chat-fish", "/usr/bin/fish", {
      ".config/fish/config.fish": "echo hello\nset -x PATH /nowhere\n",
    });
    for (const user of ["chat-bash", "chat-zsh", "chat-tcsh", "chat-fish"]) {
      const { said, proven, written } = await write(user);
      expect(proven, `${user}: ${said.stdout}${said.stderr}`).toBe(true);
      expect(written, user).toBe(TEXT);
    }
  });
});

/** A login that runs nothing of ours: no proof, nothing on the host, and its words in what a person reads. */
async function runsNothing(user: string, words: string | RegExp): Promise<void> {
  const { said, proven, written } = await write(user);
  expect(proven, `${user}: ${said.stdout}${said.stderr}`).toBe(false);
  expect(written, user).toBeUndefined();
  const { name, wrong, remedy } = unprovenFinding(access(user), said);
  expect(name).toBe("host.user");
  expect(wrong.en).toContain(`${user}@127.0.0.1:${host.port}`);
  expect(wrong.en).toMatch(words);
  expect(remedy.en).toContain("host.address");
}

describe("B1: a login that runs nothing is no success, whatever its exit code", () => {
  const forced = (user: string, command: string) =>
    host.must(`sed -i 's#^#command="${command}" #' ~${user}/.ssh/authorized_keys`);

  test("a forced command that prints and ends with 0", async () => {
    await login("forced", "/bin/bash");
    await forced("forced", "echo Please login as the user debian rather than the user root.;echo;sleep 1");
    await runsNothing("forced", "It said: Please login as the user debian rather than the user root.");
  });
  test("a forced command in silence", async () => {
    await login("silent", "/bin/bash");
    await forced("silent", "true");
    await runsNothing("silent", "It said nothing");
  });
  test("a forced command that repeats what it was sent", async () => {
    await login("parrot", "/bin/bash");
    await host.must(
      `printf '#!/bin/sh\\nprintf "%%s\\\\n" "$SSH_ORIGINAL_COMMAND"; cat\\n' >/usr/local/bin/parrot; chmod 755 /usr/local/bin/parrot`,
    );
    await forced("parrot", "/usr/local/bin/parrot");
    await runsNothing("parrot", "It said: ");
  });
  test("a forced command that ends with a code of its own", async () => {
    await login("coded", "/bin/bash");
    await forced("coded", "echo no; exit 142");
    await runsNothing("coded", "It said: no");
  });
  test("the shell nologin", async () => {
    await login("nologin", "/usr/sbin/nologin");
    await runsNothing("nologin", "This account is currently not available");
  });
  test("the shell /bin/true", async () => {
    await login("nothing", "/bin/true");
    await runsNothing("nothing", "It said nothing");
  });
  test("a menu instead of a shell", async () => {
    await host.must(
      `printf '#!/bin/sh\\necho "1) mail 2) quit"; read choice; exit 0\\n' >/usr/local/bin/menu; chmod 755 /usr/local/bin/menu`,
    );
    await login("menu", "/usr/local/bin/menu");
    await runsNothing("menu", "1) mail 2) quit");
  });
  test("a restricted shell", async () => {
    await login("rbash", "/bin/rbash");
    await runsNothing("rbash", "restricted");
  });
  test("files only (internal-sftp)", async () => {
    await login("sftp", "/bin/bash");
    await host.must(
      "printf 'Match User sftp\\n  ForceCommand internal-sftp\\n' >/etc/ssh/sshd_config.d/z.conf; kill -HUP $(cat /run/sshd.pid)",
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await runsNothing("sftp", "");
  });
  test("a .bashrc that ends the shell, or becomes something else", async () => {
    await login("exits", "/bin/bash", { ".bashrc": "echo bye; exit 0\n" });
    await runsNothing("exits", "It said: bye");
    await login("execs", "/bin/bash", { ".bashrc": "exec echo I am not a shell\n" });
    await runsNothing("execs", "It said: I am not a shell");
  });
});

describe("B1: a login whose words or whose end would not be heard is refused before anything is made", () => {
  test("standard error goes elsewhere", async () => {
    await login("deaf", "/bin/bash", { ".bashrc": "exec 2>/dev/null\n" });
    expect(await wrong("deaf")).toEqual([
      expect.stringMatching(/^host\.user: deaf@\S+ runs what is sent, and its standard error goes elsewhere/),
    ]);
  });
  test("a process of the start files keeps the connection", async () => {
    await login("held", "/bin/bash", { ".bashrc": "(while sleep 1; do echo noise; done) &\n" });
    expect(await wrong("held")).toEqual([
      expect.stringMatching(
        /^host\.user: held@\S+ runs what is sent, and then something keeps the connection open/,
      ),
    ]);
  });
  test("a shell that answers with a page of marks", async () => {
    await host.must(
      `printf '#!/bin/sh\\necho "line 1"; head -c 900 /dev/zero | tr "\\\\0" "^"; echo; echo SyntaxError' >/usr/local/bin/marks; chmod 755 /usr/local/bin/marks`,
    );
    await login("marks", "/usr/local/bin/marks");
    await runsNothing("marks", /It said: line 1 \/ SyntaxError$/);
  });
});

describe("S8: a login that the server does not let in is told with the server's reason", () => {
  test("a key that is not enough, an account that has expired, a password to be changed, no shell", async () => {
    for (const user of ["factors", "expired", "renew", "shellless"]) await login(user, "/bin/bash");
    await host.must(`printf 'Match User factors\\n  AuthenticationMethods publickey,keyboard-interactive\\n' >/etc/ssh/sshd_config.d/y.conf
      printf 'KbdInteractiveAuthentication yes\\n' >/etc/ssh/sshd_config.d/0.conf
      chage -E 0 expired; chage -d 0 renew; usermod -s /nowhere/sh shellless 2>/dev/null
      kill -HUP $(cat /run/sshd.pid); sleep 1`);
    expect(await wrong("factors")).toEqual([
      expect.stringMatching(
        /^host\.user: 127\.0\.0\.1:\d+ takes this private key of factors and then asks for more \(keyboard-interactive\)/,
      ),
    ]);
    expect(await wrong("expired")).toEqual([
      expect.stringMatching(
        /^host\.user: .* closed the connection while expired was being logged in \(Your account has expired.*\)\n.*chage -E -1 expired/,
      ),
    ]);
    expect(await wrong("renew")).toEqual([
      expect.stringMatching(/^host\.user: renew@.* It said: .*Password change required/),
    ]);
    expect(await wrong("shellless")).toEqual([
      expect.stringMatching(
        /^host\.user: .* refuses the login shellless with this private key\n.*a shell that exists/,
      ),
    ]);
  });
});

describe("B3: what was taken from standard input on the way is known", () => {
  test.each([
    ["a line", "/bin/bash", ".bashrc", 'read -t 2 -p "Attach to tmux? [y/N] " answer\n'],
    ["a byte", "/bin/bash", ".bashrc", "read -n 1 key\n"],
    ["everything", "/bin/bash", ".bashrc", "cat >/dev/null\n"],
    ["a buffer", "/bin/bash", ".bashrc", "dd bs=4096 count=1 >/dev/null 2>&1\n"],
    ["a line by fish", "/usr/bin/fish", ".config/fish/config.fish", "read answer\n"],
    ["a line by tcsh", "/bin/tcsh", ".cshrc", "set answer = $<\n"],
    ["a line by zsh", "/bin/zsh", ".zshenv", "read answer\n"],
  ])("%s", async (what, shell, file, text) => {
    const user = `eats-${what.replaceAll(" ", "")}`.toLowerCase();
    await login(user, shell, { [file]: text });
    await runsNothing(user, /\.bashrc, \.profile, \.cshrc, config\.fish of this login/);
  });

  test("a content that was cut within the program is not written, and the old file stays", async () => {
    await login("whole", "/bin/bash");
    expect((await write("whole")).written).toBe(TEXT);
    const program = programOf({ create: asRoot(fileWriter("/root/of-whole", "0600")) }, "whole");
    const said = await run("whole", program, fileInput(TEXT).slice(0, -1));
    expect(proves(said.stdout, program.proof)).toBe(false);
    expect(said.stderr).toContain("/root/of-whole: what arrived is not what was sent");
    expect(readFileSync(join(host.tree, "root/of-whole"), "utf8")).toBe(TEXT);
  });
});

describe("B17: sudo's own words come first, and decide the advice", () => {
  const script = programOf({ create: asRoot("id -un") }, "sudo");

  test("requiretty", async () => {
    await login("notty", "/bin/bash");
    await host.must("echo 'Defaults:notty requiretty' >>/etc/sudoers.d/notty");
    const { code, stderr } = await run("notty", script);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^sudo: sorry, you must have a tty to run sudo\n.*Defaults:notty !requiretty/);
    expect(stderr).not.toContain("NOPASSWD");
  });
  test("a password", async () => {
    await login("pass", "/bin/bash");
    await host.must("echo 'pass ALL=(ALL) ALL' >/etc/sudoers.d/pass");
    const { code, stderr } = await run("pass", script);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^sudo: a password is required\n.*pass ALL=\(ALL\) NOPASSWD: ALL/);
  });
  test("some commands only", async () => {
    await login("some", "/bin/bash");
    await host.must("echo 'some ALL=(ALL) NOPASSWD: /usr/bin/id' >/etc/sudoers.d/some");
    expect((await run("some", script)).stderr).toMatch(/^sudo: .*\n.*(password|any command)/);
  });
  test("no right at all", async () => {
    await login("none", "/bin/bash");
    await host.must("rm /etc/sudoers.d/none");
    expect((await run("none", script)).code).not.toBe(0);
  });
  test("programs that may start none (noexec), a shell that it cannot find (secure_path), rules for another account", async () => {
    for (const user of ["noexec", "lost", "runas"]) await login(user, "/bin/bash");
    await host.must(`echo 'Defaults:noexec noexec' >>/etc/sudoers.d/noexec
      echo 'Defaults:lost secure_path=/nowhere' >>/etc/sudoers.d/lost
      echo 'Defaults:runas runas_default=nobody' >>/etc/sudoers.d/runas`);
    expect(await wrong("noexec")).toEqual([
      expect.stringMatching(
        /^host\.user: sudo does not let noexec .*ermission denied\n.*Defaults:noexec !noexec$/,
      ),
    ]);
    expect((await run("noexec", script)).stderr).toContain("Defaults:noexec !noexec");
    for (const user of ["lost", "runas"]) {
      expect(await wrong(user)).toEqual([]);
      expect((await write(user)).written, user).toBe(TEXT);
    }
  });
  test("a narrow secure_path, no kept variable, a lecture and a log of what is printed change nothing", async () => {
    await login("odd", "/bin/bash", {
      ".bashrc": "export LC_ALL=fr_FR.UTF-8 BASH_ENV=/nowhere ENV=/nowhere CDPATH=/ IFS=x\n",
    });
    await host.must(
      `printf '%s\\n' 'Defaults:odd secure_path="/usr/bin:/bin", !env_reset, lecture=always, log_output, use_pty' >>/etc/sudoers.d/odd`,
    );
    const { said, proven, written } = await write("odd");
    expect(proven, said.stderr).toBe(true);
    expect(written).toBe(TEXT);
    const tools = await run(
      "odd",
      programOf({ create: asRoot("command -v useradd; command -v runuser") }, "odd"),
    );
    expect(tools.stderr).toMatch(/useradd\n.*runuser\n/);
  });
});

test("B5: /etc/environment is read as PAM does, and a line that is none is left out", async () => {
  await host.must(`cat >>/etc/environment`, {
    input: `export no_proxy="localhost,127.0.0.1"
# http_proxy=http://commented:1
  export https_proxy='http://proxy:3128'# the house's
rsync_proxy="http://proxy"   # with blanks, which PAM takes as they are
PIP_INDEX=https://a/b
9_proxy=no
a b_proxy=no
x-y_proxy=no
=_proxy
PIP_QUIET
ftp_proxy=http://end/\r
LD_PRELOAD=/evil
`,
  });
  const program = programOf(
    { create: asAccount("keeper", "/home/keeper", "env | LC_ALL=C sort") },
    "environment",
  );
  const said = await run("admin1", program);
  expect(proves(said.stdout, program.proof), said.stderr).toBe(true);
  const lines = said.stderr.split("\n");
  for (const line of [
    "no_proxy=localhost,127.0.0.1",
    "https_proxy=http://proxy:3128",
    "rsync_proxy=http://proxy",
    "PIP_INDEX=https://a/b",
    "ftp_proxy=http://end/",
  ])
    expect(lines).toContain(line);
  expect(lines.filter((line) => /^(http_proxy|9_proxy|.*=no|PIP_QUIET|LD_)/.test(line))).toEqual([]);
  // And as PAM itself: what a login of the host has.
  const pam = (await host.ssh("env")).stdout.split("\n");
  for (const name of ["no_proxy", "https_proxy", "PIP_INDEX"])
    expect(lines.filter((line) => line.startsWith(`${name}=`))).toEqual(
      pam.filter((line) => line.startsWith(`${name}=`)),
    );
});
