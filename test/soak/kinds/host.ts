import { readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oneOf, type Random, whole } from "../../emulator/random";
import { processesOf } from "../scene/host";
import type { Kind, Scene, Started } from "../scene/kind";

/** Sends a signal to a process of the account once so many requests have come, or so many moments after its start. */
function signalAnywhere(scene: Scene, random: Random, signal: NodeJS.Signals, whom: RegExp) {
  const requests = whole(random, 0, 25);
  const late = whole(random, 0, 1500);
  return async ({ child, ended }: Started) => {
    const before = scene.emulator.requests.list().length;
    let over = false;
    void ended.then(() => {
      over = true;
    });
    const end = performance.now() + 20_000;
    while (!over && performance.now() < end && scene.emulator.requests.list().length < before + requests)
      await sleep(15);
    await sleep(late % 400);
    const found = processesOf(scene.account.home).filter(({ command }) => whom.test(command));
    for (const { pid } of found.length > 0 ? found.slice(0, 1) : child.pid ? [{ pid: child.pid }] : [])
      try {
        process.kill(pid, signal);
      } catch {} // it has ended by itself
  };
}

const killed = (name: string, en: string, fr: string, signal: NodeJS.Signals, whom: RegExp): Kind => ({
  name,
  en,
  fr,
  begin(scene, random) {
    scene.inNextRun(signalAnywhere(scene, random, signal, whom));
    return undefined;
  },
});

/** Spoils a file of the account and puts it back. */
const file = (
  name: string,
  en: string,
  fr: string,
  path: string,
  spoilt: (text: string) => string,
): Kind => ({
  name,
  en,
  fr,
  days: [1, 3],
  begin({ account }) {
    const at = join(account.home, path);
    const text = readFileSync(at, "utf8");
    writeFileSync(at, spoilt(text));
    return () => writeFileSync(at, text);
  },
});

export const HOST_KINDS: Kind[] = [
  killed("host-killed", "the runner is killed (-9)", "le lanceur est tué (-9)", "SIGKILL", /vn-check\.mjs/),
  killed(
    "host-client-killed",
    "the client is killed (-9)",
    "le client est tué (-9)",
    "SIGKILL",
    /client_job/,
  ),
  killed(
    "host-terminated",
    "the runner is told to end",
    "le lanceur est prié de s'arrêter",
    "SIGTERM",
    /vn-check\.mjs/,
  ),
  {
    name: "host-asleep",
    en: "the host sleeps for days",
    fr: "le serveur dort pendant des jours",
    days: [1, 9],
    begin(scene) {
      scene.asleep = true;
      return () => {
        scene.asleep = false;
      };
    },
  },
  {
    name: "host-clock",
    en: "the host's clock is wrong",
    fr: "l'horloge du serveur est fausse",
    days: [1, 2],
    begin({ clock }, random) {
      clock.skewHost(oneOf(random, [-30, -1, 1, 2, 26, 300]) * 3600);
      return () => clock.skewHost(0);
    },
  },
  {
    name: "host-disk-full",
    en: "the home's disk is full",
    fr: "le disque du compte est plein",
    days: [1, 3],
    begin({ account }) {
      const ballast = join(account.home, "ballast");
      const { bavail, bsize } = statfsSync(account.home);
      if (bavail * bsize > 200e6) return undefined; // no disk of its own: see main.ts
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - bsize)));
      return () => rmSync(ballast, { force: true });
    },
  },
  {
    name: "host-python-gone",
    en: "the client's Python is gone",
    fr: "le Python du client a disparu",
    days: [1, 3],
    async begin({ account }) {
      const python = join(account.home, ".venv.clientapivn/bin/python");
      await rename(python, `${python}.away`);
      return () => rename(`${python}.away`, python);
    },
  },
  file("host-pgpass", "~/.pgpass is wrong", "~/.pgpass est faux", ".pgpass", () => "*:*:*:*:wrong\n"),
  file("host-evn-yaml", "evn.yaml is malformed", "evn.yaml est mal formé", "evn.yaml", (text) =>
    text.replace("user_email:", "user_email"),
  ),
];
