import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { HOST_CHECKS } from "../../../components/host/checks";
import type { HostFacts } from "../../../components/host/facts";
import { hostLook } from "../../../components/host/look";
import { whereOf } from "../../../components/host/where";
import { findingInWords, findings } from "../../../config/checks";
import { namesOf } from "../../../config/names";
import type { Locale } from "../../../config/values/key";

// What a throwaway host cannot be made to be; the rest is looked at on a real one (test/e2e/probe.test.ts).
const FINE = {
  root: "0",
  system: "debian 12",
  apt: "yes",
  missing: "",
  node: "18.20.4",
  node_at: "/usr/bin/node",
  python: "3.11",
  python_at: "/usr/bin/python3",
  home: "absent",
  home_writable: "yes",
  home_megabytes: "9000",
  home_inodes: "900000",
  cron_runs: "yes",
  mail: "yes",
  sendmail: "yes",
};

const MAIL = { cron: "root", to: "team@example.org", sendmail: "/usr/sbin/sendmail" };

async function wrong(
  facts: Record<string, string>,
  locale: Locale = "en",
  mail: HostFacts["mail"] = MAIL,
): Promise<string[]> {
  const all: Record<string, string> = { ...FINE, ...facts };
  const fact = (name: string) => all[name] ?? "";
  const at: HostFacts = {
    ...{ host: { type: "local" }, names: namesOf("default"), adopt: false, here: Date.now() },
    mail,
    fact,
    is: (name) => fact(name) === "yes",
  };
  return (await findings(HOST_CHECKS, at)).map((one) => findingInWords(one, locale));
}

test("a host where all is well has no finding", async () => {
  expect(await wrong({})).toEqual([]);
  // A file system without numbers of files (btrfs), a disk that cannot be asked.
  expect(await wrong({ home_inodes: "", home_megabytes: "" })).toEqual([]);
});

test("B8, B19: cron that does not run, unless it is still to be installed", async () => {
  expect(await wrong({ cron_runs: "no" })).toEqual([
    "cron: is installed and does not run\n    → systemctl enable --now cron",
  ]);
  expect(await wrong({ cron_runs: "no", missing: "cron nodejs" })).toEqual([]);
});

test("another system than Debian, and an older one whose packages are too old", async () => {
  expect(await wrong({ apt: "no", system: "rocky 9" })).toEqual([
    expect.stringMatching(/^host: is no Debian.*rocky 9/),
  ]);
  const bare = { node: "", node_at: "", node_fault: "sh: 1: node: not found", python: "", python_at: "" };
  const missing = "python3 python3-venv nodejs";
  expect(
    await wrong({ ...bare, missing, node_to_install: "18.19.0+dfsg-6", python_to_install: "3.11.2-1+b1" }),
  ).toEqual([]);
  expect(
    await wrong({ ...bare, missing, node_to_install: "12.22.12", python_to_install: "3.9.2-3" }, "fr"),
  ).toEqual([
    expect.stringMatching(/^python3 : il n'y en a pas, et apt n'a que 3\.9\.2/),
    expect.stringMatching(/^node : un compte ordinaire n'en a pas, et apt n'a que 12\.22/),
  ]);
  expect(await wrong({ python: "3.9" })).toEqual([expect.stringMatching(/^python3: is 3\.9, too old/)]);
  expect(await wrong({ venv_fault: "No module named ensurepip", missing: "python3-venv" })).toEqual([]);
});

test("B8: a node of another machine, which sh takes for a script, is in the way; one that is not there is not", async () => {
  const broken = { node: "", node_at: "/usr/local/bin/node" };
  for (const node_fault of [
    "/usr/local/bin/node: 1: ELF: not found",
    "/opt/wrap: 3: nvm: Permission denied",
    "sh: 1: node: Exec format error",
  ])
    expect(await wrong({ ...broken, node_fault })).toEqual([expect.stringContaining(node_fault)]);
  for (const node_fault of [
    "sh: 1: node: not found",
    "sh: line 1: node: command not found",
    "sh: 1: node: Permission denied",
  ])
    expect(await wrong({ ...broken, node_fault })).toEqual([]);
});

test("packages that are still to come need room of their own", async () => {
  expect(await wrong({ missing: "nodejs", var_megabytes: "100", usr_megabytes: "90" })).toEqual([
    expect.stringMatching(/^disk: \/var: 100 MB free, \d+ needed; \/usr: 90 MB free/),
  ]);
  expect(await wrong({ var_megabytes: "100", usr_megabytes: "90" })).toEqual([]);
});

test("every finding is told in French too", async () => {
  const all = await wrong(
    {
      sudo: "sudo: sorry, you must have a tty to run sudo",
      cron_runs: "no",
      home_mount: "rw,noexec",
      tmp_fault: "x",
      program: "yes",
      now: "1",
      cron_file: "yes",
      limits: "limit t=60",
      standing:
        "unwritable /etc;others /var/lib/vn-sync-check;kind /a;closed /home;root vn_check;shared ops;taken-link /b",
    },
    "fr",
  );
  expect(all.map((one) => one.split("\u00a0:")[0])).toEqual([
    "host.user",
    "cron",
    "home",
    "limits",
    "files",
    "/tmp",
    "clock",
    "adoptExisting",
    "vn-check",
  ]);
  expect(all[0]).toContain("Defaults: !requiretty");
  for (const one of all) expect(one).not.toMatch(/\b(the|is|and)\b/);
});

// W2
test("another program under the command's name is refused, unless it is to be taken over", async () => {
  expect(await wrong({ program: "yes" })).toEqual([
    expect.stringMatching(/^vn-check: \/usr\/local\/bin\/vn-check is another program of that name/),
  ]);
  expect(HOST_CHECKS.find(({ name }) => name === "vn-check")?.mild).toBeUndefined();
});

test("B15: a host without a program that sends mail is told, where somebody is to get some; that stops nothing", async () => {
  const [told, ...more] = await wrong({ mail: "no" });
  expect(more).toEqual([]);
  expect(told).toMatch(/^schedule\.mailTo: is "root", and the host has no program that sends mail/);
  expect(HOST_CHECKS.find(({ name }) => name === "schedule.mailTo")?.mild).toBe(true);
});

// Q3
test("mails of fct_fix_sync that could leave neither by a program nor by a server are told before, and stop nothing", async () => {
  const told = await wrong({ sendmail: "" });
  expect(told).toEqual([
    expect.stringMatching(
      /^mail\.to: is "team@example\.org", and the host has no \/usr\/sbin\/sendmail, nor is mail\.smtp set.*\n.*mail\.smtp smtp\.example\.org:587/,
    ),
  ]);
  expect((await wrong({ sendmail: "no" }, "fr"))[0]).toMatch(/^mail\.to\u00a0: .*ni mail\.smtp de valeur/);
  expect(await wrong({ sendmail: "no" }, "en", { ...MAIL, smtp: "smtp.example.org" })).toEqual([]);
  expect(await wrong({ sendmail: "no" }, "en", { ...MAIL, to: "" })).toEqual([]);
  expect(HOST_CHECKS.find(({ name }) => name === "mail.to")?.mild).toBe(true);
});

test("B13: a host of which nothing can be seen stops nothing where the old one is said to be gone", async () => {
  const access = { type: "ssh" as const, address: "127.0.0.1", port: 1, user: "root" };
  const host = { ...access, allowUnknownHostKey: true, password: pulumi.output("none") };
  const look = (gone: boolean) =>
    hostLook(whereOf(host, gone, "en"), namesOf("default"), false, { cron: "", to: "", sendmail: "" });
  for (const gone of [false, true]) {
    const { found, absent } = await look(gone);
    expect(found.map(({ name, mild }) => ({ name, mild }))).toEqual([{ name: "host.address", mild: gone }]);
    expect(absent).toEqual([]);
  }
});
