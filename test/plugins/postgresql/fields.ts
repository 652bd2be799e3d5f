import { randomBytes } from "node:crypto";
import type { Difference } from "../support/resource";
import { defined, equal, hasUnknown, UNKNOWN, type Value, type Values } from "../support/values";

/** What the provider knows of one input. */
export interface Field {
  /** Taken where the input is absent. */
  fallback?: Value;
  /** Absent means "as it is in the database". */
  computed?: boolean;
  /** A change makes a new resource. */
  replace?: boolean;
  /** A list whose order does not count. */
  set?: boolean;
}
export type Fields = { [input: string]: Field };

/** Inputs completed with the defaults. */
export function complete(fields: Fields, inputs: Values): Values {
  return defined(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, inputs[name] ?? field.fallback])),
  );
}

/** As completed inputs, and the state for what is computed: what the resource is to be. */
export function desired(fields: Fields, inputs: Values, state: Values | undefined): Values {
  const wanted = complete(fields, inputs);
  for (const [name, field] of Object.entries(fields)) {
    if (field.computed && wanted[name] === undefined && state?.[name] !== undefined)
      wanted[name] = state[name];
  }
  return wanted;
}

/** Compares the state with what is wanted now. */
export function fieldsDiff(fields: Fields, state: Values, inputs: Values): Difference {
  const wanted = desired(fields, inputs, state);
  const changed: Difference["changed"] = {};
  for (const [name, field] of Object.entries(fields)) {
    const [from, to] = [normal(field, state[name]), normal(field, wanted[name])];
    if (equal(from, to)) continue;
    changed[name] = { from, to, replace: field.replace === true };
  }
  return {
    changed,
    // Two of one name cannot stand side by side: so it is where the program gives the name itself.
    deleteBeforeReplace: "name" in fields && equal(state.name, wanted.name),
  };
}

function normal(field: Field, value: Value | undefined): Value | undefined {
  if (!Array.isArray(value)) return value === "" ? undefined : value;
  if (value.length === 0) return undefined;
  return field.set && !hasUnknown(value) ? [...value].sort() : value;
}

/** The state before anything is done: what is not given is unknown until then. */
export function fieldsPreview(fields: Fields, inputs: Values, state: Values | undefined): Values {
  const wanted = desired(fields, inputs, state);
  for (const [name, field] of Object.entries(fields)) {
    if (field.computed && wanted[name] === undefined) wanted[name] = UNKNOWN;
  }
  return wanted;
}

/** The name in the program with seven random characters, where the program gives none. */
export function named(inputs: Values, before: Values | undefined, name: string): Values {
  if (inputs.name !== undefined) return inputs;
  return { ...inputs, name: before?.name ?? `${name}-${randomBytes(4).toString("hex").slice(0, 7)}` };
}
