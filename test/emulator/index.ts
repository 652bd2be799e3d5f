import { type EmulatorOptions, resolveOptions } from "./options";
import { Emulator } from "./server";

export type { FaultKind } from "./faults";
export type { Account, EmulatorOptions, SiteOptions } from "./options";
export type { Emulator } from "./server";
export { type SimulateRequest, simulate, simulatePlaces } from "./simulate";

/** Starts an emulated VisioNature API; end it with `close()`. */
export async function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  return new Emulator(resolveOptions(options)).listen();
}
