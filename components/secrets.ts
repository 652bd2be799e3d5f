import * as pulumi from "@pulumi/pulumi";
import { SCHEMA, type StackConfig } from "../config/schema";
import type { Keys, Node } from "../config/values/key";

/** A stack's configuration within the stack: the state keeps its secrets encrypted. */
export type SecretConfig = StackConfig<pulumi.Output<string>>;
export type DatabaseConfig = SecretConfig["database"];

type Values = Record<string, unknown>;

/** Wraps the values of the secret keys, the border between plain data and Pulumi. */
export function withSecrets(config: StackConfig<pulumi.Input<string>>): SecretConfig {
  return wrapKeys(SCHEMA, config) as unknown as SecretConfig;
}

function wrapKeys(keys: Keys, values: Values): Values {
  return mapped(values, (value, name) => wrap(keys[name] as Node, value));
}

function wrap(node: Node, value: unknown): unknown {
  if (value === undefined) return undefined;
  switch (node.kind) {
    case "key":
      return node.secret ? pulumi.secret(value) : value;
    case "section":
      return wrapKeys(node.keys, value as Values);
    case "each":
      return mapped(value as Values, (one) => wrapKeys(node.keys, one as Values));
    case "forms": {
      const { type } = value as { type: string };
      return wrapKeys({ type: node.type, ...node.forms[type] }, value as Values);
    }
  }
}

function mapped(values: Values, to: (value: unknown, name: string) => unknown): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value, name)]));
}
