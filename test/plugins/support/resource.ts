import type { Value, Values } from "./values";

/** What a change of inputs means for a resource that exists. */
export interface Difference {
  /** Each changed input, and whether its change makes a new resource. */
  changed: { [input: string]: { from: Value | undefined; to: Value | undefined; replace: boolean } };
  /** When a replacement must not stand beside the old one, because both would have one name. */
  deleteBeforeReplace?: boolean;
}

/** Tells the engine something while an operation runs. */
export type Log = (severity: "info" | "warning", message: string) => void;

export interface Made {
  id: string;
  outs: Values;
}

/** One type of resource. Inputs and state come unwrapped: secrets are marked again by the engine. */
export interface ResourceType {
  /** Completes and checks inputs; throws with what is wrong. `name` is the resource's in the program. */
  check?(inputs: Values, before: Values | undefined, name: string): Values;
  diff(state: Values, inputsBefore: Values, inputs: Values): Difference;
  /** State as far as it is known before anything is done. */
  preview(inputs: Values, state: Values | undefined): Values;
  create(inputs: Values, name: string, log: Log): Promise<Made>;
  update(id: string, state: Values, inputs: Values, log: Log): Promise<Values>;
  remove(id: string, state: Values, log: Log): Promise<void>;
  /** The state as it is in reality, undefined when there is nothing. Without it, refresh finds no drift. */
  read?(id: string, state: Values): Promise<Values | undefined>;
}

/** The resource was made but something after that failed: the engine keeps it and what went wrong. */
export class HalfMade extends Error {
  constructor(
    readonly made: Made,
    reason: string,
  ) {
    super(reason);
  }
}
