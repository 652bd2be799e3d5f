import { readFileSync } from "node:fs";
import type * as pulumi from "@pulumi/pulumi";
import type { Job } from "../sql/program";
import type { DatabaseConfig } from "./secrets";

/** How this machine logs in to administer the database. */
export function adminConnection(database: DatabaseConfig): pulumi.Output<Job["connection"]> {
  const { address, port, name, adminUser, sslmode } = database;
  const ca = authorityOf(database);
  return database.adminPassword.apply((password) => ({
    host: address,
    port,
    database: name,
    user: adminUser,
    password,
    sslmode,
    ...(ca !== undefined && { ca }),
  }));
}

/** Text of the certificates that the server's is held against; undefined where those of this machine do. */
export function authorityOf({ caFile }: DatabaseConfig): string | undefined {
  return caFile === undefined ? undefined : readFileSync(caFile, "utf8").replaceAll("\r\n", "\n");
}
