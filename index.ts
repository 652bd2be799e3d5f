import * as pulumi from "@pulumi/pulumi";
import { VnSyncCheck } from "./components";
import { parseConfig } from "./config/parse";
import { ConfigFaults } from "./config/words";

function configuration() {
  try {
    return parseConfig(pulumi.runtime.allConfig(), pulumi.getProject());
  } catch (error) {
    if (error instanceof ConfigFaults) {
      const told = new pulumi.RunError(error.message);
      // Never shown, but the engine's handler asks for it, and reads every source map for that: 20 seconds.
      told.stack = told.message;
      throw told;
    }
    throw error;
  }
}

const check = new VnSyncCheck("vn-sync-check", configuration());

module.exports = check.outputs;
