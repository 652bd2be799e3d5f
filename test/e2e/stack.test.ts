import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ofStack, processes } from "../../scripts/recover/processes";
import { Association, asKitAccount, MAIN_SCHEMA } from "../harness/association";
import { nothingChanged, Stack } from "../harness/stack";
import { type Authority, makeAuthority } from "../support/authority";
import { type Finished, run } from "../support/command";
import { makeClientTables } from "../support/installation";

const PROJECT = resolve(__dirname, "../..");
/** Chooses the moments of the kills; the same seed gives the same ones. */
const SEED = Number(process.env["VN_SEED"] ?? 11);

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
/** Processes of this machine that name a stack. */
const naming = (stack: Stack) => processes().filter(({ args }) => args.includes(stack.name));
const whose = (stack: Stack) => ({ name: stack.name, project: "vn-sync-check", folder: PROJECT });

// One story on one host and one database, which is as hardened as one finds them: TLS by an authority of its own,
// nothing for PUBLIC.
describe.sequential("a stack that is disturbed", () => {
  let authority: Authority;
  let association: Association;
  let stack: Stack;

  beforeAll(async () => {
    authority = makeAuthority();
    const { settings } = authority;
    const name = `stack${process.pid}`;
    association = await Association.start({ name, observations: 40, sites: ["isere"], settings });
    stack = association.stack;
    const admin = await association.cluster.connect(association.database);
    await makeClientTables(admin, MAIN_SCHEMA);
    await admin.query(`
      ALTER SCHEMA ${MAIN_SCHEMA} OWNER TO vn_main;
      DO $$ DECLARE t regclass; BEGIN
        FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = '${MAIN_SCHEMA}'::regnamespace AND relkind = 'r' LOOP
          EXECUTE format('ALTER TABLE %s OWNER TO vn_main', t);
        END LOOP;
      END $$;
      REVOKE ALL ON DATABASE ${association.database} FROM PUBLIC`);
    await admin.end();
    await association.configure({
      "database.address": "localhost",
      "database.sslmode": "verify-full",
      "database.caFile": authority.ca,
    });
  });
  afterAll(async () => {
    await association?.stop();
    authority?.remove();
  });

  const pulumi = (...args: string[]): Promise<Finished> => {
    const { args: all, env } = stack.command(...args);
    return run("pulumi", all, { env });
  };
  const recover = (): Promise<Finished> => {
    const { env } = stack.command();
    const at = ["--stack", stack.name, "--config-file", stack.configFile];
    return run("npm", ["run", "-s", "recover", "--", ...at], { env: { ...env, LANG: "C" }, cwd: PROJECT });
  };
  const made = () =>
    (JSON.parse(stack.stateText()).checkpoint.latest?.resources ?? []).filter(
      ({ custom, type }: { custom: boolean; type: string }) => custom && !type.startsWith("pulumi:"),
    ) as { urn: string }[];

  test("S6: while the database is out of reach nothing is made, on the host neither; all faults come at once", async () => {
    await stack.set("vn-sync-check:database.port", "1");
    await stack.set("vn-sync-check:host.port", "1");
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.code).not.toBe(0);
    const said = up.stdout + up.stderr;
    expect(said).toContain("Nothing was made or changed");
    expect(said).toMatch(/database\.address: no PostgreSQL answers at localhost:1/);
    expect(made()).toEqual([]);
    await stack.set("vn-sync-check:database.port", String(association.cluster.port));
    await stack.set("vn-sync-check:host.port", String(association.host.port));
    expect((await pulumi("preview")).code).toBe(0);
  });

  test(`S4: killed at seven moments (seed ${SEED}), each time one command, then up ends and nothing is doubled`, async () => {
    const next = random(SEED);
    const moments = [3, 5, 7, 9, 12, 16, 22];
    for (const [i, seconds] of moments.entries()) {
      const { args, env } = stack.command("up", "--yes", "--skip-preview");
      const engine = spawn("pulumi", args, { env, stdio: "ignore" });
      const ended = new Promise((done) => engine.once("exit", done));
      await Promise.race([ended, wait(1000 * (seconds + next() * 2))]);
      const mine = ofStack(processes(), { ...whose(stack), engines: [engine.pid as number], alone: true });
      engine.kill("SIGKILL");
      // Every other time its plugins and what they have started live on.
      if (i % 2 === 0)
        for (const { pid } of mine) {
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // it has ended by itself
          }
        }
      await ended;
      const done = await recover();
      expect(done.code, done.stdout + done.stderr).toBe(0);
      expect(JSON.parse(stack.stateText()).checkpoint.latest?.pending_operations ?? []).toEqual([]);
    }
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(up.stdout).not.toMatch(/pending|interrupted/);
    const twice = await stack.up();
    expect(nothingChanged(twice), JSON.stringify(twice)).toBe(true);
    const urns = made().map(({ urn }) => urn);
    expect(new Set(urns).size).toBe(urns.length);
    const onHost = await association.host.must(
      "ls /etc/cron.d | grep -c vn_check; getent passwd | grep -c '^vn_check:'; ls /home; ls -A ~vn_check/lib/vn-check; find ~vn_check -maxdepth 1 -type d -name '.venv*' | wc -l",
    );
    expect(onHost).toMatch(/^1\n1\n(ops\n)?vn_check\n/);
    expect(onHost.trim().split("\n").at(-1)).toBe("1");
    const roles = await association.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_roles WHERE rolname LIKE 'vn\\_check%'",
    );
    expect(roles).toEqual([{ n: 3 }]);
  });

  test("B10, B11: over an authority of one's own and without rights for PUBLIC the jobs reach the database", async () => {
    await association.firstImportDone();
    const service = await association.host.must(
      "cat ~vn_check/.pg_service.conf; ls -l ~vn_check/.postgresql",
    );
    expect(service).toContain("sslrootcert=/home/vn_check/.postgresql/root.crt");
    const who =
      "SELECT ssl, usename FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()";
    const seen = await association.host.must(asKitAccount(`psql service=vn_check -Atc '${who}'`));
    expect(seen.trim()).toBe("t|vn_check");
    const jobs = await association.query<{ verb: string; n: number }>(
      "SELECT verb, count(*)::int AS n FROM src_vn_json_repair.job GROUP BY verb",
    );
    expect(jobs).toEqual([{ verb: "init", n: 1 }]);
  });

  test("S5: a preview shows the dangerous keys, and what the next destroy removes; no secret", async () => {
    await stack.set("vn-sync-check:repair.deletions", "apply");
    await stack.set("vn-sync-check:destroyData", "true");
    const { stdout } = await pulumi("preview", "--diff");
    expect(stdout).toMatch(/deletions *: "report" => "apply"/);
    expect(stdout).toMatch(/destroyData *: false => true/);
    expect(stdout).toContain("all downloaded data: src_vn_json_check");
    expect(stdout).not.toContain(association.admin.password);
    await stack.set("vn-sync-check:repair.deletions", "report");
    await stack.set("vn-sync-check:destroyData", "false");
  });

  test("S4: `up` into a pipe that is closed: one command ends the process and unlocks the stack", async () => {
    await stack.set("vn-sync-check:windowDays", "15");
    const { args, env } = stack.command("up", "--yes", "--skip-preview");
    const line = `pulumi ${args.map((arg) => `'${arg}'`).join(" ")} | head -1`;
    await run("bash", ["-c", line], { env });
    const done = await recover();
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(naming(stack)).toEqual([]);
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.code, up.stdout + up.stderr).toBe(0);
  });

  test("S4: SSH is cut in the middle: up fails, and the next one ends", async () => {
    await stack.set("vn-sync-check:overlapDays", "4");
    await stack.set("vn-sync-check:runner.logDays", "91");
    const cutting = pulumi("up", "--yes", "--skip-preview");
    const cut = "pkill -KILL -f 'sshd: .*@notty' || true";
    for (let i = 0; i < 20; i++) {
      await association.host.exec(cut);
      await wait(200);
    }
    await cutting;
    const done = await recover();
    expect(done.code, done.stdout + done.stderr).toBe(0);
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.code, up.stdout + up.stderr).toBe(0);
  });

  test("B9: a stack that is renamed goes on, also where the marker on the host is of an older kind", async () => {
    const { env } = stack.command();
    const rename = (to: string, from: string) =>
      run("pulumi", ["-C", PROJECT, "--non-interactive", "stack", "rename", to, "--stack", from], { env });
    const marker = "/var/lib/vn-sync-check/default.json";
    const before = await association.host.must(`cat ${marker}`);
    expect(before).toMatch(/"id":"[0-9a-f-]{36}"/);
    await association.host.must(
      `echo '{"instance":"default","account":"vn_check","stack":"long-ago"}' >${marker}`,
    );
    const name = `${stack.name}-renamed`;
    const renamed = new Stack(name, stack.dir);
    copyFileSync(stack.configFile, renamed.configFile);
    expect((await rename(name, stack.name)).code).toBe(0);
    const { args } = renamed.command("up", "--yes", "--skip-preview");
    const up = await run("pulumi", args, { env });
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(await association.host.must(`cat ${marker}`)).toBe(before);
    expect((await rename(stack.name, name)).code).toBe(0);
    expect((await pulumi("up", "--yes", "--skip-preview")).code).toBe(0);
  });

  test("S4: destroy killed at three moments, each time one command; B13: the database is gone, destroy ends without it", async () => {
    const next = random(SEED + 1);
    for (const seconds of [3, 5, 7]) {
      const { args, env } = stack.command("destroy", "--yes", "--skip-preview");
      const engine = spawn("pulumi", args, { env, stdio: "ignore" });
      const ended = new Promise((done) => engine.once("exit", done));
      await Promise.race([ended, wait(1000 * (seconds + next()))]);
      engine.kill("SIGKILL");
      await ended;
      const done = await recover();
      expect(done.code, done.stdout + done.stderr).toBe(0);
    }
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.code, up.stdout + up.stderr).toBe(0);

    await association.cluster.dropDatabase(association.database);
    const destroyed = await pulumi("destroy", "--yes", "--skip-preview");
    expect(destroyed.code).not.toBe(0);
    expect(destroyed.stdout + destroyed.stderr).toMatch(/there is no database visionature/);
    expect(destroyed.stdout + destroyed.stderr).toContain("pulumi destroy --run-program");
    await stack.set("vn-sync-check:oldDatabaseGone", "true");
    const last = await pulumi("destroy", "--yes", "--skip-preview", "--run-program");
    expect(last.code, last.stdout + last.stderr).toBe(0);
    expect(made()).toEqual([]);
    const host = await association.host.must(
      "getent passwd vn_check; ls /home /etc/cron.d /var/lib/vn-sync-check 2>/dev/null; true",
    );
    expect(host).not.toMatch(/vn_check|default\.json/);
  });
});
