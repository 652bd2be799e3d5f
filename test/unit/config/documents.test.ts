import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { DOCUMENTS } from "../../../config/documents";
import { parseConfig } from "../../../config/parse";
import { SCHEMA } from "../../../config/schema";
import { HOST_KEY, settings } from "../components/stack";

const SECRETS = /^( *)#? ?(\w+): \(secret\)$/gm;
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\\nabc\\n-----END OPENSSH PRIVATE KEY-----\\n";

/** The example as a person fills it in: its secrets set, the host's own key in place of the example's. */
function example(text: string): Record<string, string> {
  const filled = text.replace(SECRETS, (_, indent: string, name: string) =>
    name === "privateKey" ? `${indent}${name}: "${KEY}"` : `${indent}${name}: s3cret`,
  );
  const { config } = parse(filled.replace(/(?<=hostKey: )ssh-ed25519 \S+/g, HOST_KEY)) as {
    config: Record<string, unknown>;
  };
  return settings(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.replace("vn-sync-check:", ""), value]),
    ),
  );
}

test.each(Object.entries(DOCUMENTS))("%s is what `npm run generate` would write", (path, write) => {
  const now = readFileSync(path, "utf8");
  expect(write(now), "run `npm run generate` and commit what it writes").toBe(now);
});

test("the example is a whole configuration as it stands", () => {
  const config = parseConfig(example(readFileSync("Pulumi.example.yaml", "utf8")));
  expect(config).toMatchObject({ windowDays: 14, sites: { vn38: { enabled: true } } });
});

test("and with every key of it set, none is missing or wrong", () => {
  const text = readFileSync("Pulumi.example.yaml", "utf8").replace(/^( +)# /gm, "$1");
  const config = parseConfig(example(text));
  expect(Object.keys(config).sort()).toEqual(Object.keys(SCHEMA).sort());
  expect(config.host).toMatchObject({ bastion: { address: "vn.example.org" } });
  expect(config.repair).toMatchObject({
    references: ["observers", "places", "species"],
    runAs: "geonatadmin",
  });
});

test("S12: no comment trails in the example, which `config set` would move to where its keys are read by nobody", () => {
  const last = readFileSync("Pulumi.example.yaml", "utf8").trimEnd().split("\n").at(-1);
  expect(last).toBe("  vn-sync-check:destroyData: false");
});
