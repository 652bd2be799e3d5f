import { HOME_FILES } from "../../config/names";
import { namesOfStack, type StackConfig } from "../../config/schema";
import { defaultSettings, type RunnerSettings } from "../../scripts/runner/settings";
import { VENV } from "./venv";

/** What the runner is told on the host; no secret is in it. */
export function runnerSettings(config: StackConfig<unknown>): RunnerSettings {
  const names = namesOfStack(config);
  const { database, runner, schedule, firstImport } = config;
  return {
    ...defaultSettings(names.instance, names.account),
    locale: config.locale,
    config: HOME_FILES.config,
    service: names.service,
    client: { python: `${HOME_FILES.venv}/bin/python`, adapter: VENV.adapter },
    database: {
      checkSchema: names.checkSchema,
      repairSchema: names.repairSchema,
      mainSchema: database.mainSchema,
      monitoringSchema: database.monitoringSchema,
    },
    windowDays: config.windowDays,
    overlapDays: config.overlapDays,
    firstImport: {
      since: firstImport.since,
      stepDays: firstImport.stepDays === 0 ? null : firstImport.stepDays,
    },
    attempts: runner.attempts,
    retryDelaySeconds: runner.retryDelaySeconds,
    watchdog: {
      silenceSeconds: runner.silenceSeconds,
      overallSeconds: runner.overallSeconds,
      firstImportSeconds: runner.firstImportSeconds,
    },
    schedule: { daily: schedule.daily, weekly: schedule.weekly, watch: schedule.watch },
    logDays: runner.logDays,
  };
}

/**
 * The command on the host. It sets HOME itself: the client and libpq find their files by it, also when
 * somebody calls it through sudo without -H.
 */
export function runnerWrapper(home: string): string {
  return `#!/bin/sh
# Written by vn-sync-check
HOME=${home}
export HOME
cd "$HOME" || exit 1
exec node "$HOME/${HOME_FILES.lib}/vn-check.mjs" "$@"
`;
}

/** The weekly job under the name and with the two arguments of the published procedure. */
export function fullWrapper(home: string): string {
  return `#!/bin/sh
# Written by vn-sync-check: transfer_vn_full_2w <config> <service>
HOME=${home}
export HOME
cd "$HOME" || exit 1
exec node "$HOME/${HOME_FILES.lib}/vn-check.mjs" transfer_vn_full_2w "$@"
`;
}
