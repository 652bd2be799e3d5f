import { type EmulatorOptions, resolveOptions } from "./options";
import { Emulator } from "./server";

export type { Fault, FaultKind, FaultOptions } from "./faults";
export type { Account, EmulatorOptions, SiteOptions } from "./options";
export { defaultAccounts } from "./options";
export type { RecordedRequest } from "./requests";
export type { Emulator } from "./server";
export { type SimulateRequest, simulate, simulatePlaces } from "./simulate";
export type { TruthRow } from "./world";

/** Starts an emulated VisioNature API; end it with `close()`. */
export async function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  return new Emulator(resolveOptions(options)).listen();
}
