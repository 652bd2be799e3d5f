import { HOME_FILES, type Names } from "../../config/names";

/** How a login reaches the database from the host. */
export interface PgTarget {
  address: string;
  port: number;
  database: string;
  sslmode: string;
}

/** The authorities that Debian trusts. */
const SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * `~/.pg_service.conf`: libpq takes each value as it stands, to the end of the line. To verify a certificate it wants
 * a file of authorities: the stack's own, or Debian's.
 */
export function pgService({ service, login, home }: Names, to: PgTarget, ownAuthority: boolean): string {
  const authorities = ownAuthority ? `${home}/${HOME_FILES.authority}` : SYSTEM_AUTHORITIES;
  return [
    "# Written by vn-sync-check: psql service=" + service,
    `[${service}]`,
    `host=${to.address}`,
    `port=${to.port}`,
    `dbname=${to.database}`,
    `user=${login}`,
    `sslmode=${to.sslmode}`,
    ...(ownAuthority || to.sslmode.startsWith("verify-") ? [`sslrootcert=${authorities}`] : []),
    "",
  ].join("\n");
}

/**
 * One line of `~/.pgpass`. In every field libpq takes a backslash before `\` and `:`. The host field is the
 * one of the service file; for a socket folder libpq looks for `localhost`.
 */
export function pgPass(login: string, password: string, to: PgTarget): string {
  const fields = [
    to.address.startsWith("/") ? "localhost" : to.address,
    String(to.port),
    to.database,
    login,
    password,
  ];
  return `${fields.map((field) => field.replace(/[\\:]/g, "\\$&")).join(":")}\n`;
}
