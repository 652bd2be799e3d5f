import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BareDebian, bareDebian } from "../support/bareDebian";

// Set by scripts/test: which releases, and whether all that takes long is done too.
const RELEASES = (process.env["VN_FRESH_RELEASES"] || "bookworm").split(" ");
const WHOLE = process.env["VN_FRESH_WHOLE"] === "yes";

// The two commands of the README, on a machine on which nobody has prepared anything.
describe.sequential.each(RELEASES)("bare Debian: %s", (release) => {
  let debian: BareDebian;

  beforeAll(async () => {
    debian = await bareDebian(release, (line) => process.stderr.write(`${release} | ${line}\n`));
    if (!WHOLE) await debian.copyEngine();
  });
  afterAll(async () => {
    await debian?.remove();
  });

  test("it has none of what the kit needs", async () => {
    const found = await debian.run(
      "type -P node npm go python3 psql pg_config pulumi debootstrap sshd; true",
    );
    expect(found.stdout).toBe("");
  });

  test(`scripts/demo${WHOLE ? "" : " --prepare"}`, async () => {
    const { code } = await debian.run(`scripts/demo${WHOLE ? "" : " --prepare"}`);
    expect(code).toBe(0);
  });

  test(`scripts/test${WHOLE ? "" : " unit"}`, async () => {
    const { code, stdout } = await debian.run(`scripts/test ${WHOLE ? "unit sql runner e2e" : "unit"}`);
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^\d{2,} passed, 0 failed$/);
    expect(code).toBe(0);
  });
});
