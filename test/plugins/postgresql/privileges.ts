import { equal, texts, type Value } from "../support/values";
import { id } from "./connection";

/** What can be granted on each type of object; "ALL" stands for all of it. */
const PRIVILEGES: { [objectType: string]: string[] } = {
  database: ["CREATE", "CONNECT", "TEMPORARY"],
  table: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
  sequence: ["USAGE", "SELECT", "UPDATE"],
  schema: ["CREATE", "USAGE"],
  function: ["EXECUTE"],
  procedure: ["EXECUTE"],
  routine: ["EXECUTE"],
  type: ["USAGE"],
  foreign_data_wrapper: ["USAGE"],
  foreign_server: ["USAGE"],
  column: ["SELECT", "INSERT", "UPDATE", "REFERENCES"],
};

/** @throws Error that names the privilege that this type of object does not have */
export function checkPrivileges(objectType: string, privileges: Value | undefined): void {
  const known = PRIVILEGES[objectType];
  if (known === undefined)
    throw new Error(`objectType: "${objectType}" is none of ${Object.keys(PRIVILEGES).join(", ")}`);
  for (const privilege of texts(privileges)) {
    if (privilege !== "ALL" && !known.includes(privilege)) {
      throw new Error(`${privilege} is not an allowed privilege for object type ${objectType}`);
    }
  }
}

/** True when what is granted is what was asked for, also through "ALL". */
export function samePrivileges(objectType: string, granted: string[], wanted: string[]): boolean {
  const sorted = [...granted].sort();
  if (equal(sorted, [...wanted].sort())) return true;
  return wanted.includes("ALL") && equal(sorted, [...(PRIVILEGES[objectType] ?? [])].sort());
}

/** Names in a schema, quoted; a function keeps the arguments after its name. */
export function objectList(schema: string, objects: string[]): string {
  return objects
    .map((object) => {
      const at = object.indexOf("(");
      const [name, rest] = at < 0 ? [object, ""] : [object.slice(0, at), object.slice(at)];
      return `${id(schema)}.${id(name)}${rest}`;
    })
    .join(",");
}
