import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnce, type Said } from "../../components/host/run";
import { clientAdapter } from "../../components/render/bundle";
import { programOf, proves, type Verb } from "../../components/render/command";
import { CONSTRAINTS } from "../../components/render/constraints";
import { cronTrial } from "../../components/render/cronTrial";
import { fileInput, fileWriter } from "../../components/render/fileScripts";
import { installPackages } from "../../components/render/hostPackages";
import { launcher, launcherPath, launcherRemoval, launcherWriter } from "../../components/render/launcher";
import { asAccount, asRoot } from "../../components/render/shell";
import { makeAccount, removeAccount } from "../../components/render/systemUser";
import { venvBuilder } from "../../components/render/venv";
import { namesOf } from "../../config/names";
import { type Host, startHost } from "../support/host";
import { said } from "../support/printed";

// The scripts of the host, one at a time on a real one. One story: each test stands on what the one before has left.
const NAMES = namesOf("default");
const { account, home, marker } = NAMES;

let host: Host;
beforeAll(async () => {
  host = await startHost({ adminUser: "ops" });
});
afterAll(async () => {
  await host?.stop();
});

interface Ran extends Said {
  proven: boolean;
}

async function run(
  scripts: Partial<Record<Verb, string>>,
  verb: Verb = "create",
  { seconds = 400, stdin = "" } = {},
): Promise<Ran> {
  const program = programOf(scripts, "test");
  const { host: address, port, user, hostKey, privateKey } = host;
  const said = await runOnce(
    { type: "ssh", address, port, user, hostKey, privateKey, allowUnknownHostKey: false },
    program.command(verb),
    program.text + stdin,
    seconds,
  );
  return { ...said, proven: proves(said.stdout, program.proof) };
}

const make = (adopt = false) =>
  run({ create: asRoot(makeAccount(NAMES, "prod", adopt)) }, "create", { stdin: "our-id no-hash\n" });
const remove = () => run({ delete: asRoot(removeAccount(NAMES)) }, "delete");
const packages = () => run({ create: asRoot(installPackages()) });
const there = (path: string) => existsSync(join(host.tree, path));

test("B7: apt takes nothing away to make room, and says what it said", async () => {
  await host.must(
    `mkdir -p /tmp/d/DEBIAN && cat >/tmp/d/DEBIAN/control && dpkg-deb -b /tmp/d /tmp/d.deb >/dev/null && dpkg -i /tmp/d.deb >/dev/null`,
    {
      input:
        "Package: house-client\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\nConflicts: postgresql-client, postgresql-client-common\n",
    },
  );
  const { proven, stderr } = await packages();
  expect(proven).toBe(false);
  expect(stderr).toMatch(/house-client|no-remove|remove is disabled/);
  expect(stderr).toContain("apt could not install");
  expect(await host.must("dpkg -s house-client")).toContain("install ok installed");
  await host.must("dpkg -r house-client >/dev/null");
});

test("B7, B8: another cron daemon stays, and a node of root's alone is complemented by Debian's", async () => {
  await host.must(`mkdir -p /root/.nvm && printf '#!/bin/sh\\necho 22.0.0\\n' >/root/.nvm/node && chmod 755 /root/.nvm/node
    chmod 700 /root; ln -s /root/.nvm/node /usr/local/bin/node
    apt-get install -y -qq --no-install-recommends systemd-cron >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }`);
  expect(await host.must("dpkg -l cron || true")).not.toMatch(/^ii/m);
  const { proven, stderr } = await packages();
  expect(proven, stderr).toBe(true);
  expect(stderr).toMatch(/installing with apt:.* nodejs/);
  expect(stderr).not.toMatch(/apt:.* cron/);
  expect(await host.must("dpkg -l systemd-cron")).toMatch(/^ii/m);
  expect(
    (await run({ create: asRoot("setpriv --reuid 65534 --regid 65534 --clear-groups env node --version") }))
      .stderr,
  ).toMatch(/^v18/);
  const again = await packages();
  expect(again.stderr).toBe("");
  await host.must("apt-get install -y -qq cron >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }");
});

test("S3: a second installation of packages waits for the first", async () => {
  const first = host.exec("exec 9</var/lib/dpkg; flock 9; sleep 4");
  await new Promise((resolve) => setTimeout(resolve, 500));
  const since = Date.now();
  const { proven, stderr } = await packages();
  expect(proven).toBe(true);
  expect(stderr).toContain("waiting for another installation of packages");
  expect(Date.now() - since).toBeGreaterThan(2000);
  await first;
});

test("B4: a folder left behind is refused, and nothing is made", async () => {
  await host.must(
    `mkdir -p ${home}/scripts ${home}/bin; echo mine >${home}/bin/mine; echo old >${home}/scripts/transfer_vn_full_2w; echo 'site: keys' >${home}/evn.yaml; chown -R 1005:1005 ${home}`,
  );
  const { proven, stderr } = await make();
  expect(proven).toBe(false);
  expect(stderr).toContain("adoptExisting true");
  expect(there(marker)).toBe(false);
  expect(await host.must(`getent passwd ${account} || echo none; stat -c %u ${home}`)).toBe("none\n1005\n");
});

test("B4: taken over, it comes back from destroy as it was; what was made goes", async () => {
  expect((await make(true)).proven).toBe(true);
  const write = asAccount(
    account,
    home,
    "mkdir -p lib/vn-check bin state; rm -f evn.yaml; echo ours >evn.yaml; echo x >bin/vn-check; touch lib/vn-check/y state/z",
  );
  expect((await run({ create: write })).proven).toBe(true);
  expect((await make(true)).proven).toBe(true);
  await host.must(`rm -f ${home}/evn.yaml ${home}/bin/vn-check`); // their own scripts' part
  const { proven, stderr } = await remove();
  expect(proven, stderr).toBe(true);
  expect(await host.must(`cd ${home} && find . | sort && cat evn.yaml`)).toBe(
    ".\n./bin\n./bin/mine\n./evn.yaml\n./scripts\n./scripts/transfer_vn_full_2w\nsite: keys\n",
  );
  expect(
    await host.must(
      `getent passwd ${account} || echo none; ls -A /var/lib/vn-sync-check 2>/dev/null || echo none`,
    ),
  ).toBe("none\nnone\n");
  await host.must(`rm -rf ${home}`);
});

test("B4: what somebody has laid where root writes is neither followed nor given away, and nothing is made", async () => {
  await host.must(`install -d -o ops ${home} /etc/victim; echo keys >${home}/evn.yaml; echo theirs >/etc/victim/file; chown root /etc/victim
    ln -s /etc/victim ${home}/bin; ln -s /etc/victim/file ${home}/evn.yaml.before-vn-sync-check; chown -hR ops ${home}`);
  const { proven, stderr } = await make(true);
  expect(proven).toBe(false);
  expect(stderr).toMatch(/bin\n.*evn\.yaml\.before-vn-sync-check\nnothing was made/);
  expect(there(marker)).toBe(false);
  expect(await host.must("stat -c %U /etc/victim /etc/victim/file; cat /etc/victim/file")).toBe(
    "root\nroot\ntheirs\n",
  );
  await host.must(`rm -rf ${home} /etc/victim; install -d -o ops /var/lib/vn-sync-check
    ln -s /etc/planted ${marker}.new`);
  expect((await make()).stderr).toContain("others /var/lib/vn-sync-check");
  expect(
    await host.must(`ls /etc/planted 2>/dev/null || echo none; getent passwd ${account} || echo none`),
  ).toBe("none\nnone\n");
  await host.must("rm -r /var/lib/vn-sync-check");
});

test("B4: an account, a group and a cron file that were there stay", async () => {
  await host.must(
    `groupadd ${account}; useradd -M -g ${account} ${account}; echo '# of the admin' >/etc/cron.d/${NAMES.cronFile}`,
  );
  expect((await make(true)).proven).toBe(true);
  await host.must(`echo '# ours' >/etc/cron.d/${NAMES.cronFile}`);
  await host.must(`rm /etc/cron.d/${NAMES.cronFile}`);
  expect((await remove()).proven).toBe(true);
  expect(
    await host.must(
      `id -un ${account}; getent group ${account} | cut -d: -f1; cat /etc/cron.d/${NAMES.cronFile}; ls ${home} 2>/dev/null || echo gone`,
    ),
  ).toBe(`${account}\n${account}\n# of the admin\ngone\n`);
  await host.must(`userdel ${account}; rm /etc/cron.d/${NAMES.cronFile}`);
});

test("B6: a home that is a mount is emptied and stays; the account goes", async () => {
  await host.must(`mkdir ${home} && mount -t tmpfs tmpfs ${home} && mkdir ${home}/lost+found`);
  expect((await make()).proven).toBe(true);
  await host.must(`mkdir -p ${home}/a/b && touch ${home}/a/b/c ${home}/.x`);
  const { proven, stderr } = await remove();
  expect(proven, stderr).toBe(true);
  expect(stderr).toContain("is a mount");
  expect(
    await host.must(`mountpoint ${home} >/dev/null && ls -A ${home}; getent passwd ${account} || echo none`),
  ).toBe("lost+found\nnone\n");
  expect(there(marker)).toBe(false);
  await host.must(`umount ${home}; rmdir ${home}`);
});

test("B19: what keeps cron from the account is told: pam_access, an expired account", async () => {
  expect((await make()).proven).toBe(true);
  const trial = () => run({ create: asRoot(cronTrial(NAMES).replace(/-lt 130/, "-lt 62")) });
  await host.must(
    `sed -i '1i account required pam_access.so' /etc/pam.d/cron; echo '-:ALL EXCEPT root ops:ALL' >>/etc/security/access.conf; chage -E 0 -M 1 -d 2020-01-01 ${account}`,
  );
  const { proven, stderr } = await trial();
  expect(proven).toBe(false);
  expect(stderr).toContain("no job would ever run");
  expect(stderr).toContain(`+:${account}:ALL`);
  expect(stderr).toContain(`chage -E -1 ${account}`);
  expect(stderr).toMatch(new RegExp(`chage -M -1 -d \\d{4}-\\d\\d-\\d\\d ${account}`));
  expect(await host.must(`ls -A /etc/cron.d ${home}`)).not.toMatch(/trial/);
  await host.must(
    `sed -i 1d /etc/pam.d/cron; sed -i '$d' /etc/security/access.conf; chage -E -1 -M -1 -d 2026-01-01 ${account}`,
  );
});

test("B19: limits of PAM for the account, and a home that it cannot write into, are told by the trial", async () => {
  const trial = () => run({ create: asRoot(cronTrial(NAMES)) });
  await host.must(
    `printf '${account} - cpu 5\\n${account} - nofile 100\\n' >/etc/security/limits.d/house.conf`,
  );
  const narrow = await trial();
  expect(narrow.proven).toBe(false);
  expect(narrow.stderr).toMatch(/limit t=300\nlimit n=100\n.*\/etc\/security\/limits\.d/);
  await host.must(`rm /etc/security/limits.d/house.conf; chown root ${home}`);
  expect((await trial()).stderr).toContain(`${account} cannot write into ${home}`);
  await host.must(`chown ${account} ${home}`);
});

test("what /etc/environment and pip.conf have for other programs changes neither the jobs nor the client", async () => {
  await host.must(`cp /etc/environment /root/environment; cp /etc/pip.conf /root/pip.conf
    printf '%s\\n' NODE_OPTIONS=--nowhere PYTHONHOME=/nowhere PYTHONPATH=/nowhere LC_ALL=tr_TR.UTF-8 PIP_USER=1 PIP_TARGET=/tmp/z PIP_LOG=/root/l PIP_DRY_RUN=1 PIP_REQUIRE_HASHES=1 >>/etc/environment
    printf '[global]\\nuser = true\\nlog = /root/pip.log\\nno-deps = true\\n[install]\\ntarget = /tmp/x\\nprefix = /tmp/y\\nno-binary = :all:\\n' >/tmp/more; { grep -v '^\\[global' /etc/pip.conf | sed '1i [global]'; sed 1d /tmp/more; } >/tmp/conf; mv /tmp/conf /etc/pip.conf; chmod 644 /etc/pip.conf`);
  const trial = run({ create: asRoot(cronTrial(NAMES)) });
  const write = (path: string, text: string) =>
    run({ create: asAccount(account, home, fileWriter(`lib/vn-check/${path}`, "0644")) }, "create", {
      stdin: fileInput(text),
    });
  await write("build-venv", venvBuilder("2.12.0"));
  await write("constraints.txt", CONSTRAINTS);
  for (const [name, source] of Object.entries(clientAdapter())) await write(name, source);
  const built = await run({ create: asAccount(account, home, "sh lib/vn-check/build-venv") });
  expect(built.proven, built.stderr).toBe(true);
  expect(built.stderr).toContain("Client-API-VN 2.12.0, Python 3.11");
  expect(await host.must("ls -d /tmp/[xyz] 2>/dev/null || echo none")).toBe("none\n");
  const ran = await trial;
  expect(ran.proven, ran.stderr).toBe(true);
  await host.must(
    `mv /root/environment /etc/environment; mv /root/pip.conf /etc/pip.conf; rm -rf ${home}/.venv* ${home}/lib`,
  );
});

test("S3, B16: two builders of the venv: the second waits, and a full disk is told in the tool's own words", async () => {
  const builder = venvBuilder("2.12.0");
  const put = asAccount(
    account,
    home,
    "mkdir -p lib/vn-check && cat >lib/vn-check/build-venv <<'END'\n" +
      builder +
      "END\necho >lib/vn-check/constraints.txt; echo 'import sys' >lib/vn-check/client_job.py",
  );
  expect((await make()).proven).toBe(true);
  expect((await run({ create: put })).proven).toBe(true);
  // A python3 and a pip of the test's own, which take their time and count who is at work.
  await host.must("cat >/usr/local/bin/python3; chmod 755 /usr/local/bin/python3", {
    input: `#!/bin/sh
case "$*" in
  *version_info*) echo 3.11 ;;
  "-m venv "*) if [ -e /tmp/full ]; then echo "OSError: [Errno 28] No space left on device" >&2; exit 1; fi
    mkdir -p "$3/bin"; cp /usr/local/bin/python3 "$3/bin/python"; printf '#!/bin/sh\\necho 2.12.0\\n' >"$3/bin/transfer_vn"; chmod 755 "$3/bin/"* ;;
  *"pip install"*) if [ -e /tmp/nopip ]; then echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1; fi
    echo begin >>/tmp/work; sleep 4; echo end >>/tmp/work ;;
esac
`,
  });
  await host.must(`touch /tmp/work; chmod 666 /tmp/work`);
  const build = () => run({ create: asAccount(account, home, "sh lib/vn-check/build-venv") });
  const [a, b] = await Promise.all([build(), build()]);
  expect([a.proven, b.proven], a.stderr + b.stderr).toEqual([true, true]);
  expect(await host.must("cat /tmp/work")).toBe("begin\nend\n");
  expect(a.stderr + b.stderr).toContain("waiting for another installation of Client-API-VN");

  // The first one's connection is cut while it works.
  await host.must(`rm -rf ${home}/.venv*; : >/tmp/work`);
  const cut = run({ create: asAccount(account, home, "sh lib/vn-check/build-venv") }, "create", {
    seconds: 2,
  });
  await cut;
  expect((await build()).proven).toBe(true);
  expect(await host.must(`test -x ${home}/.venv.clientapivn/bin/python && echo there`)).toBe("there\n");

  await host.must(`rm -rf ${home}/.venv*; touch /tmp/nopip`);
  const full = await build();
  expect(full.proven).toBe(false);
  expect(full.stderr).toMatch(/No space left on device\nno room for Client-API-VN 2\.12\.0/);
  await host.must("rm /tmp/nopip; touch /tmp/full");
  expect((await build()).stderr).toContain("No space left on device");
  await host.must("rm /tmp/full /usr/local/bin/python3");
});

// W2
test("each of Debian's programs that texts have people type is there, but for what comes with systemd", async () => {
  const tools = [...new Set(said().tools.map(({ command }) => command))];
  expect(tools.length).toBeGreaterThan(12);
  const absent = await host.must(
    `for tool in ${tools.join(" ")}; do command -v $tool >/dev/null || echo $tool; done`,
  );
  // createdb is typed where the database is.
  const elsewhere = ["systemctl", "timedatectl", "journalctl", "createdb"];
  expect(absent.split("\n").filter((tool) => tool !== "" && !elsewhere.includes(tool))).toEqual([]);
});

// W2
test("the command that texts print runs as the account, whoever calls it; another program of its name is put back", async () => {
  const path = launcherPath(NAMES);
  const write = (adopt: boolean) =>
    run({ create: asRoot(launcherWriter(NAMES, adopt)) }, "create", { stdin: fileInput(launcher(NAMES)) });
  const before = "#!/bin/sh\necho theirs\n";
  await host.must(`printf '%s' '${before}' >${path}; chmod 700 ${path}; mkdir -p ${home}/bin
    printf '#!/bin/sh\\necho $(id -un) $USER "$@"; exit 2\\n' >${home}/bin/vn-check
    chmod 755 ${home}/bin/vn-check; chown -R ${account}: ${home}/bin; userdel -r passerby 2>/dev/null; useradd passerby`);
  const refused = await write(false);
  expect([refused.proven, refused.stderr]).toEqual([
    false,
    expect.stringContaining("is another program of that name"),
  ]);
  expect(await host.must(`cat ${path}`)).toBe(before);
  for (const _again of [1, 2]) {
    const { proven, stderr } = await write(true);
    expect(proven, stderr).toBe(true);
  }
  expect(await host.must(`stat -c '%U %a' ${path}`)).toBe("root 755\n");
  for (const who of ["root", account, "ops"])
    for (const folder of ["/", "/root"])
      expect(
        await host.must(`cd ${folder}; runuser -u ${who} -- ${path} repair 'a  b'; echo $?`),
        `${who} in ${folder}`,
      ).toBe(`${account} ${account} repair a  b\n2\n`);
  const { code } = await host.exec(`runuser -u passerby -- ${path} status </dev/null`);
  expect(code).toBe(1);
  expect((await write(false)).proven).toBe(true);
  const removal = () => run({ delete: asRoot(launcherRemoval(NAMES)) }, "delete");
  for (const _again of [1, 2]) expect((await removal()).proven).toBe(true);
  expect(await host.must(`${path}; stat -c %a ${path}; rm ${path}`)).toBe("theirs\n700\n");
  expect((await write(false)).proven).toBe(true);
  // Somebody has put another one there since: destroy leaves it.
  await host.must(`printf '%s' '${before}' >${path}`);
  expect((await removal()).proven).toBe(true);
  expect(await host.must(`cat ${path}; rm ${path}; userdel passerby; rm -f ${home}/bin/vn-check`)).toBe(
    before,
  );
});

test("destroy leaves nothing of the account", async () => {
  expect((await remove()).proven).toBe(true);
  expect(
    await host.must(
      `getent passwd ${account} || echo none; ls -d ${home} ${marker} /var/lib/vn-sync-check 2>/dev/null || echo none`,
    ),
  ).toBe("none\nnone\n");
  expect(readFileSync(join(host.tree, "etc/group"), "utf8")).not.toContain(account);
});
