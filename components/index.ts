/** What another Pulumi program imports: the kit as one component, and the check of its values. */
export { configOf } from "../config/parse";
export { VnSyncCheck, type VnSyncCheckArgs, type VnSyncCheckOutputs } from "./vnSyncCheck";
