import type * as z from "zod/mini";

/** A text in both languages of the kit. */
export interface Words {
  en: string;
  fr: string;
}

export type Locale = keyof Words;

/** One value. What it is for is told in both languages; `Always`: there is a value even if nobody gave one. */
export interface Key<T = unknown, Always extends boolean = boolean, Secret extends boolean = boolean>
  extends Words {
  kind: "key";
  type: z.ZodMiniType<T>;
  /** Where the key is absent. */
  default?: T;
  /** Where the key is absent: the value of this other one, by its path from the top. */
  like?: string;
  required?: true;
  secret?: Secret;
  /** For the commented example and for the command in a fault. */
  example?: unknown;
  /** Stands in the example without a comment sign though it is not required. */
  usual?: true;
  /** Stands in the example free with its default: the last has to, since the engine moves comments that trail. */
  free?: true;
  /** "" is a value of its own, and not as if the key were absent. */
  blank?: true;
  /** Only to the compiler. */
  always?: Always;
}

/** What must fit between the keys of a section; tells each fault by the key that a person has to change. */
export type Rule = (given: Given, fault: (key: string, wrong: Words, remedy: Words) => void) => void;

/** The values of a section as a rule sees them: defaults filled in, what was refused left out. */
export interface Given {
  has(key: string): boolean;
  value(key: string): unknown;
}

export interface Keys {
  [name: string]: Node;
}

/** Keys under one name. */
export interface Section<K extends Keys = Keys, Always extends boolean = boolean> extends Words {
  kind: "section";
  keys: K;
  rule?: Rule;
  /** Absent as a whole where no key of it is given. */
  optional?: true;
  always?: Always;
}

/** The same keys under as many names as people like. */
export interface Each<K extends Keys = Keys> extends Words {
  kind: "each";
  names: z.ZodMiniType<string>;
  /** Name that stands in the example. */
  example: string;
  keys: K;
  rule: (values: Record<string, unknown>[], fault: (wrong: Words, remedy: Words) => void) => void;
  /** Of one that is asleep no key is demanded. */
  asleep: (values: Record<string, unknown>) => boolean;
}

/** One of several sections, told apart by its key `type`; the first where that is absent. */
export interface Forms<F extends Record<string, Keys> = Record<string, Keys>> extends Words {
  kind: "forms";
  type: Key<string>;
  forms: F;
  rules: { [T in keyof F]?: Rule };
}

export type Node = Key | Section | Each | Forms;

type Value<N, S> =
  N extends Key<infer T, boolean, infer Secret>
    ? Secret extends true
      ? S
      : T
    : N extends Section<infer K>
      ? Values<K, S>
      : N extends Each<infer K>
        ? Record<string, Values<K, S>>
        : N extends Forms<infer F>
          ? { [T in keyof F]: Plain<{ type: T } & Values<F[T], S>> }[keyof F]
          : never;

type Plain<T> = { [P in keyof T]: T[P] };
type Sure<K extends Keys> = { [P in keyof K]: K[P] extends { always?: false } ? never : P }[keyof K];

/** What parsing gives: plain data; `S` is what a secret is. */
export type Values<K extends Keys, S = string> = Plain<
  { [P in Sure<K>]: Value<K[P], S> } & { [P in Exclude<keyof K, Sure<K>>]?: Value<K[P], S> }
>;

type About = Words & { example?: unknown; usual?: true; blank?: true; free?: true };
type Filled<T> = About & ({ default: NoInfer<T> } | { like: string } | { required: true });

/** A key, once: its type with bounds, its default, its words. Everything else is made from this. */
export function key<T>(type: z.ZodMiniType<T>, about: Filled<T> & { secret: true }): Key<T, true, true>;
export function key<T>(type: z.ZodMiniType<T>, about: Filled<T>): Key<T, true, false>;
export function key<T>(type: z.ZodMiniType<T>, about: About & { secret: true }): Key<T, false, true>;
export function key<T>(type: z.ZodMiniType<T>, about: About): Key<T, false, false>;
export function key(type: z.ZodMiniType<unknown>, about: About): Key {
  return { kind: "key", type, ...about };
}

export function section<K extends Keys>(words: Words, keys: K, rule?: Rule): Section<K, true> {
  return { kind: "section", ...words, keys, ...(rule && { rule }) };
}

export function optionalSection<K extends Keys>(words: Words, keys: K, rule?: Rule): Section<K, false> {
  return { kind: "section", optional: true, ...words, keys, ...(rule && { rule }) };
}

/** The keys of what is below a name, in any of its forms. */
export function keysOf(node: Exclude<Node, Key>): Keys {
  return node.kind === "forms" ? Object.assign({ type: node.type }, ...Object.values(node.forms)) : node.keys;
}
