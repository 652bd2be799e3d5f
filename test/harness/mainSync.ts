import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { stringify } from "yaml";
import { CONTROLLERS, NEEDED_CONTROLLERS } from "../../config/values/controllers";
import { ADAPTERS } from "../support/transferVn";

/** Runs a shell text as root in the throwaway host and gives what it printed. @throws Error when it fails */
export type HostShell = (script: string, input?: string) => Promise<string>;

/** An account of the VisioNature API at one site. */
export interface SiteAccount {
  site: string;
  url: string;
  userEmail: string;
  userPassword: string;
  clientKey: string;
  clientSecret: string;
}

export interface MainSyncArgs {
  /** System account, database login and service of the main synchronisation. */
  account: string;
  schema: string;
  database: { host: string; port: number; name: string; password: string };
  sites: SiteAccount[];
  clientVersion: string;
  /** The fifteen tables are there already. */
  tablesMade: boolean;
}

/**
 * The configuration of an association's own, main synchronisation, as its geomatician writes it from
 * the client's template: with a schedule that the client asks for.
 */
function mainEvnYaml(args: MainSyncArgs): string {
  const { database } = args;
  const needed: readonly string[] = NEEDED_CONTROLLERS;
  return stringify({
    main: { admin_mail: "geomatique@example.org" },
    controler: Object.fromEntries(
      CONTROLLERS.map(({ controller }) => [
        controller,
        { enabled: needed.includes(controller), schedule: { minute: 0 } },
      ]),
    ),
    site: Object.fromEntries(
      args.sites.map((site) => [
        site.site,
        {
          enabled: true,
          site: site.url,
          user_email: site.userEmail,
          user_pw: site.userPassword,
          client_key: site.clientKey,
          client_secret: site.clientSecret,
        },
      ]),
    ),
    database: {
      enabled: true,
      db_host: database.host,
      db_port: database.port,
      db_name: database.name,
      db_schema_import: args.schema,
      db_schema_vn: "src_vn_unused",
      db_group: `${args.account}_group`,
      db_user: args.account,
      db_pw: database.password,
      db_secret_key: "not-used",
    },
    tuning: { max_chunks: 1000, max_retry: 1, retry_delay: 1, unavailable_delay: 1, sched_executors: 2 },
  });
}

/**
 * The main copy's own synchronisation: the real Client-API-VN in an account of its own on the host, with the file
 * that an association writes for it. Its jobs are started one by one through the adapter, not by transfer_vn's
 * scheduler, which blocks for ever at 3 of 100 starts (a fork while a log line is written) and has to be given
 * up after 90 s; what a job asks of the portal and does in the database is the same.
 */
export class MainSync {
  constructor(
    private readonly shell: HostShell,
    private readonly args: MainSyncArgs,
  ) {}

  /** Makes the account, its venv and its configuration, and the fifteen tables by the client itself where it can. */
  async install(): Promise<void> {
    const { account, clientVersion } = this.args;
    await this.shell("apt-get install -y -qq --no-install-recommends python3-venv >/dev/null 2>&1");
    await this.shell(`id ${account} >/dev/null 2>&1 || useradd --create-home --shell /bin/sh ${account}`);
    await this.as(
      `[ -x venv/bin/transfer_vn ] || { /usr/bin/python3 -m venv venv &&
       venv/bin/pip install --quiet --no-cache-dir 'Client-API-VN==${clientVersion}' 'setuptools<81'; }`,
    );
    for (const file of ADAPTERS) await this.as(`cat > ${basename(file)}`, readFileSync(file, "utf8"));
    await this.as("umask 077; cat > evn.yaml", mainEvnYaml(this.args));
    if (!this.args.tablesMade) {
      await this.as("timeout -k 5 120 venv/bin/transfer_vn --json_tables_create evn.yaml 2>&1");
    }
  }

  /** The first full download of every site, as `transfer_vn --full` does it. */
  async full(): Promise<void> {
    for (const { site } of this.args.sites) await this.as(`${this.job(site, "full")} 2>&1`);
  }

  /** Asks every site for its changes, as `transfer_vn --update` does it; a job that fails is no error. Gives the log. */
  async update(): Promise<string> {
    const logs: string[] = [];
    for (const { site } of this.args.sites)
      logs.push(await this.as(`${this.job(site, "update")} 2>&1 || true`));
    return logs.join("");
  }

  private job(site: string, mode: "full" | "update"): string {
    return `timeout -k 5 300 venv/bin/python client_job.py --site ${site} --mode ${mode} --controllers ${NEEDED_CONTROLLERS.join(",")}`;
  }

  /** Runs a shell text as the account, with its home as HOME and working directory. */
  private as(script: string, input?: string): Promise<string> {
    const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
    const { account } = this.args;
    return this.shell(
      `cd ~${account} && exec runuser -u ${account} -- env HOME="$PWD" sh -c ${quoted}`,
      input,
    );
  }
}
