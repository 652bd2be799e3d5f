import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Association } from "../harness/association";
import { leftovers } from "../harness/leftovers";
import { nothingChanged } from "../harness/stack";
import { makeClientTables } from "../support/installation";

const STARTED = "The first import has been started";
const FORCED = 's#^#command="echo Please login as another user.;echo;sleep 1" #';

// One story on the host and the stack that people have: each test stands on what the one before it has left.
describe.sequential("a host that is awkward in every way", () => {
  let association: Association;
  const roles = () => association.query("SELECT FROM pg_roles WHERE rolname LIKE 'vn\\_check%'");
  const keys = (edit: string) => association.host.must(`cd ~ops/.ssh && ${edit}`);

  beforeAll(async () => {
    association = await Association.start({
      name: `awkward${process.pid}`,
      observations: 30,
      sites: ["isere"],
    });
    const client = await association.cluster.connect(association.database);
    await client.query("SET ROLE vn_main");
    await makeClientTables(client, "src_vn_json");
    await client.end();
    await association.configure();
  });
  afterAll(async () => {
    await association?.stop();
  });

  /** What `up` or `destroy` says, that has to fail. */
  async function refused(work: () => Promise<unknown>): Promise<string> {
    return await work().then(
      () => expect.unreachable("it worked"),
      (error: Error) => error.message,
    );
  }

  test("B1: a login that runs nothing is refused before anything is made, with what it said", async () => {
    await keys(`cp authorized_keys kept && sed -i '${FORCED}' authorized_keys`);
    const said = await refused(() => association.stack.up());
    expect(said).toContain("Nothing was made or changed: one thing has to be mended first.");
    expect(said).toMatch(
      /host\.user: ops@127\.0\.0\.1:\d+ answered, but .* It said: Please login as another user\./,
    );
    expect(said).not.toContain(STARTED);
    expect(await roles()).toEqual([]);
    expect(association.stack.stateText()).not.toMatch(/command:remote:Command|postgresql:index\/role/);
    await keys("cp kept authorized_keys");
  });

  test("S8: everything that is wrong with the host comes at once, and a preview looks at nothing", async () => {
    await association.host.must(
      "mkdir -p /home/vn_check/scripts; printf '#!/bin/sh\\necho 16.0.0\\n' >/usr/local/bin/node; chmod 755 /usr/local/bin/node",
    );
    const preview = await association.stack.preview();
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
    const said = await refused(() => association.stack.up());
    expect(said).toContain("2 things have to be mended first");
    expect(said).toMatch(/node: is 16\.0\.0, too old/);
    expect(said).toMatch(/adoptExisting: is false, .*\/home\/vn_check \(scripts\)/);
    expect(await roles()).toEqual([]);
    await association.host.must("rm -r /home/vn_check /usr/local/bin/node");
  });

  test("B2, B5, B6, B8: fish as login shell, lines of bash in /etc/environment, a mount as home, root's own node: it works", async () => {
    await association.host.must(`apt-get install -y -qq --no-install-recommends fish >/dev/null 2>&1; usermod -s /usr/bin/fish ops
      mkdir -p ~ops/.config/fish; echo 'echo hello; echo chat >&2' >~ops/.config/fish/config.fish; chown -R ops ~ops/.config
      printf 'export no_proxy="localhost,127.0.0.1"\\nx-y=z\\n' >>/etc/environment
      mkdir /home/vn_check; mount -t tmpfs -o size=1g tmpfs /home/vn_check
      mkdir -p /root/.nvm; printf '#!/bin/sh\\necho 22.0.0\\n' >/root/.nvm/node; chmod 755 /root/.nvm/node; chmod 700 /root
      ln -s /root/.nvm/node /usr/local/bin/node`);
    const steps: string[] = [];
    const changes = await association.stack.up(({ name }) => steps.push(name));
    expect(steps).toContain("cron-trial");
    expect(steps.indexOf("schedule-cron")).toBeGreaterThan(steps.indexOf("cron-trial"));
    expect(changes.create).toBeGreaterThan(20);
    expect(changes.delete + changes.update + changes.replace).toBe(0);
    const jobs = await association.host.must("cat /etc/cron.d/vn_check");
    expect(jobs).toContain("vn_check /home/vn_check/bin/vn-check daily");
    await association.firstImportDone(300);
    expect(
      (await association.host.must("stat -c '%U %a' /home/vn_check /home/vn_check/evn.yaml")).trim(),
    ).toBe("vn_check 700\nvn_check 600");
  });

  test("B19: cron has run its trial, nothing of it is left, and a second up changes nothing and tries nothing again", async () => {
    expect(nothingChanged(await association.stack.up())).toBe(true);
    expect(await association.host.must("ls -A /etc/cron.d /home/vn_check")).not.toContain("trial");
  });

  test("B1: a script that the state counts as run without a proof is run again, though nothing has changed", async () => {
    const { dir, name } = association.stack;
    const path = join(dir, "state/.pulumi/stacks/vn-sync-check", `${name}.json`);
    const state = JSON.parse(association.stack.stateText());
    const [file] = (
      state.checkpoint.latest.resources as { urn: string; outputs: Record<string, unknown> }[]
    ).filter(({ urn }) => urn.endsWith("command:remote:Command::schedule-cron"));
    expect(String(file?.outputs["stdout"])).not.toBe("");
    if (file) file.outputs["stdout"] = "Please login as another user.";
    writeFileSync(path, JSON.stringify(state));
    await association.host.must("rm /etc/cron.d/vn_check");
    expect(nothingChanged(await association.stack.up())).toBe(true);
    expect(await association.host.must("cat /etc/cron.d/vn_check")).toContain("vn-check daily");
  });

  test("B1: destroy over a login that runs nothing any more fails before it has removed anything", async () => {
    await keys(`cp authorized_keys kept && sed -i '${FORCED}' authorized_keys`);
    const said = await refused(() => association.stack.destroy());
    expect(said).toMatch(/It said: .*Please login as another user\./);
    expect(said).not.toContain("deleted\n");
    await keys("cp kept authorized_keys");
    expect(await association.host.must("cat /etc/cron.d/vn_check")).toContain("vn-check daily");
    expect((await roles()).length).toBeGreaterThan(1);
    expect(association.stack.stateText()).toContain("schedule-cron");
  });

  test("B6: destroy empties the mount and leaves it, and nothing else", async () => {
    await association.stack.destroy();
    const left = await leftovers(association);
    expect(left.ours).toEqual(["folder: /home/vn_check"]);
    expect(await association.host.must("mountpoint -q /home/vn_check && ls -A /home/vn_check")).toBe("");
  });
});
