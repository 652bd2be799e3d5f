import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { withSecrets } from "./components/secrets";
import { VnSyncCheck } from "./components/vnSyncCheck";
import { parseConfig } from "./config/parse";
import { ConfigFaults } from "./config/words";
import { bundleRunner } from "./scripts/build";

function configuration() {
  try {
    return withSecrets(parseConfig(pulumi.runtime.allConfig(), pulumi.getProject()));
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

const check = new VnSyncCheck("vn-sync-check", {
  config: configuration(),
  stack: pulumi.getStack(),
  bundle: bundleRunner(),
  adapter: readFileSync(join(__dirname, "scripts/runner/download/client_job.py"), "utf8"),
});

module.exports = check.outputs;
