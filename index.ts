import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig } from "./components/config";
import { VnSyncCheck } from "./components/vnSyncCheck";
import { bundleRunner } from "./scripts/build";

function configuration() {
  try {
    return parseConfig(pulumi.runtime.allConfig(), pulumi.getProject());
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
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
