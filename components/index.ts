import { configOf as parsed } from "../config/parse";
import type { StackConfig } from "../config/schema";
import { aroundHere } from "./around";

/** What another Pulumi program imports: the kit as one component, and the check of its values. */
export { VnSyncCheck, type VnSyncCheckArgs, type VnSyncCheckOutputs } from "./vnSyncCheck";

/**
 * A whole configuration out of values that a program has put together; keys with a default may be left out.
 * @param root what stands before a key in a fault
 * @throws ConfigFaults with all faults
 */
export function configOf(given: Record<string, unknown>, root = ""): StackConfig {
  return parsed(given, root, aroundHere());
}
