import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { run } from "../support/command";

const YEAR = process.env["VN_SOAK_WHOLE"] ? 52 : 4;
const FIXED = 1;
const random = randomInt(1_000_000);

/** Weeks as life brings them, by a program of its own: it and all that it starts go by another clock. */
async function soak(weeks: number, seed: number) {
  const { code, stdout, stderr } = await run("scripts/soak", [
    "--weeks",
    String(weeks),
    "--seed",
    String(seed),
    "--shrink-for",
    "10",
  ]);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
}

// Side by side: each waits much of its time.
test.concurrent.each([
  [YEAR, FIXED, "always"],
  [4, random, "another one each time"],
])("%i weeks of the seed %i (%s): main is as it should be, and status true on each day", (weeks, seed) =>
  soak(weeks, seed),
);
