import type * as pulumi from "@pulumi/pulumi";
import type { Schedule } from "./render/cronEntry";
import type { Names } from "./render/names";

/** A value that the state keeps encrypted. */
export type Secret = pulumi.Output<string>;

/** How a machine is reached by SSH. */
export interface SshConfig {
  address: string;
  port: number;
  user: string;
  /** Absent only where `allowUnknownHostKey` says so. */
  hostKey?: string;
  privateKey?: Secret;
  privateKeyPassword?: Secret;
  password?: Secret;
  agentSocket?: string;
}

/** Where the kit is installed: this machine, or one reached by SSH through at most one bastion. */
export type HostConfig = { type: "local" } | ({ type: "ssh"; bastion?: SshConfig } & SshConfig);

export interface DatabaseConfig {
  address: string;
  port: number;
  name: string;
  sslmode: string;
  adminUser: string;
  adminPassword: Secret;
  /** How the host reaches the same database. */
  fromHost: { address: string; port: number; sslmode: string };
  mainSchema: string;
  monitoringSchema: string;
}

export interface SiteConfig {
  name: string;
  enabled: boolean;
  url: string;
  userEmail: string;
  userPassword: Secret;
  clientKey: Secret;
  clientSecret: Secret;
}

/** Limits of the jobs on the host; meaning and units as in the runner's settings. */
export interface RunnerLimits {
  attempts: number;
  retryDelaySeconds: number;
  logDays: number;
  silenceSeconds: number;
  overallSeconds: number;
  firstImportSeconds: number;
}

/** A stack's configuration, parsed and validated once. */
export interface Config {
  names: Names;
  locale: "fr" | "en";
  adminEmail: string;
  host: HostConfig;
  oldHostGone: boolean;
  database: DatabaseConfig;
  sites: SiteConfig[];
  filter: { taxoExclude: string[]; territorialUnits: string[] };
  windowDays: number;
  overlapDays: number;
  schedule: Schedule;
  firstImport: { start: boolean; since: string; stepDays: number };
  runner: RunnerLimits;
  /** What the repair does, beside the names. */
  repair: RepairConfig;
  clientVersion: string;
  passwordGeneration: number;
  destroyData: boolean;
}

/** See `SqlSettings`, which has the same keys. */
export interface RepairConfig {
  /** Reference tables that the repair compares too, so that check downloads them. */
  references: Reference[];
  deletions: "report" | "apply";
  maxDeletes: number;
  lossesByOthers: "report" | "repair";
  watchMain: boolean;
  sameRights: boolean;
  mainSyncLogins: string[];
  volatileKeys: string[];
  extraGrants: string[];
  triggerSearchPath?: string[];
  runAs?: string;
}

/** The client's controllers beside observations, taxo_groups and territorial_units. */
export const REFERENCES = [
  "entities",
  "families",
  "fields",
  "local_admin_units",
  "observers",
  "places",
  "species",
  "validations",
] as const;
export type Reference = (typeof REFERENCES)[number];

/** Versions of Client-API-VN that the adapter fits. */
export const CLIENT_VERSIONS = ["2.12.0"] as const;
