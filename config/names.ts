/** Every name that one instance uses on the host and in the database. */
export interface Names {
  instance: string;
  /** Linux account, and its home. */
  account: string;
  home: string;
  /** Service of ~/.pg_service.conf, named as the account. */
  service: string;
  /** The sync's database login. */
  login: string;
  /** NOLOGIN role that owns the data; destroy keeps it while it owns anything. */
  dataOwner: string;
  /** NOLOGIN role that owns the functions which write to main. */
  repairRole: string;
  /** Schema of the second synchronisation. */
  checkSchema: string;
  /** Schema of the repair: all in it is the kit's. */
  repairSchema: string;
  /** File of /etc/cron.d; cron ignores names with a dot. */
  cronFile: string;
  /** What a person on the host types. */
  command: string;
  /** Tells on the host that the account is the kit's. */
  marker: string;
}

/**
 * The names of an instance; `default` has those of the published procedure.
 * @param dataOwner another owner of the data than the kit's own role
 */
export function namesOf(instance: string, dataOwner?: string): Names {
  const suffix = instance === "default" ? "" : `_${instance}`;
  const account = `vn_check${suffix}`;
  return {
    instance,
    account,
    home: `/home/${account}`,
    service: account,
    login: account,
    dataOwner: dataOwner ?? `${account}_owner`,
    repairRole: `${account}_repair`,
    checkSchema: `src_vn_json_check${suffix}`,
    repairSchema: `src_vn_json_repair${suffix}`,
    cronFile: account,
    command: instance === "default" ? "vn-check" : `vn-check-${instance}`,
    marker: `/var/lib/vn-sync-check/${instance}.json`,
  };
}

/** Where things are in the account's home, relative to it. */
export const HOME_FILES = {
  config: "evn.yaml",
  service: ".pg_service.conf",
  password: ".pgpass",
  /** The mail server's, beside ~/.pgpass and as private. */
  smtpPassword: ".smtp-password",
  /** Where libpq looks by itself, and so the client too. */
  authority: ".postgresql/root.crt",
  venv: ".venv.clientapivn",
  settings: "vn-check.json",
  lib: "lib/vn-check",
  adapter: "lib/vn-check/client_job.py",
  builder: "lib/vn-check/build-venv",
  bin: "bin",
} as const;
