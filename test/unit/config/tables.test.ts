import { expect, test } from "vitest";
import { HOME_FILES, namesOf } from "../../../config/names";
import { REPAIR_CONSTANTS } from "../../../config/sections/repair";
import {
  CONTROLLERS,
  EXTRA_CONTROLLERS,
  LOG_TABLES,
  NEEDED_CONTROLLERS,
  PROOF_CONTROLLERS,
} from "../../../config/values/controllers";

test("the controllers fill the client's fifteen tables, with the two that it keeps for itself", () => {
  const filled = CONTROLLERS.flatMap(({ tables }) => [...tables]);
  expect([...filled, ...LOG_TABLES].sort()).toEqual([
    "download_log",
    "entities_json",
    "families_json",
    "field_details_json",
    "field_groups_json",
    "forms_json",
    "increment_log",
    "local_admin_units_json",
    "observations_json",
    "observers_json",
    "places_json",
    "species_json",
    "taxo_groups_json",
    "territorial_units_json",
    "validations_json",
  ]);
  expect([...NEEDED_CONTROLLERS, ...EXTRA_CONTROLLERS].sort()).toEqual(
    CONTROLLERS.map(({ controller }) => controller).sort(),
  );
  expect(PROOF_CONTROLLERS.every((name) => NEEDED_CONTROLLERS.includes(name))).toBe(true);
});

test("each instance has names of its own, all within PostgreSQL's 63 bytes", () => {
  const longest = namesOf(`a${"b".repeat(20)}`);
  for (const name of Object.values(longest)) expect(name.length).toBeLessThan(64);
  expect(namesOf("default").repairSchema).toBe("src_vn_json_repair");
  expect(namesOf("savoie", "owner")).toMatchObject({
    repairSchema: "src_vn_json_repair_savoie",
    dataOwner: "owner",
  });
  const own = Object.entries(namesOf("default")).filter(([, name]) =>
    Object.values(namesOf("x")).includes(name),
  );
  expect(own).toEqual([]);
  expect(new Set(Object.values(HOME_FILES)).size).toBe(Object.keys(HOME_FILES).length);
});

test("what no user may set is a number, or a duration that PostgreSQL reads as it stands", () => {
  for (const value of Object.values(REPAIR_CONSTANTS)) {
    if (typeof value === "string") expect(value).toMatch(/^\d+ (milliseconds|seconds|days)$/);
    else expect(value).toBeGreaterThan(0);
  }
});
