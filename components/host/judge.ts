import type { Words } from "../../config/values/key";
import { NODE_MAJOR } from "../render/hostPackages";
import type { HostFacts } from "./facts";

/** Oldest Python for which Client-API-VN's pinned packages exist. */
export const PYTHON = [3, 11] as const;
/** Megabytes: a venv with what pip unpacks beside it, Debian's packages, what the jobs write each day, pip's builds. */
const SPACE = { venv: 450, packages: 500, jobs: 60, build: 100, files: 2 };
/** Files of a venv; a few elsewhere. */
const INODES = 15_000;
const FEW = 20;

/** What sudo says where it is itself out of order: no rule for the login would help. */
const SUDO_BROKEN =
  /sudoers|sudo\.conf|setuid|nosuid|effective uid|no new privileges|error|unable to (stat|open|init)/i;

export function sudoRemedy(said: string, login: string): Words {
  if (/not found/.test(said))
    return {
      en: "install sudo there, or set host.user to root",
      fr: "y installer sudo, ou donner root à host.user",
    };
  if (SUDO_BROKEN.test(said) && !/not in the sudoers/.test(said))
    return {
      en: "mend sudo there as root until `sudo -n id -u` says 0 for this login (visudo -c reads its files), or set host.user to root",
      fr: "y réparer sudo en root, jusqu'à ce que `sudo -n id -u` dise 0 pour cette connexion (visudo -c en lit les fichiers), ou donner root à host.user",
    };
  const line = /tty/.test(said)
    ? `Defaults:${login} !requiretty`
    : /ermission denied/.test(said)
      ? `Defaults:${login} !noexec`
      : `${login} ALL=(ALL) NOPASSWD: ALL`;
  return {
    en: `write this line into /etc/sudoers.d/${login} there, or set host.user to root: ${line}`,
    fr: `y écrire cette ligne dans /etc/sudoers.d/${login}, ou donner root à host.user : ${line}`,
  };
}

/** `3.11` as numbers. */
function version(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

function older(text: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version(text);
  return a < major || (a === major && b < minor);
}

export function pythonFault(fact: HostFacts["fact"]): Words | undefined {
  const installed = fact("python_at") !== "";
  // What will come with python3-venv is not there yet.
  const toCome = fact("missing").split(" ").includes("python3-venv");
  if (!installed) {
    const candidate = fact("python_to_install");
    return candidate === "" || !older(candidate, PYTHON)
      ? undefined
      : {
          en: `there is none, and apt has only ${candidate}`,
          fr: `il n'y en a pas, et apt n'a que ${candidate}`,
        };
  }
  if (fact("python_fault") !== "")
    return {
      en: `does not run for an ordinary account: ${fact("python_fault")}`,
      fr: `ne se lance pas pour un compte ordinaire : ${fact("python_fault")}`,
    };
  if (older(fact("python"), PYTHON))
    return { en: `is ${fact("python")}, too old`, fr: `est en ${fact("python")}, trop ancien` };
  if (fact("venv_fault") !== "" && !(toCome && fact("python_at") === "/usr/bin/python3"))
    return {
      en: `cannot make a venv: ${fact("venv_fault")}`,
      fr: `ne peut pas faire de venv : ${fact("venv_fault")}`,
    };
  return undefined;
}

export function nodeFault(fact: HostFacts["fact"]): Words | undefined {
  const runs = fact("node");
  if (runs !== "") {
    return older(runs, [NODE_MAJOR, 0])
      ? { en: `is ${runs}, too old`, fr: `est en ${runs}, trop ancien` }
      : undefined;
  }
  const fault = fact("node_fault");
  const candidate = fact("node_to_install");
  // One that only root may run does not stand in the way of Debian's, which comes after it on the PATH.
  const inTheWay = !/\bnode: ((command )?not found|[Pp]ermission denied)/.test(fault);
  if (fault !== "" && inTheWay)
    return {
      en: `does not run for an ordinary account: ${fault}`,
      fr: `ne se lance pas pour un compte ordinaire : ${fault}`,
    };
  if (candidate !== "" && !/none/.test(candidate) && older(candidate, [NODE_MAJOR, 0]))
    return {
      en: `an ordinary account has none, and apt has only ${candidate}`,
      fr: `un compte ordinaire n'en a pas, et apt n'a que ${candidate}`,
    };
  return undefined;
}

/** Less than what is to be written, by file system. */
export function spaceFault({ fact, is, names: { home } }: HostFacts): Words | undefined {
  const inHome = is("venv_there") ? SPACE.jobs : SPACE.venv;
  const packages = fact("missing") === "" ? 0 : SPACE.packages;
  const short = (
    [
      [home, "home_megabytes", inHome],
      ["/var", "var_megabytes", packages],
      ["/usr", "usr_megabytes", packages],
      ["/tmp", "tmp_megabytes", is("venv_there") ? 0 : SPACE.build],
      ["/etc", "etc_megabytes", SPACE.files],
      ["/var/lib", "lib_megabytes", SPACE.files],
    ] as const
  ).filter(([, name, wanted]) => fact(name) !== "" && Number(fact(name)) < wanted);
  const inodes = (
    [
      [home, "home_inodes", is("venv_there") ? FEW : INODES],
      ["/tmp", "tmp_inodes", FEW],
      ["/etc", "etc_inodes", FEW],
      ["/var/lib", "lib_inodes", FEW],
    ] as const
  ).filter(([, name, wanted]) => fact(name) !== "" && Number(fact(name)) < wanted);
  const parts = (free: string, wanted: string, files: string) => [
    ...short.map(([path, name, need]) => `${path}: ${fact(name)} MB ${free}, ${need} ${wanted}`),
    ...inodes.map(([path, name, need]) => `${path}: ${fact(name)} ${files} ${free}, ${need} ${wanted}`),
  ];
  if (short.length === 0 && inodes.length === 0) return undefined;
  return {
    en: parts("free", "needed", "files (inodes)").join("; "),
    fr: parts("libres", "nécessaires", "fichiers (inodes)").join(" ; "),
  };
}

const both = (text: string): Words => ({ en: text, fr: text });

/** What is there under our names without our marker. */
export function foreign({ fact, is, names, adopt }: HostFacts): Words | undefined {
  if (fact("marker") !== "" || adopt) return undefined;
  const { account, home, cronFile } = names;
  const holds = fact("home_holds");
  // An empty folder, or a volume that was mounted for it, has nothing to lose.
  const isTaken = fact("home") !== "absent" && (fact("home") !== "folder" || holds !== "");
  const there: Words[] = [
    ...(fact("account") === "" ? [] : [{ en: `the account ${account}`, fr: `le compte ${account}` }]),
    ...(fact("group") === "" ? [] : [{ en: `the group ${account}`, fr: `le groupe ${account}` }]),
    ...(isTaken
      ? [{ en: `${home} (${holds || fact("home")})`, fr: `${home} (${holds || fact("home")})` }]
      : []),
    ...(is("cron_file") ? [both(`/etc/cron.d/${cronFile}`)] : []),
    ...(is("crontab") ? [both(`/var/spool/cron/crontabs/${account}`)] : []),
  ];
  if (there.length === 0) return undefined;
  return {
    en: `is false, and the host has what this kit did not make: ${there.map(({ en }) => en).join(", ")}`,
    fr: `vaut false, et le serveur a ce que ce kit n'a pas fait : ${there.map(({ fr }) => fr).join(", ")}`,
  };
}
