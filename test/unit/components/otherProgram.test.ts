import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test, vi } from "vitest";

const EXAMPLE = "../../../examples/other-program/index";

/** Type and name of each resource that the example asks for: two components of the kit in one program. */
const asked: { type: string; name: string }[] = [];

beforeAll(async () => {
  const secrets = ["adminPassword", "vn38-password", "vn38-key", "vn38-secret"];
  pulumi.runtime.setAllConfig(Object.fromEntries(secrets.map((key) => [`our-servers:${key}`, "s3cret"])));
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        asked.push({ type, name });
        return { id: `${name}-id`, state: { ...inputs, stdout: "", stderr: "" } };
      },
      call: () => ({}),
    },
    "our-servers",
    "test",
    false,
  );
  const { forMainOwner } =
    await vi.importActual<typeof import("../../../examples/other-program/index")>(EXAMPLE);
  await new Promise((resolve) => forMainOwner.apply(resolve));
  await new Promise((resolve) => setTimeout(resolve, 200)); // what depends on others is registered after them
});

const partsOf = (component: string) =>
  asked
    .filter(({ name }) => name.startsWith(`${component}-`))
    .map(({ type, name }) => `${type} ${name.slice(component.length + 1)}`)
    .sort();

test("no two resources share type and name, so that none share an URN", () => {
  const all = asked.map(({ type, name }) => `${type} ${name}`);
  expect(all.filter((one, i) => all.indexOf(one) < i)).toEqual([]);
});

test("every resource bears its component's name, and both components have the same parts", () => {
  expect(asked.filter(({ name }) => !name.startsWith("birds"))).toEqual([]);
  const trial = partsOf("birds-trial");
  expect(trial).toContain("command:local:Command schedule-cron");
  expect(partsOf("birds").filter((part) => !/ trial(-|$)/.test(part))).toEqual(trial);
});
