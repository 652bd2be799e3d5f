import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../config/parse";
import { ConfigFaults } from "../../../config/words";
import { MINIMAL, settings } from "../components/stack";

// What a value may look like, key by key: each ends in some file or statement, where another would say something else.

const { database, host, sites } = MINIMAL;

/** The keys that a stack with these values is told of. */
function faulty(values: Record<string, unknown>): string[] {
  try {
    parseConfig(settings({ ...MINIMAL, ...values }), "vn-sync-check", {});
    return [];
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults.map(({ key }) => key);
    throw error;
  }
}

const KEYS: Record<
  string,
  { with: (value: string) => Record<string, unknown>; bad: string[]; good: string[] }
> = {
  "sites.*": {
    with: (value) => ({ sites: { [value]: sites.vn38 } }),
    bad: ["vn 38", "38", "vn38:", "vn'38", "#vn", "é", "vn.38", `v${"n".repeat(63)}`],
    good: ["vn38", "VN-38_a", "v"],
  },
  "repair.extraGrants": {
    with: (value) => ({ repair: { extraGrants: [value] } }),
    bad: [
      "SELECT",
      "SELECT ON",
      "SELECT ON TABLE a; DROP TABLE b",
      "SELECT ON TABLE a TO public --'",
      "SELECT ON TABLE a\nTO public",
      "SELECT ON TABLE $$a$$",
      "",
    ],
    good: ["SELECT ON TABLE ref.areas", 'EXECUTE ON FUNCTION ref.f(integer, "É")', "USAGE ON SCHEMA ref"],
  },
  "repair.mainSyncLogins": {
    with: (value) => ({ repair: { mainSyncLogins: [value] } }),
    bad: ["a\nb", " a", "a ", "x".repeat(64)],
    good: ["vn_sync", "Élise d'Or", "a-b"],
  },
  "repair.runAs": {
    with: (value) => ({ repair: { runAs: value } }),
    bad: ["a\nb", " a"],
    good: ["geonatadmin"],
  },
  "repair.volatileKeys": {
    with: (value) => ({ repair: { volatileKeys: [value] } }),
    bad: ["a\nb", "a\tb"],
    good: ["@id", "a b", "it's"],
  },
  "database.mainSchema": {
    with: (mainSchema) => ({ database: { ...database, mainSchema } }),
    bad: ["Src", "src-vn", "1src", "src vn", 'src"', "s".repeat(64)],
    good: ["src_vn_json", "_a1"],
  },
  "database.name": {
    with: (name) => ({ database: { ...database, name } }),
    bad: ["a\nb", " a", "x".repeat(64)],
    good: ["GeoNature 2", "g"],
  },
  "database.address": {
    with: (address) => ({ database: { ...database, address } }),
    bad: ["https://db.example.org", "db:5432", "a b", "-db", "db/x"],
    good: ["db.example.org", "127.0.0.1", "::1"],
  },
  "database.readers": {
    with: (value) => ({ database: { ...database, readers: [value] } }),
    bad: ["a\nb"],
    good: ["qgis"],
  },
  "host.user": {
    with: (user) => ({ host: { ...host, user } }),
    bad: ["a b", "1a", "a;b", "$(id)"],
    good: ["root", "debian-1"],
  },
  "sites.vn38.url": {
    with: (url) => ({ sites: { vn38: { ...sites.vn38, url } } }),
    bad: [
      "ftp://x.org/",
      "x.org",
      "https://x.org/?a",
      "https://a:b@x.org/",
      "https://x.org/ a",
      "https://x.org/'",
    ],
    good: ["https://www.faune-isere.org", "http://localhost:8080/"],
  },
  "sites.vn38.userEmail": {
    with: (userEmail) => ({ sites: { vn38: { ...sites.vn38, userEmail } } }),
    bad: ["nobody", "a@b@c", "a b@c.org", ""],
    good: ["x@example.org"],
  },
  "sites.vn38.userPassword": {
    with: (userPassword) => ({ sites: { vn38: { ...sites.vn38, userPassword } } }),
    bad: ["a\nb", "a\u0000b"],
    good: [" é\"'\\%#:{ "],
  },
  "filter.taxoExclude": {
    with: (value) => ({ filter: { taxoExclude: [value] } }),
    bad: ["BIRD", "TAXO_GROUP_bird", "TAXO_GROUP_BIRD, x", "TAXO_GROUP_"],
    good: ["TAXO_GROUP_ALIEN_PLANTS"],
  },
  "filter.territorialUnits": {
    with: (value) => ({ filter: { territorialUnits: [value] } }),
    bad: ["3 8", "3,8", '3"8', "7", "x".repeat(21)],
    good: ["38", "2A", "07"],
  },
  instance: {
    with: (instance) => ({ instance }),
    bad: ["Savoie", "1a", "a-b", "a".repeat(22)],
    good: ["savoie", "a".repeat(21)],
  },
  adminEmail: {
    with: (adminEmail) => ({ adminEmail }),
    bad: ["nobody", "a b@c.org", "a@b\nc"],
    good: ["admin@example.org"],
  },
};

describe.each(Object.entries(KEYS))("%s", (key, { with: values, bad, good }) => {
  test.each(bad)("%j is refused, and nothing else is", (value) => {
    const told = faulty(values(value));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(key.replace(".*", ""));
  });

  test.each(good)("%j is taken", (value) => {
    expect(faulty(values(value))).toEqual([]);
  });
});
