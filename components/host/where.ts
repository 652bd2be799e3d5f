import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../config/schema";
import type { Locale } from "../../config/values/key";

/** How a machine is reached. */
type Access = StackConfig<pulumi.Output<string>>["host"];

/** Where the kit is installed: a host reached by SSH, or this machine (no connection). */
export interface Where {
  host: Access;
  locale: Locale;
  connection?: types.input.remote.ConnectionArgs;
  /** What makes it another place: with another value everything goes from the old place first. */
  identity: string[];
  /** The old place cannot be reached any more: nothing is removed from it. */
  oldHostGone: boolean;
}

/** An account on the host, made by `SystemUser`. */
export interface Account {
  name: string;
  home: string;
  /** See `HostScript.made`. */
  made: pulumi.Output<string>;
}

export function whereOf(host: Access, oldHostGone: boolean, locale: Locale): Where {
  if (host.type === "local") return { host, locale, identity: ["local"], oldHostGone };
  const connection = host.bastion
    ? { ...connectionOf(host), proxy: connectionOf(host.bastion) }
    : connectionOf(host);
  return { host, locale, connection, identity: [host.address, String(host.port)], oldHostGone };
}

function connectionOf(
  ssh: Omit<Extract<Access, { type: "ssh" }>, "type">,
): Omit<types.input.remote.ConnectionArgs, "proxy"> {
  const { address, port, user, hostKey, privateKey, privateKeyPassword, password, agentSocket } = ssh;
  return {
    host: address,
    port,
    user,
    ...(hostKey !== undefined && { hostKey }),
    ...(privateKey !== undefined && { privateKey }),
    ...(privateKeyPassword !== undefined && { privateKeyPassword }),
    ...(password !== undefined && { password }),
    ...(agentSocket !== undefined && { agentSocketPath: agentSocket }),
  };
}
