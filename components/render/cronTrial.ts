import type { Names } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { ACCOUNT_PATH, FORGET, LIMITS, spoken } from "./shell";

/** Name of the trial's file in /etc/cron.d: one that no instance's own file has. */
export function trialFile({ cronFile }: Names): string {
  return `trial_of_${cronFile}`;
}

/** Seconds until a line of every minute has run, if it ever does. */
const BOUND = 130;

/**
 * Lets cron start one command as the account, as it will start the jobs, and takes the line away again. Where nothing
 * happens, it says what may be the cause: PAM, an expired account, a daemon that does not run or reads another folder.
 */
export function cronTrial(names: Names, locale: Locale = "en"): string {
  const say = spoken(locale);
  const { account, home } = names;
  return `line=/etc/cron.d/${trialFile(names)} out=${home}/.cron-trial
exec 9</etc/cron.d
flock -w 300 9
trap 'rm -f "$line" "$line.new" "$out" "$out.new"' EXIT
trap 'exit 1' HUP INT TERM
rm -f "$out" "$out.new"
setpriv --reuid ${account} --regid "$(id -g ${account})" --init-groups sh -c 'echo x >"$1" && rm "$1"' sh "$out.new" || {
  echo "${say(`${account} cannot write into ${home}: no job could work there`, `${account} ne peut pas écrire dans ${home} : aucune tâche n'y travaillerait`)} (df -h ${home}; df -i ${home}; ls -ld ${home})" >&2
  exit 1
}
{
  echo "${say("# One trial by vn-sync-check, gone within minutes", "# Un essai de vn-sync-check, enlevé dans quelques minutes")}"
  echo "SHELL=/bin/sh"
  echo "PATH=${ACCOUNT_PATH}"
  echo "HOME=${home}"
  echo 'MAILTO=""'
  cat <<'END'
* * * * * ${account} ${FORGET}; { id -un; node -p 1+1 && echo node runs; ${LIMITS}; } >${home}/.cron-trial.new 2>&1; mv ${home}/.cron-trial.new ${home}/.cron-trial
END
} >"$line.new"
chmod 644 "$line.new"
mv -f "$line.new" "$line"
echo "${say(
    `waiting for cron to start a trial as ${account}, at most ${BOUND} s`,
    `attente d'un essai lancé par cron sous ${account}, ${BOUND} s au plus`,
  )}"
second=0
while { [ ! -f "$out" ] || [ -L "$out" ]; } && [ "$second" -lt ${BOUND} ]; do
  sleep 1
  second=$((second + 1))
done
if [ -f "$out" ] && [ ! -L "$out" ]; then
  if grep -q '^limit ' "$out"; then
    grep '^limit ' "$out" >&2
    echo "${say(
      `these limits (f: size of a file, t: seconds, n: open files, v: memory, p: processes) are too narrow for the jobs: lines such as '${account} - cpu unlimited' (fsize, cpu, nofile, as, nproc) in /etc/security/limits.d/${account}.conf lift them`,
      `ces limites (f : taille d'un fichier, t : secondes, n : fichiers ouverts, v : mémoire, p : processus) sont trop étroites pour les tâches : des lignes comme '${account} - cpu unlimited' (fsize, cpu, nofile, as, nproc) dans /etc/security/limits.d/${account}.conf les lèvent`,
    )}" >&2
    exit 1
  fi
  if grep -qx 'node runs' "$out" && grep -qx ${account} "$out"; then
    echo "${say("cron has run the trial", "cron a lancé l'essai")}"
    exit 0
  fi
  cat "$out" >&2
  echo "${say(
    `cron has started a trial as ${account}, and this is what came of it: Node has to run there with PATH=${ACCOUNT_PATH}`,
    `cron a lancé un essai sous ${account}, et voici ce que cela a donné : Node doit s'y lancer avec PATH=${ACCOUNT_PATH}`,
  )}" >&2
  exit 1
fi
{
  echo "${say(
    `cron has not started a trial as ${account} within ${BOUND} s: no job would ever run.`,
    `cron n'a pas lancé d'essai sous ${account} en ${BOUND} s : aucune tâche ne se lancerait jamais.`,
  )}"
  if ! cat /proc/[0-9]*/comm 2>/dev/null | grep -Eqx 'cron|crond|fcron|bcron-start|bcron-sched|dcron|cronie' && ! systemctl -q is-active cron.target 2>/dev/null; then
    echo "${say("No cron daemon runs:", "Aucun démon cron ne tourne :")} systemctl enable --now cron"
  fi
  if grep -Eqs '^[[:space:]]*account[^#]*pam_access' /etc/pam.d/cron /etc/pam.d/crond /etc/pam.d/common-account; then
    echo "${say(
      "PAM asks pam_access for cron: put this line first in /etc/security/access.conf:",
      "PAM consulte pam_access pour cron : mettre cette ligne en premier dans /etc/security/access.conf :",
    )} +:${account}:ALL"
  fi
  if grep -Eqs '^[[:space:]]*account[^#]*(pam_listfile|pam_time|pam_nologin|pam_succeed_if)' /etc/pam.d/cron /etc/pam.d/common-account || [ -e /etc/nologin ]; then
    echo "${say(
      `PAM has rules for accounts in /etc/pam.d/cron or /etc/pam.d/common-account, or there is /etc/nologin: they have to let ${account} in`,
      `PAM a des règles sur les comptes dans /etc/pam.d/cron ou /etc/pam.d/common-account, ou /etc/nologin existe : elles doivent laisser entrer ${account}`,
    )}"
  fi
  expires=$(getent shadow ${account} | cut -d: -f8)
  if [ -n "$expires" ] && [ "$expires" -le $(($(date +%s) / 86400)) ]; then echo "${say("the account has expired:", "le compte a expiré :")} chage -E -1 ${account}"; fi
  changed=$(getent shadow ${account} | cut -d: -f3) most=$(getent shadow ${account} | cut -d: -f5)
  if [ "$changed" = 0 ] || { [ -n "$changed" ] && [ -n "$most" ] && [ $((changed + most)) -lt $(($(date +%s) / 86400)) ]; }; then
    echo "${say("the account's password has expired, which closes it to cron:", "le mot de passe du compte a expiré, ce qui le ferme à cron :")} chage -M -1 -d $(date +%F) ${account}"
  fi
  if grep -qsx ${account} /etc/cron.deny || { [ -e /etc/cron.allow ] && ! grep -qsx ${account} /etc/cron.allow; }; then
    echo "${say(
      `/etc/cron.allow or /etc/cron.deny keeps ${account} from cron: echo ${account} >>/etc/cron.allow, and take it out of /etc/cron.deny`,
      `/etc/cron.allow ou /etc/cron.deny écarte ${account} de cron : echo ${account} >>/etc/cron.allow, et l'enlever de /etc/cron.deny`,
    )}"
  fi
  echo "${say("What cron said of it:", "Ce que cron en a dit :")}"
  { journalctl -q --no-pager -n 20 -t CRON -t cron -t crond --since -5min 2>/dev/null || true; tail -n 200 /var/log/cron.log /var/log/syslog /var/log/auth.log 2>/dev/null | grep -i cron || true; } | tail -n 6
} >&2
exit 1`;
}
