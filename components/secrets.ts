import * as pulumi from "@pulumi/pulumi";
import { SCHEMA, type StackConfig } from "../config/schema";
import type { Keys, Node } from "../config/values/key";

/** A stack's configuration within the stack: the state keeps its secrets encrypted. */
export type SecretConfig = StackConfig<pulumi.Output<string>>;
export type DatabaseConfig = SecretConfig["database"];

type Values = Record<string, unknown>;

/** Wraps the values of the secret keys, the border between plain data and Pulumi. */
export function withSecrets(config: StackConfig<pulumi.Input<string>>): SecretConfig {
  return changed(SCHEMA, config, (value) => pulumi.secret(value)) as unknown as SecretConfig;
}

/** A configuration for everybody to see: the engine would hide the whole of what has one secret in it. */
export function withoutSecrets(config: StackConfig<unknown>): Record<string, unknown> {
  return changed(SCHEMA, config, () => "(secret)");
}

/** The same with other values for the secret keys. */
function changed(keys: Keys, values: Values, secret: (value: unknown) => unknown): Values {
  return mapped(values, (value, name) => {
    const node = keys[name] as Node;
    if (value === undefined) return undefined;
    switch (node.kind) {
      case "key":
        return node.secret ? secret(value) : value;
      case "section":
        return changed(node.keys, value as Values, secret);
      case "each":
        return mapped(value as Values, (one) => changed(node.keys, one as Values, secret));
      case "forms": {
        const { type } = value as { type: string };
        return changed({ type: node.type, ...node.forms[type] }, value as Values, secret);
      }
    }
  });
}

function mapped(values: Values, to: (value: unknown, name: string) => unknown): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value, name)]));
}
