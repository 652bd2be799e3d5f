import { HOME_FILES, type Names } from "../../config/names";
import type { Locale } from "../../config/values/key";
import { FORGET } from "./shell";

/**
 * The command on the host. It sets HOME itself: the client and libpq find their files by it, also when
 * somebody calls it through sudo without -H. For what it prints it is told its name and its language.
 */
export function runnerWrapper({ home, command }: Names, locale: Locale): string {
  return `#!/bin/sh
# Written by vn-sync-check
${FORGET}
HOME=${home} VN_CHECK_COMMAND=${command} VN_CHECK_LOCALE=${locale}
export HOME VN_CHECK_COMMAND VN_CHECK_LOCALE
cd "$HOME" || exit 1
exec node "$HOME/${HOME_FILES.lib}/vn-check.mjs" "$@"
`;
}

/** The weekly job under the name and with the two arguments of the published procedure. */
export function fullWrapper({ home, command }: Names, locale: Locale): string {
  return `#!/bin/sh
# Written by vn-sync-check: transfer_vn_full_2w <config> <service>
${FORGET}
HOME=${home} VN_CHECK_COMMAND=${command} VN_CHECK_LOCALE=${locale}
export HOME VN_CHECK_COMMAND VN_CHECK_LOCALE
cd "$HOME" || exit 1
exec node "$HOME/${HOME_FILES.lib}/vn-check.mjs" transfer_vn_full_2w "$@"
`;
}
