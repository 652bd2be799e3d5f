import * as pulumi from "@pulumi/pulumi";
import { VnSyncCheck } from "./components";
import { aroundHere, readHere } from "./components/around";
import { parseConfig } from "./config/parse";
import { plainAsTold, plainSecrets, strays } from "./config/strays";
import { ConfigFaults, plainInWords } from "./config/words";

function configuration() {
  try {
    const project = pulumi.getProject();
    const all = pulumi.runtime.allConfig();
    const file = readHere(`Pulumi.${pulumi.getStack()}.yaml`);
    const config = parseConfig(all, project, aroundHere(), strays(all, project, file));
    const secret = JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
    const plain = file === undefined ? plainAsTold(all, project, secret) : plainSecrets(file, project);
    if (plain.length > 0) void pulumi.log.warn(plainInWords(plain, config.locale));
    return config;
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
