import type { Check } from "../../config/checks";
import type { Words } from "../../config/values/key";
import { NODE_MAJOR } from "../render/hostPackages";
import { launcherPath } from "../render/launcher";
import { ACCOUNT_PATH } from "../render/shell";
import type { HostFacts } from "./facts";
import { foreign, nodeFault, PYTHON, pythonFault, spaceFault, sudoRemedy } from "./judge";
import { standingFault, standingRemedy } from "./standing";

/** Seconds that two clocks may differ; the API's signatures are good for some minutes. */
const APART = 240;

const same = (text: string): Words => ({ en: text, fr: text });
const at = (path: string) => (path === "" ? "" : ` (${path})`);

/** All that a host must be, before anything is made on it. */
export const HOST_CHECKS: Check<HostFacts>[] = [
  {
    name: "host.user",
    try: ({ fact }) =>
      fact("sudo") === ""
        ? undefined
        : {
            en: `sudo does not let ${fact("login")} do anything as root. It said: ${fact("sudo")}`,
            fr: `sudo ne laisse ${fact("login")} rien faire en root. Il a dit : ${fact("sudo")}`,
          },
    remedy: ({ fact }) => sudoRemedy(fact("sudo"), fact("login")),
  },
  {
    name: "host",
    try: ({ fact, is }) =>
      is("apt")
        ? undefined
        : {
            en: `is no Debian: no apt-get (${fact("system")})`,
            fr: `n'est pas une Debian : pas d'apt-get (${fact("system")})`,
          },
    remedy: () => ({
      en: "set host.address to a machine with Debian 12 or 13",
      fr: "donner à host.address une machine sous Debian 12 ou 13",
    }),
  },
  {
    name: "python3",
    try: ({ fact }) => pythonFault(fact),
    remedy: ({ fact }) => ({
      en: `the jobs take the first python3 on ${ACCOUNT_PATH}${at(fact("python_at"))}: it has to be ${PYTHON.join(".")} or later with ensurepip (apt-get install python3-venv on Debian 12 or 13); move another one away`,
      fr: `les tâches prennent le premier python3 de ${ACCOUNT_PATH}${at(fact("python_at"))} : il le faut en ${PYTHON.join(".")} ou plus récent, avec ensurepip (apt-get install python3-venv sous Debian 12 ou 13) ; écarter tout autre`,
    }),
  },
  {
    name: "node",
    try: ({ fact }) => nodeFault(fact),
    remedy: ({ fact }) => ({
      en: `the jobs take the first node on ${ACCOUNT_PATH}${at(fact("node_at"))}: it has to be ${NODE_MAJOR} or later, and one that every account may run, not below /root; remove it and Debian's nodejs is installed`,
      fr: `les tâches prennent le premier node de ${ACCOUNT_PATH}${at(fact("node_at"))} : il le faut en ${NODE_MAJOR} ou plus récent, et que tout compte puisse lancer, pas sous /root ; l'enlever, et celui de Debian sera installé`,
    }),
  },
  {
    name: "cron",
    try: ({ fact, is }) =>
      is("cron_runs") || fact("missing").split(" ").includes("cron") || fact("root") !== "0"
        ? undefined
        : { en: "is installed and does not run", fr: "est installé et ne tourne pas" },
    remedy: () => same("systemctl enable --now cron"),
  },
  {
    name: "home",
    try: ({ fact, is, names: { home } }) => {
      const options = fact("home_mount").split(",");
      if (options.includes("ro"))
        return {
          en: `${home} is on a file system that nobody may write to`,
          fr: `${home} est sur un système de fichiers en lecture seule`,
        };
      if (options.includes("noexec"))
        return {
          en: `${home} is on a file system without programs (noexec)`,
          fr: `${home} est sur un système de fichiers sans programmes (noexec)`,
        };
      if (fact("marker") !== "" && fact("home") === "file")
        return { en: `${home} is a file`, fr: `${home} est un fichier` };
      if (!is("home_writable"))
        return {
          en: `the account cannot use ${home} (it belongs to ${fact("home_owner")})`,
          fr: `le compte ne peut pas utiliser ${home} (à ${fact("home_owner")})`,
        };
      return undefined;
    },
    remedy: ({ names: { home, account } }) => ({
      en: `mount it with rw and exec (findmnt -T ${home}), and let it be ${account}'s: chown ${account}: ${home}; chmod 700 ${home}`,
      fr: `le monter avec rw et exec (findmnt -T ${home}), et le donner à ${account} : chown ${account}: ${home}; chmod 700 ${home}`,
    }),
  },
  {
    name: "limits",
    try: ({ fact }) => {
      const found = fact("limits").replaceAll("limit ", "");
      return found === ""
        ? undefined
        : {
            en: `are too narrow for the jobs (f: size of a file, t: seconds, n: open files, v: memory, p: processes): ${found}`,
            fr: `sont trop étroites pour les tâches (f : taille d'un fichier, t : secondes, n : fichiers ouverts, v : mémoire, p : processus) : ${found}`,
          };
    },
    remedy: ({ names: { account } }) => ({
      en: `lift them for ${account} in /etc/security/limits.d/${account}.conf, in lines such as: ${account} - cpu unlimited (fsize, cpu, nofile, as, nproc)`,
      fr: `les lever pour ${account} dans /etc/security/limits.d/${account}.conf, par des lignes comme : ${account} - cpu unlimited (fsize, cpu, nofile, as, nproc)`,
    }),
  },
  {
    name: "files",
    try: (at) => standingFault(at),
    remedy: (at) => standingRemedy(at),
  },
  {
    name: "disk",
    try: (at) => spaceFault(at),
    remedy: ({ names: { home } }) => ({
      en: `make room (df -h ${home} /var /usr /tmp; df -i ${home}), or mount a larger file system there`,
      fr: `faire de la place (df -h ${home} /var /usr /tmp ; df -i ${home}), ou y monter un plus grand système de fichiers`,
    }),
  },
  {
    name: "/tmp",
    try: ({ fact }) =>
      fact("tmp_fault") === ""
        ? undefined
        : {
            en: `an ordinary account cannot write there: ${fact("tmp_fault")}`,
            fr: `un compte ordinaire n'y peut pas écrire : ${fact("tmp_fault")}`,
          },
    remedy: () => same("chmod 1777 /tmp; df -h /tmp; findmnt /tmp"),
  },
  {
    name: "clock",
    try: ({ fact, here }) => {
      const apart = Math.round(Number(fact("now")) - here / 1000);
      if (fact("now") === "" || Math.abs(apart) <= APART) return undefined;
      const minutes = Math.round(Math.abs(apart) / 60);
      return apart < 0
        ? {
            en: `the host's is ${minutes} min behind this machine's`,
            fr: `celle du serveur retarde de ${minutes} min sur celle de ce poste`,
          }
        : {
            en: `the host's is ${minutes} min ahead of this machine's`,
            fr: `celle du serveur avance de ${minutes} min sur celle de ce poste`,
          };
    },
    remedy: () => ({
      en: "set the wrong one right (timedatectl set-ntp true): the portal refuses requests with another time",
      fr: "mettre à l'heure celle qui est fausse (timedatectl set-ntp true) : le portail refuse les requêtes d'une autre heure",
    }),
  },
  {
    name: "adoptExisting",
    try: (at) => foreign(at),
    remedy: ({ names: { home } }) => ({
      en: `move it away (mv ${home} ${home}.before), or give this stack other names (pulumi config set instance <name>), or take it over: pulumi config set adoptExisting true. Files of ours that are there already are then kept beside the new ones, and destroy leaves what was there`,
      fr: `l'écarter (mv ${home} ${home}.avant), ou donner d'autres noms à cette pile (pulumi config set instance <nom>), ou le reprendre : pulumi config set adoptExisting true. Les fichiers des mêmes noms sont alors gardés à côté des nouveaux, et destroy laisse ce qui existait`,
    }),
  },
  {
    name: "schedule.mailTo",
    mild: true,
    try: ({ is, mail }) =>
      mail.cron === "" || is("mail")
        ? undefined
        : {
            en: `is "${mail.cron}", and the host has no program that sends mail: what the jobs print goes nowhere`,
            fr: `vaut "${mail.cron}", et le serveur n'a aucun programme qui envoie du courrier : ce qu'affichent les tâches se perd`,
          },
    remedy: () => ({
      en: "apt-get install msmtp-mta (or postfix) there, and set it up; or ask for no mail: pulumi config set --path vn-sync-check:schedule.mailTo ''",
      fr: "y installer et régler msmtp-mta (ou postfix) avec apt-get ; ou ne pas demander de courrier : pulumi config set --path vn-sync-check:schedule.mailTo ''",
    }),
  },
  {
    name: "mail.to",
    mild: true,
    try: ({ is, mail }) =>
      mail.to === "" || mail.smtp !== undefined || is("sendmail")
        ? undefined
        : {
            en: `is "${mail.to}", and the host has ${mail.sendmail === "" ? "no program that takes mails" : `no ${mail.sendmail}`}, nor is mail.smtp set: what fct_fix_sync and email_notify send stays where it is`,
            fr: `vaut "${mail.to}", et le serveur n'a pas ${mail.sendmail === "" ? "de programme qui prenne des courriels" : mail.sendmail}, ni mail.smtp de valeur\u00a0: ce qu'envoient fct_fix_sync et email_notify reste sur place`,
          },
    remedy: () => ({
      en: "name a mail server: pulumi config set --path vn-sync-check:mail.smtp smtp.example.org:587; or install msmtp-mta (or postfix) there; or ask for no mail: pulumi config set --path vn-sync-check:mail.to ''",
      fr: "nommer un serveur de courrier\u00a0: pulumi config set --path vn-sync-check:mail.smtp smtp.example.org:587\u00a0; ou y installer msmtp-mta (ou postfix)\u00a0; ou ne pas demander de courrier\u00a0: pulumi config set --path vn-sync-check:mail.to ''",
    }),
  },
  {
    name: "vn-check",
    try: ({ is, adopt, names }) =>
      is("program") && !adopt
        ? {
            en: `${launcherPath(names)} is another program of that name`,
            fr: `${launcherPath(names)} est un autre programme de ce nom`,
          }
        : undefined,
    remedy: ({ names }) => ({
      en: `move it away (mv ${launcherPath(names)} ${launcherPath(names)}.before), or give this stack other names (pulumi config set instance <name>), or have it kept aside until destroy: pulumi config set adoptExisting true`,
      fr: `l'écarter (mv ${launcherPath(names)} ${launcherPath(names)}.avant), ou donner d'autres noms à cette pile (pulumi config set instance <nom>), ou le faire mettre de côté jusqu'à destroy : pulumi config set adoptExisting true`,
    }),
  },
];
