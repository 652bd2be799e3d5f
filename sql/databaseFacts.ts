import type { Words } from "../config/values/key";
import type { Installation } from "./installation";

/** What sql/look/facts.sql tells, and what was tried beside it. */
export interface DatabaseFacts {
  installation: Installation;
  database: string;
  adminUser: string;
  server: string;
  version: number;
  version_text: string;
  standby: boolean;
  encoding: string;
  /** The admin login's transactions are read-only by default. */
  reads_only: boolean;
  /** Statements that let the synchronisation's sessions fire triggers again. */
  triggers_off: string[];
  main_schema: boolean;
  main_there: boolean;
  main_kind: "table" | "no table";
  columns_lacking: string[];
  /** Schemas that have a table of observations. */
  elsewhere: string[];
  repair_foreign: boolean;
  installed: boolean;
  /** Names of what a stack makes and what is not there. */
  absent: string[];
  postgis: boolean;
  postgis_to_have: boolean;
  roles_used: string[];
  run_as: "absent" | "superuser" | "fine" | null;
  path_absent: string[];
  path_open: string[];
  logins_absent: string[];
  /** Statements that give the admin login what it lacks. */
  lacking: string[];
  /** The version that has installed what is there; null where it cannot be read. */
  installed_version: string | null;
  /** Why main's table cannot be repaired as it is (its key, its types …), and what to do; of a table that is there. */
  main_fault: { problem: string; remedy: string } | null;
  /** What somebody else has under the kit's names, and what to do. */
  foreign_fault: { problem: string; remedy: string } | null;
  /** A site of which main has nothing, with main's names, and what to do. */
  sites_fault: { problem: string; remedy: string } | null;
  /** What somebody's event trigger says to new objects. */
  objects_refused: string | null;
  /** Entries of `repair.extraGrants` that the admin login cannot give, and why. */
  refused_grants: { grant: string; why: string; right: boolean }[];
}

/** What a check says of a thing that is wrong. */
export function when(wrong: boolean, en: string, fr: string): Words | undefined {
  return wrong ? { en, fr } : undefined;
}
