import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import { bundleRunner } from "../../../components/render/bundle";
import { install as installKit } from "../../../sql/installer";
import { type Emulator, startEmulator } from "../../emulator";
import { makeAccount, NAMES, portalAccount, type RunnerAccount, SITES } from "../../runner/runnerAccount";
import { installation, makeClientTables } from "../../support/installation";
import { type Cluster, startCluster } from "../../support/postgres";
import { Clock } from "./clock";

/** Login of main's own synchronisation, which owns main. */
export const MAIN_LOGIN = "vn_main";
/** Somebody else who may write to main. */
const OTHER_LOGIN = "somebody";

/** All that a year is played on; nothing of it is shared with another. */
export interface Ground {
  clock: Clock;
  emulator: Emulator;
  cluster: Cluster;
  account: RunnerAccount;
  /** What becomes of rows that the portal has deleted. */
  deletions: "apply" | "report";
  /** Values that must be seen nowhere. */
  secrets: string[];
  /** As main's own synchronisation. */
  asMain(): Promise<Client>;
  /** As somebody else. */
  asOther(): Promise<Client>;
  /** What `pulumi up` does in the database. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

const GROUPS = [
  { id: 1, name: "Oiseaux", nameConstant: "TAXO_GROUP_BIRD", latinName: "Aves", weight: 3 },
  { id: 2, name: "Chauves-souris", nameConstant: "TAXO_GROUP_BAT", latinName: "Chiroptera" },
  { id: 3, name: "Mammifères", nameConstant: "TAXO_GROUP_MAMMAL", latinName: "Mammalia", weight: 2 },
];
const SMALL = { observers: 6, speciesPerGroup: 4, communesPerUnit: 2, placesPerCommune: 3 };

/** Two small portals, a server, main full as its own synchronisation left it, and an account as `pulumi up` leaves it. */
export async function makeGround(seed: number, start: Date, venv: string): Promise<Ground> {
  const clock = new Clock(process.env["VN_SOAK_CLOCK"] ?? "");
  clock.set(start);
  const cluster = await startCluster({ postgis: false, settings: { shared_buffers: "16MB" } });
  const site = (name: string, observations: number) => ({
    name,
    observations,
    accounts: [portalAccount(name)],
    taxoGroups: GROUPS.map((group) => ({ ...group })),
    ...SMALL,
  });
  const emulator = await startEmulator({
    seed,
    now: start,
    years: 0.2,
    recentShare: 0.3,
    pageSize: 20,
    sites: [site("isere", 110), site("ardeche", 70)],
  });
  const deletions = seed % 3 === 0 ? "report" : "apply";
  const [login, main, other] = [secret(), secret(), secret()];
  const database = await cluster.createDatabase("year");
  const sql = await cluster.connect(database);
  await sql.query(`
    CREATE ROLE ${NAMES.login} LOGIN PASSWORD ${sql.escapeLiteral(login)};
    CREATE ROLE ${NAMES.repairRole} NOLOGIN;
    CREATE ROLE ${MAIN_LOGIN} LOGIN PASSWORD ${sql.escapeLiteral(main)};
    CREATE ROLE ${OTHER_LOGIN} LOGIN PASSWORD ${sql.escapeLiteral(other)};`);
  await makeClientTables(sql, "src_vn_json");
  await sql.query(MAIN_TABLES);
  const up = async () => {
    const admin = await cluster.connect(database);
    try {
      await installKit(
        admin,
        installation({
          deletions,
          referenceControllers: ["observers"],
          lossesByOthers: "repair",
          mainSyncLogins: [MAIN_LOGIN],
          // A share of so small a main would allow none.
          maxDeleteShare: 1,
        }),
      );
    } finally {
      await admin.end();
    }
  };
  await sql.end();
  await up();
  // Homes stand on a small disk of their own, where there is one.
  const { VN_SOAK_HOMES: homes, TMPDIR: temporary } = process.env;
  if (homes) process.env["TMPDIR"] = homes;
  const account = await makeAccount({
    venv,
    bundle: bundleRunner(),
    cluster,
    emulator,
    database,
    password: login,
    env: Clock.env(),
  });
  if (homes) process.env["TMPDIR"] = temporary;
  await putPython(account.home, venv);
  const evn = await account.file("evn.yaml");
  await account.write("evn.yaml", evn.replace(/(observers:\n\s+enabled: )false/, "$1true"));
  await account.settings({
    runner: {
      attempts: 2,
      retryDelaySeconds: 0,
      logDays: 90,
      silenceSeconds: 20,
      overallSeconds: 3600,
      firstImportSeconds: 3600,
    },
  });
  const connect = (user: string, password: string) => () => cluster.connect(database, { user, password });
  return {
    clock,
    emulator,
    cluster,
    account,
    deletions,
    secrets: [
      login,
      ...SITES.map(portalAccount).flatMap(({ userPassword, clientSecret }) => [userPassword, clientSecret]),
    ],
    up,
    asMain: connect(MAIN_LOGIN, main),
    asOther: connect(OTHER_LOGIN, other),
    async stop() {
      await account.remove();
      await emulator.close();
      await cluster.stop();
      clock.close();
    },
  };
}

function secret(): string {
  return `db'${randomBytes(6).toString("hex")}:\\x`;
}

/** The client is started with few variables; the clock's come back where its Python stands. */
async function putPython(home: string, venv: string): Promise<void> {
  const folder = join(home, ".venv.clientapivn");
  await rm(folder);
  await mkdir(join(folder, "bin"), { recursive: true });
  const set = Object.entries(Clock.env(true)).map(([name, value]) => `${name}='${value}'`);
  const path = join(folder, "bin/python");
  await writeFile(path, `#!/bin/sh\nexport ${set.join(" ")}\nexec '${venv}/bin/python' "$@"\n`);
  await chmod(path, 0o755);
}

/** The tables are main's own synchronisation's, with the key that its client makes. */
const MAIN_TABLES = `
  ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk;
  ALTER TABLE src_vn_json.observations_json ADD CONSTRAINT observations_json_pk PRIMARY KEY (id, site);
  ALTER SCHEMA src_vn_json OWNER TO ${MAIN_LOGIN};
  DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'src_vn_json'::regnamespace AND relkind = 'r' LOOP
      EXECUTE format('ALTER TABLE %s OWNER TO ${MAIN_LOGIN}', t);
    END LOOP;
  END $$;
  GRANT USAGE ON SCHEMA src_vn_json TO ${OTHER_LOGIN};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA src_vn_json TO ${OTHER_LOGIN}`;
