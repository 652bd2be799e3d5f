import fc from "fast-check";
import { expect, test } from "vitest";
import { pgPass } from "../../components/render/pgFiles";
import { lastDue, nextDue } from "../../config/values/cron";
import { scrubber } from "../../scripts/runner/account/scrub";
import { parsePgpass, parseService, passwordFor } from "../../scripts/runner/account/service";
import { english } from "../../scripts/runner/text/en";
import { french } from "../../scripts/runner/text/fr";

test("every text there is in English is there in French, with the same arguments", () => {
  const shape = (part: unknown): unknown =>
    typeof part === "function" ? part.length : typeof part === "object" ? mapped(part as object) : "text";
  const mapped = (part: object) =>
    Object.fromEntries(Object.entries(part).map(([key, value]) => [key, shape(value)]));
  expect(shape(french)).toEqual(shape(english));
});

test("no form of a secret passes the scrubber", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4, maxLength: 20, unit: "grapheme" }), (secret) => {
      fc.pre(!"***".includes(secret) && !"a *** b".includes(secret));
      const scrub = scrubber([secret]);
      for (const form of [
        secret,
        encodeURIComponent(secret),
        encodeURIComponent(secret).replaceAll("%20", "+"),
      ])
        expect(scrub(`a ${form} b`)).not.toContain(form);
    }),
  );
  const scrub = scrubber([]);
  expect(scrub("GET /api/x?user_email=a%40b.fr&user_pw=s3&id=1")).toBe(
    "GET /api/x?user_email=***&user_pw=***&id=1",
  );
  expect(scrub(`OAuth oauth_consumer_key="k", oauth_signature="x%3D"`)).toBe(
    "OAuth oauth_consumer_key=***, oauth_signature=***",
  );
  expect(scrub("postgresql+psycopg2://vn:pw@localhost/db")).toBe("postgresql+psycopg2://***@localhost/db");
  expect(scrub("{'user_pw': 'it''s', 'a': 1}")).not.toContain("it");
});

test("pgpass: what the stack writes is what the runner reads; first match, wildcards", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: fc.constantFrom("a", ":", "\\", "'", "é", " ", "#") }),
      (password) => {
        const line = pgPass("u", password, { address: "h", port: 1, database: "d", sslmode: "prefer" });
        const to = { host: "h", port: "1", database: "d", user: "u" };
        expect(passwordFor(parsePgpass(`# x\n${line}`), to)).toBe(password);
        expect(passwordFor(parsePgpass(line), { ...to, user: "v" })).toBeUndefined();
      },
    ),
  );
  expect(
    passwordFor(parsePgpass("localhost:*:*:u:a:b\n*:*:*:*:c"), {
      host: "/run",
      port: "1",
      database: "d",
      user: "u",
    }),
  ).toBe("a:b");
});

test("a service file is read as libpq reads it", () => {
  const text = "# c\n[other]\nhost=x\n[vn_check]\nhost=h\n dbname = d\nuser=u\n[vn_check]\nhost=z\n";
  expect(parseService(text, "vn_check")).toEqual({ host: "h", dbname: "d", user: "u" });
  expect(parseService(text, "none")).toBeUndefined();
});

test("cron lines: what is due next and what was due last", () => {
  const at = (text: string) => new Date(text);
  const monday = at("2026-11-23T10:00:00");
  expect(nextDue("30 4 * * *", monday)).toEqual(at("2026-11-24T04:30:00"));
  expect(nextDue("0 22 * * 6", monday)).toEqual(at("2026-11-28T22:00:00"));
  expect(nextDue("0 22 * * sun", monday)).toEqual(nextDue("0 22 * * 7", monday));
  expect(nextDue("*/20 10-11 * * 1-5", at("2026-11-23T10:40:00"))).toEqual(at("2026-11-23T11:00:00"));
  expect(nextDue("0 0 29 2 *", monday)).toEqual(at("2028-02-29T00:00:00"));
  // Day of month and day of week both given: either will do.
  expect(nextDue("0 1 1 * mon", at("2026-11-24T00:00:00"))).toEqual(at("2026-11-30T01:00:00"));
  expect(nextDue("0 1 1 * mon", at("2026-11-30T02:00:00"))).toEqual(at("2026-12-01T01:00:00"));
  expect(lastDue("0 22 * * 6", monday)).toEqual(at("2026-11-21T22:00:00"));
  expect(lastDue("0 10 * * *", monday)).toEqual(monday);
  for (const wrong of ["@daily", "61 * * * *", "* * *", "1-0 * * * *"])
    expect(nextDue(wrong, monday)).toBeUndefined();
});
