import { expect, test } from "vitest";
import { type HostConfig, hostConfigOf, readHostConfig } from "../../../config/host";
import { parseConfig } from "../../../config/parse";
import { hostFaultInWords } from "../../../config/words";
import { version } from "../../../package.json";
import { MINIMAL, settings } from "../components/stack";

const config = hostConfigOf(parseConfig(settings(MINIMAL)));

/** What the host would be told of a file with these keys beside the necessary ones. */
function faults(change: object): string[] {
  const file = readHostConfig(JSON.stringify({ ...config, ...change }));
  return file.is === "faulty" ? file.faults.map((fault) => hostFaultInWords(fault, "en")) : [];
}

test("the host is given keys of the stack under their own names, and no secret", () => {
  expect(config).toMatchSnapshot({ version: expect.any(String) });
  for (const secret of [MINIMAL.database.adminPassword, ...Object.values(MINIMAL.sites.vn38)])
    expect(JSON.stringify(config)).not.toContain(JSON.stringify(secret).slice(1, -1));
});

test("what the stack writes is what the runner reads", () => {
  const mail = { smtp: "smtp.example.org", smtpTls: "tls", smtpUser: "vn", smtpPassword: "s3 cret" };
  const own = { instance: "savoie", locale: "en", windowDays: 21, firstImport: { stepDays: 90 }, mail };
  const all = { ...MINIMAL, ...own };
  const written = hostConfigOf(parseConfig(settings(all)));
  expect(JSON.stringify(written)).not.toContain("s3 cret");
  expect(readHostConfig(JSON.stringify(written))).toEqual({ is: "fine", config: written, locale: "en" });
});

test("an absent key has its default, all faults are told at once", () => {
  const { version: _, names, ...rest } = config;
  const { mailTo: __, ...schedule } = rest.schedule;
  const { from: ___, ...mail } = rest.mail;
  expect(readHostConfig(JSON.stringify({ version, names }))).toMatchObject({
    is: "fine",
    config: { ...rest, schedule, mail },
  });
  expect(
    faults({
      locale: "de",
      windowdays: 3,
      overlapDays: 61,
      firstImport: { since: "1900-02-30" },
      schedule: [],
    }),
  ).toEqual([
    'locale is "de": use fr, en',
    "overlapDays is 61: give a whole number from 0 to 60",
    "schedule is not an object",
    'firstImport.since is "1900-02-30": give a date as YYYY-MM-DD',
    "windowdays is not a key of this kit: did you mean windowDays?",
  ]);
  expect(faults({ names: { ...names, checkSchema: "" } })).toEqual(["names.checkSchema is missing"]);
  expect(readHostConfig("{")).toMatchObject({ is: "faulty", faults: [{ is: "no JSON" }] });
  expect(readHostConfig("[]")).toMatchObject({ is: "faulty" });
});

test("a file of another version of the kit is told from a faulty one, in the stack's language", () => {
  const later: HostConfig & { newKey: number } = { ...config, version: "99.0.0", newKey: 1 };
  expect(readHostConfig(JSON.stringify(later))).toEqual({
    is: "of another version",
    theirs: "99.0.0",
    ours: version,
    locale: "fr",
  });
});
