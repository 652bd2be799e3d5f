/** A key of the right shape, of nobody's. */
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

/** The least that a stack must say. */
export const MINIMAL = {
  adminEmail: "admin@example.org",
  host: {
    address: "vn.example.org",
    hostKey: `vn.example.org ${HOST_KEY} a comment`,
  },
  database: {
    address: "db.example.org",
    name: "geonature2db",
    adminUser: "postgres",
    adminPassword: "p:w\\d",
  },
  sites: {
    vn38: {
      url: "https://www.faune-isere.org",
      userEmail: "x@example.org",
      userPassword: 'pa"ss: #1',
      clientKey: "key",
      clientSecret: "secret",
    },
  },
};

/** Values as the engine hands them over: objects and lists as JSON. */
export function settings(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `vn-sync-check:${key}`,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}
