import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "./client";
import { type Account, type Emulator, startEmulator } from "./index";
import { oauthOf } from "./oauth";

const check: Account = {
  userEmail: "vérif+copie@example.org",
  userPassword: "p&ss wörd=+%'!*()~",
  clientKey: "check-key",
  clientSecret: "secret/with+=&",
};
const main: Account = { ...check, userEmail: "main@example.org", clientKey: "main-key", noAccessTo: [2] };
let emulator: Emulator;
let base: string;

beforeAll(async () => {
  emulator = await startEmulator({ sites: [{ name: "isere", observations: 20, accounts: [main, check] }] });
  base = emulator.url("isere");
});
afterAll(() => emulator.close());

/** RFC 5849 written out: what the emulator's library must agree with. */
function signedByHand(
  account: Account,
  url: string,
  stamp = Math.floor(Date.now() / 1000),
  nonce = String(Math.random()),
) {
  const enc = (s: string) =>
    encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const fields: [string, string][] = [
    ["oauth_consumer_key", account.clientKey],
    ["oauth_nonce", nonce],
    ["oauth_signature_method", "HMAC-SHA1"],
    ["oauth_timestamp", String(stamp)],
    ["oauth_version", "1.0"],
  ];
  const parameters = [...fields, ...new URL(url).searchParams]
    .map(([k, v]) => `${enc(k)}=${enc(v)}`)
    .sort()
    .join("&");
  const text = `GET&${enc(url.split("?")[0] as string)}&${enc(parameters)}`;
  const signature = createHmac("sha1", `${enc(account.clientSecret)}&`)
    .update(text)
    .digest("base64");
  return `OAuth ${[...fields, ["oauth_signature", signature]].map(([k, v]) => `${k}="${enc(v as string)}"`).join(", ")}`;
}

function urlOf(account: Account, more = "") {
  const enc = encodeURIComponent;
  return `${base}api/taxo_groups?user_email=${enc(account.userEmail)}&user_pw=${enc(account.userPassword)}${more}`;
}

async function status(url: string, authorization?: string): Promise<number> {
  const res = await fetch(url, authorization ? { headers: { authorization } } : {});
  await res.text();
  return res.status;
}

test("a signature made by hand as the standard says is accepted, whatever is in the password", async () => {
  const url = urlOf(check);
  expect(await status(url, signedByHand(check, url))).toBe(200);
});

test("the query is part of the signature", async () => {
  const header = signedByHand(check, urlOf(check));
  expect(await status(urlOf(check, "&short_version=1"), header)).toBe(401);
});

test.each([
  ["no header", () => undefined],
  ["a wrong consumer secret", (url: string) => signedByHand({ ...check, clientSecret: "other" }, url)],
  ["an unknown consumer key", (url: string) => signedByHand({ ...check, clientKey: "other" }, url)],
  ["the key of another account", (url: string) => signedByHand(main, url)],
  ["an old timestamp", (url: string) => signedByHand(check, url, Math.floor(Date.now() / 1000) - 3600)],
])("%s is refused with 401", async (_, header) => {
  const url = urlOf(check);
  expect(await status(url, header(url))).toBe(401);
});

test("a wrong password is refused although the signature is right", async () => {
  const url = urlOf({ ...check, userPassword: "other" });
  expect(await status(url, signedByHand(check, url))).toBe(401);
});

test("the same nonce a second time is refused", async () => {
  const url = urlOf(check);
  const header = signedByHand(check, url);
  expect(await status(url, header)).toBe(200);
  expect(await status(url, header)).toBe(401);
});

test("an account of one site does not open another, an unknown site is 404", async () => {
  const url = urlOf(check).replace("/isere/", "/other/");
  expect(await status(url, signedByHand(check, url))).toBe(404);
});

test("rights are the account's: a group without them is 'none' and refused with 403", async () => {
  const modes = async (account: Account) =>
    (
      (await (await ask(base, account, "taxo_groups")).json()) as {
        data: { id: string; access_mode: string }[];
      }
    ).data
      .filter((g) => g.access_mode === "none")
      .map((g) => g.id);
  expect(await modes(check)).toEqual(["30"]);
  expect(await modes(main)).toEqual(["2", "30"]);
  const query = { id_taxo_group: "2", date: "2026-01-01 00:00:00.000000" };
  expect((await ask(base, check, "observations/diff/", { query })).status).toBe(200);
  expect((await ask(base, main, "observations/diff/", { query })).status).toBe(403);
  const seen = [...emulator.world.truth({ userEmail: main.userEmail })].map((row) => row.taxo_group);
  expect(seen).not.toContain(2);
});

test("what is recorded holds no secret", async () => {
  const url = urlOf(check);
  await status(url, signedByHand(check, url));
  const kept = JSON.stringify(emulator.requests.list());
  expect(kept).toContain(check.userEmail);
  expect(kept).not.toContain("user_pw");
  expect(kept).not.toContain(check.clientSecret);
  expect(kept).not.toContain("oauth_signature");
  expect(kept).not.toContain(check.userPassword);
});

test("the library that checks signs the same as the standard written out", () => {
  const url = urlOf(check);
  const oauth = oauthOf(check);
  const data = oauth.authorize({ url, method: "GET" });
  const hand = signedByHand(check, url, data.oauth_timestamp, data.oauth_nonce);
  expect(hand).toContain(`oauth_signature="${encodeURIComponent(data.oauth_signature)}"`);
});
