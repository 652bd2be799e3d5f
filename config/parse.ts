import type * as z from "zod/mini";
import { type Around, misfitsAround } from "./around";
import { nearest } from "./nearest";
import { misfits, SCHEMA, type StackConfig } from "./schema";
import { expectedOf, itemOf } from "./values/fields";
import type { Each, Forms, Key, Keys, Locale, Node, Rule, Section, Values, Words } from "./values/key";
import { ConfigFaults, type Fault } from "./words";

type Given = Record<string, unknown>;

/**
 * Parses the values of the kit's own namespace.
 * @param all every configuration value as the engine hands it over, `<namespace>:<key>` to text or JSON
 * @param others faults that were found elsewhere, told with the rest
 * @throws ConfigFaults with all faults, told in the stack's `locale`
 */
export function parseConfig(
  all: Record<string, string>,
  namespace = "vn-sync-check",
  around: Around = {},
  others: Fault[] = [],
): StackConfig {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${namespace}:`));
  const given = Object.fromEntries(
    own.map(([key, value]) => [key.slice(namespace.length + 1), parsedValue(value)]),
  );
  return configOf(given, `${namespace}:`, around, others);
}

/**
 * The same for values that a program has put together itself; keys with a default may be left out.
 * @param root what stands before a key in a fault
 * @throws ConfigFaults
 */
export function configOf(given: Given, root = "", around: Around = {}, others: Fault[] = []): StackConfig {
  const { value: config, faults } = parseKeys(SCHEMA, given, root);
  const misfit = (path: string, wrong: Words, remedy: Words) =>
    faults.push({ is: "misfit", key: `${root}${path}`, wrong, remedy });
  if (faults.length === 0) misfits(config, misfit);
  misfitsAround(config, around, misfit);
  faults.push(...others);
  if (faults.length > 0) throw new ConfigFaults(faults, (config.locale as Locale | undefined) ?? "fr");
  return config;
}

/** The engine hands objects and lists over as JSON, all else as it stands. */
function parsedValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Reads an object by its keys, gathering every fault. "", null and an empty list count as absent. Where there is a fault,
 * the value is not whole.
 * @param root what the name of a top key is appended to
 */
export function parseKeys<K extends Keys>(
  keys: K,
  given: Given,
  root = "",
): { value: Values<K>; faults: Fault[] } {
  const reader = new Reader(root);
  const value = reader.keys(keys, given, "");
  reader.fillIn(value);
  return { value: value as Values<K>, faults: reader.faults };
}

class Reader {
  readonly faults: Fault[] = [];
  /** Keys whose default is another key's value, which may not have been read yet. */
  private readonly open: { into: Given; name: string; like: string }[] = [];

  constructor(private readonly root: string) {}

  fillIn(top: Given): void {
    for (const { into, name, like } of this.open) {
      into[name] = like.split(".").reduce<unknown>((value, part) => (value as Given)[part], top);
    }
  }

  keys(keys: Keys, given: Given, path: string): Given {
    const value: Given = {};
    for (const [name, node] of Object.entries(keys)) {
      const at = below(path, name);
      const found = given[name];
      if (node.kind === "key") this.key(node, found, at, value, name);
      else if (node.kind === "each") value[name] = this.each(node, found, at);
      else if (node.kind === "forms") value[name] = this.forms(node, found, at);
      else if (!node.optional || !isAbsent(found)) value[name] = this.section(node, found, at);
    }
    const known = Object.keys(keys);
    for (const name of Object.keys(given).filter((name) => !known.includes(name))) {
      const meant = path === "" ? pathOf(name, keys) : undefined;
      if (meant !== undefined) {
        this.faults.push({ is: "without path", key: this.full(name), path: this.full(meant) });
        continue;
      }
      const near = nearest(name, known);
      this.faults.push({
        is: "unknown",
        key: this.full(below(path, name)),
        known,
        ...(near !== undefined && { near: this.full(below(path, near)) }),
      });
    }
    return value;
  }

  private key(node: Key, found: unknown, at: string, into: Given, name: string): void {
    const empty = itemOf(node.type) !== undefined && Array.isArray(found) && found.length === 0;
    if ((isAbsent(found) && !(node.blank && found === "")) || empty) {
      const { required, secret = false, example } = node;
      if (required) this.faults.push({ is: "missing", key: this.full(at), secret, example });
      if (node.like !== undefined) this.open.push({ into, name, like: node.like });
      else if (node.default !== undefined) into[name] = node.default;
      return;
    }
    const read = node.type.safeParse(found);
    into[name] = read.success ? read.data : node.default;
    for (const issue of read.error?.issues ?? []) this.faults.push(this.refusal(node, found, at, issue));
  }

  private refusal(node: Key, found: unknown, at: string, issue: z.core.$ZodIssue): Fault {
    const item = itemOf(node.type);
    const [index] = issue.path;
    if (item === undefined) {
      const expected = expectedOf(node.type, issue);
      return { is: "refused", key: this.full(at), ...(!node.secret && { found }), expected };
    }
    if (typeof index !== "number") return { is: "no list", key: this.full(at) };
    const one = (found as unknown[])[index];
    return {
      is: "refused",
      key: this.full(`${at}[${index}]`),
      found: one,
      expected: expectedOf(item, issue),
    };
  }

  private section(node: Section, found: unknown, at: string): Given {
    const given = this.object(found, at, node.keys);
    const value = this.keys(node.keys, given, at);
    if (node.rule) this.rule(node.rule, given, value, at);
    return value;
  }

  private forms(node: Forms, found: unknown, at: string): Given {
    const given = this.object(found, at, Object.values(node.forms)[0] ?? {});
    const names = Object.keys(node.forms);
    const type = names.find((name) => name === String(given["type"])) ?? (names[0] as string);
    const value = this.keys({ type: node.type, ...node.forms[type] }, given, at);
    const rule = node.rules[type];
    if (rule) this.rule(rule, given, value, at);
    return value;
  }

  private each(node: Each, found: unknown, at: string): Given {
    const given = this.object(found, at, node.keys, below(at, node.example));
    const value: Given = {};
    for (const [name, one] of Object.entries(given)) {
      const path = below(at, name);
      const before = this.faults.length;
      const read = this.keys(node.keys, this.object(one, path, node.keys), path);
      value[name] = read;
      if (node.asleep(read)) {
        const here = this.faults.splice(before);
        this.faults.push(...here.filter(({ is }) => is !== "missing"));
      }
      const fine = node.names.safeParse(name);
      if (!fine.success) {
        this.faults.push({ is: "name", key: this.full(path), expected: expectedOf(node.names) });
      }
    }
    node.rule(Object.values(value) as Given[], (wrong, remedy) =>
      this.faults.push({ is: "misfit", key: this.full(at), wrong, remedy }),
    );
    return value;
  }

  private rule(rule: Rule, given: Given, value: Given, at: string): void {
    const seen = { has: (key: string) => !isAbsent(given[key]), value: (key: string) => value[key] };
    rule(seen, (key: string, wrong: Words, remedy: Words) =>
      this.faults.push({ is: "misfit", key: this.full(below(at, key)), wrong, remedy }),
    );
  }

  private object(found: unknown, at: string, keys: Keys, inside = at): Given {
    if (isAbsent(found)) return {};
    if (typeof found === "object" && !Array.isArray(found)) return found as Given;
    // The first that is to be filled in, for the command that mends it.
    const open = (node: Node) => node.kind === "key" && !node.secret && node.example !== undefined;
    const first = Object.entries(keys).find(([, node]) => open(node)) ?? Object.entries(keys)[0];
    const [name, node] = first as [string, Node];
    const example = node.kind === "key" ? String(node.example ?? node.default ?? "<value>") : "<value>";
    this.faults.push({ is: "no object", key: this.full(at), below: this.full(below(inside, name)), example });
    return {};
  }

  private full(path: string): string {
    return `${this.root}${path}`;
  }
}

function isAbsent(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

/** The path that a name with dots or brackets was meant as, where it begins with a known key. */
function pathOf(name: string, keys: Keys): string | undefined {
  const [first] = name.split(/[.[]/);
  return name !== first && first !== undefined && first in keys ? name : undefined;
}

/** The path of a key as `pulumi config set --path` takes it. */
function below(path: string, name: string): string {
  if (path === "") return name;
  return /^\w+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
