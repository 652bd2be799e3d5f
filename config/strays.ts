import { parseDocument } from "yaml";
import { nearest } from "./nearest";
import { SCHEMA } from "./schema";
import { type Keys, keysOf, type Node } from "./values/key";
import type { Fault } from "./words";

/** What may stand beside `config:` in a stack's file. */
const ENGINES_OWN = ["config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment", "backend"];

/**
 * Keys that nothing reads: of a namespace that is almost the kit's, or beside `config:` in the stack's file, where
 * they come to stand when a line is uncommented after `pulumi config set` has moved the comments.
 * @param all every configuration value as the engine hands it over
 * @param file text of the stack's file, where it could be read
 */
export function strays(all: Record<string, string>, namespace: string, file: string | undefined): Fault[] {
  const elsewhere = Object.keys(all).flatMap((full): Fault[] => {
    const [space = "", ...name] = full.split(":");
    if (space === namespace || nearest(space, [namespace]) === undefined) return [];
    return [{ is: "unknown", key: full, known: [], near: `${namespace}:${name.join(":")}` }];
  });
  return [...elsewhere, ...beside(file, namespace)];
}

function beside(file: string | undefined, namespace: string): Fault[] {
  const read = file === undefined ? undefined : parseDocument(file, { prettyErrors: false });
  const top: unknown = read !== undefined && read.errors.length === 0 ? read.toJS() : undefined;
  if (typeof top !== "object" || top === null) return [];
  const ours = (name: string) => name.startsWith(`${namespace}:`) || names(SCHEMA).includes(name);
  return Object.keys(top)
    .filter((name) => !ENGINES_OWN.includes(name) && ours(name))
    .map((name) => ({ is: "beside config", key: name }));
}

/** Every name of a key, at any depth. */
function names(keys: Keys): string[] {
  return Object.entries<Node>(keys).flatMap(([name, node]) =>
    node.kind === "key" ? [name] : [name, ...names(keysOf(node))],
  );
}

/** Paths of secret keys that stand in the stack's file as they are. */
export function plainSecrets(file: string | undefined, namespace: string): string[] {
  const read = file === undefined ? undefined : parseDocument(file, { prettyErrors: false });
  if (read === undefined || read.errors.length > 0) return [];
  const config = ((read.toJS() as { config?: Record<string, unknown> } | null)?.config ?? {}) as object;
  const own = Object.entries(config).flatMap(([full, value]) =>
    full.startsWith(`${namespace}:`) ? [[full.slice(namespace.length + 1), value] as const] : [],
  );
  return plainBelow(SCHEMA, Object.fromEntries(own), `${namespace}:`);
}

/**
 * The same where the stack's file is elsewhere: the engine says of each top key whether a secret is in it.
 * @param secret those keys, with the namespace
 */
export function plainAsTold(all: Record<string, string>, namespace: string, secret: string[]): string[] {
  const open = Object.entries(all).flatMap(([full, value]) => {
    if (!full.startsWith(`${namespace}:`) || secret.includes(full) || !value.trimStart().startsWith("{"))
      return [];
    try {
      return [[full.slice(namespace.length + 1), JSON.parse(value) as unknown] as const];
    } catch {
      return [];
    }
  });
  return plainBelow(SCHEMA, Object.fromEntries(open), `${namespace}:`);
}

function plainBelow(keys: Keys, values: Record<string, unknown>, root: string): string[] {
  return Object.entries<Node>(keys).flatMap(([name, node]): string[] => {
    const value = values[name];
    if (node.kind === "key")
      return node.secret && typeof value === "string" && value !== "" ? [`${root}${name}`] : [];
    if (typeof value !== "object" || value === null) return [];
    const inside = value as Record<string, unknown>;
    if (node.kind !== "each") return plainBelow(keysOf(node), inside, `${root}${name}.`);
    return Object.entries(inside).flatMap(([one, its]) =>
      typeof its === "object" && its !== null
        ? plainBelow(node.keys, its as Record<string, unknown>, `${root}${name}.${one}.`)
        : [],
    );
  });
}
