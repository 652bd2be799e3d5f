import { stringify } from "yaml";
import { CONTROLLERS, NEEDED_CONTROLLERS } from "../../config/values/controllers";

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
 * the client's template: every controller due each minute, so that `--update` never waits long.
 */
function mainEvnYaml(args: MainSyncArgs): string {
  const { database } = args;
  const needed: readonly string[] = NEEDED_CONTROLLERS;
  return stringify({
    main: { admin_mail: "geomatique@example.org" },
    controler: Object.fromEntries(
      CONTROLLERS.map(({ controller }) => [
        controller,
        { enabled: needed.includes(controller), schedule: { minute: "*" } },
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
 * The main copy's own synchronisation: the real `transfer_vn`, driven through its own command line as
 * associations do, in an account of its own on the host.
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
    await this.as("umask 077; cat > evn.yaml", mainEvnYaml(this.args));
    if (!this.args.tablesMade) await this.transferVn("--json_tables_create");
  }

  /**
   * `transfer_vn --full`, then `--schedule`, which it needs afterwards. The client's start can block for
   * ever (a fork while a log line is written, 3 % of the runs, fewer without a stderr to write to), so a run
   * that takes far too long is ended and tried again.
   */
  async full(): Promise<void> {
    await this.as(
      `for try in 1 2 3 4 5 6; do
         if timeout -k 5 90 venv/bin/transfer_vn --full evn.yaml >/dev/null 2>&1; then ended=yes; break; fi
       done
       [ "$ended" = yes ] && ! grep ' crashed' tmp/transfer_vn.log`,
    );
    await this.transferVn("--schedule");
  }

  /** Waits for the next full minute, when the jobs are due, and runs `transfer_vn --update`. Gives its log. */
  async update(): Promise<string> {
    const toNextMinute = 61 - new Date().getSeconds();
    await new Promise((resolve) => setTimeout(resolve, toNextMinute * 1000));
    return this.as("timeout -k 5 55 venv/bin/transfer_vn --update evn.yaml 2>&1 || true");
  }

  private transferVn(verb: string): Promise<string> {
    return this.as(`timeout -k 5 120 venv/bin/transfer_vn ${verb} evn.yaml 2>&1`);
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
