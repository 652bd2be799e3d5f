/** How a login reaches the database from the host. */
export interface PgTarget {
  address: string;
  port: number;
  database: string;
  sslmode: string;
}

/** `~/.pg_service.conf`: libpq takes each value as it stands, to the end of the line. */
export function pgService(service: string, login: string, to: PgTarget): string {
  return [
    "# Written by vn-sync-check: psql service=" + service,
    `[${service}]`,
    `host=${to.address}`,
    `port=${to.port}`,
    `dbname=${to.database}`,
    `user=${login}`,
    `sslmode=${to.sslmode}`,
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
