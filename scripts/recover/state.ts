import { readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a killed engine has left unfinished in a stack's state. */
export interface Pending {
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
  resource: { urn: string; type: string; inputs?: Record<string, unknown> };
}

interface State {
  deployment: {
    pending_operations?: Pending[];
    resources?: { urn: string; type: string }[];
    [key: string]: unknown;
  };
}

export const ROLE = "postgresql:index/role:Role";

export function parsedState(text: string): { state: State; pending: Pending[]; roles: string[] } {
  const state = JSON.parse(text) as State;
  const { pending_operations: pending = [], resources = [] } = state.deployment;
  return { state, pending, roles: resources.filter(({ type }) => type === ROLE).map(({ urn }) => urn) };
}

/** Resources whose deletion had begun and that the state still has; of a role the database itself is asked. */
export function halfDeleted(pending: Pending[], { deployment }: State): string[] {
  const kept = new Set(deployment.resources?.map(({ urn }) => urn));
  return pending
    .filter(({ type, resource }) => type === "deleting" && resource.type !== ROLE && kept.has(resource.urn))
    .map(({ resource }) => resource.urn);
}

/**
 * The state as it is imported again, with nothing unfinished. A role that was being made is put into it, as if it were
 * there: the database is asked after that.
 */
export function withoutPending({ deployment, ...rest }: State): string {
  const { pending_operations: pending = [], resources = [], ...kept } = deployment;
  const roles = pending
    .filter(({ type, resource }) => type === "creating" && resource.type === ROLE)
    .map(({ resource }) => ({
      ...resource,
      id: String(resource.inputs?.["name"]),
      outputs: { ...resource.inputs },
    }));
  const urns = new Set(roles.map(({ urn }) => urn));
  const others = resources.filter(({ urn }) => !urns.has(urn));
  return JSON.stringify({ ...rest, deployment: { ...kept, resources: [...others, ...roles] } });
}

/** Processes of this machine that hold the stacks of a project in a local backend; elsewhere a lock names none. */
export function lockHolders(backend: string, project: string): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  if (!backend.startsWith("file://")) return holders;
  const path = fileURLToPath(backend.replace(/^file:\/\/~/, `file://${homedir()}`));
  const folder = join(path, ".pulumi", "locks", "organization", project);
  for (const stack of entries(folder)) {
    const pids = entries(join(folder, stack)).flatMap((name) => {
      try {
        const { pid, hostname: host } = JSON.parse(readFileSync(join(folder, stack, name), "utf8"));
        return host === hostname() ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });
    if (pids.length > 0) holders.set(stack, pids);
  }
  return holders;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.endsWith(".attrs"));
  } catch {
    return [];
  }
}
