import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, parseDocument } from "yaml";
import { NEEDED_CONTROLLERS } from "../../../config/values/controllers";
import { type Day, type EvnConfig, type EvnFault, RunError, type Scope } from "../facts";

/** Without them nothing is proven. */
const NEEDED: readonly string[] = NEEDED_CONTROLLERS;

/** The filters for each of the sites. */
export function scopesOf(evn: EvnConfig): Scope[] {
  return evn.sites.map((site) => ({ site, taxoExclude: evn.taxoExclude, units: evn.units }));
}

/** Controllers beyond those that are needed; the fields are the same for every site. */
export function extrasOf(evn: EvnConfig, firstSite: boolean): string[] {
  return evn.controllers.filter((name) => !NEEDED.includes(name) && (firstSite || name !== "fields"));
}

/** A configuration that cannot be used; the message holds nothing of the file's values. */
export class EvnError extends Error {
  override name = "EvnError";
  constructor(readonly fault: EvnFault) {
    super(fault.is);
  }
}

const SECRET_KEYS = new Set(["user_pw", "client_key", "client_secret", "db_pw", "db_secret_key"]);

// Without types: `7` and `yes` stay what is written, and no value is quoted that was not.
function parse(text: string): Document.Parsed {
  const doc = parseDocument(text, { schema: "failsafe", prettyErrors: false });
  const fault = doc.errors[0];
  if (fault) {
    const line = text.slice(0, fault.pos[0]).split("\n").length;
    throw new EvnError({ is: "no YAML", line, code: fault.code });
  }
  if (!isMap(doc.contents)) throw new EvnError({ is: "no mapping" });
  return doc as unknown as Document.Parsed;
}

/** Reads a configuration. Throws EvnError. */
export function readEvn(text: string): EvnConfig {
  const all = parse(text).toJS() as Record<string, Record<string, unknown> | undefined>;
  const enabled = (part: unknown) =>
    /^(true|yes|on|y|1)$/i.test(String((part as { enabled?: unknown })?.enabled));
  const list = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  const names = (part: unknown) =>
    Object.entries((part ?? {}) as object)
      .filter(([, value]) => enabled(value))
      .map(([name]) => name);
  const secrets: string[] = [];
  const collect = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    for (const [key, value] of Object.entries(part)) {
      if (SECRET_KEYS.has(key) && typeof value === "string") secrets.push(value);
      else collect(value);
    }
  };
  collect(all);
  const filter = all["filter"] ?? {};
  return {
    sites: names(all["site"]),
    controllers: names(all["controler"]),
    taxoExclude: list(filter["taxo_exclude"]),
    units: list(filter["territorial_unit_ids"]),
    endDate: filter["end_date"] ? String(filter["end_date"]) : undefined,
    secrets,
  };
}

/** What is done with a configuration. Throws RunError, which names its path, where that cannot be done. */
export function usable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvnError) throw new RunError({ key: "noConfig", path, cause: error.fault });
    if ((error as NodeJS.ErrnoException).code)
      throw new RunError({ key: "noConfig", path, cause: (error as Error).message });
    throw error;
  }
}

/** Reads a file that a run is to work by. Throws RunError where it cannot be used for that. */
export function loadEvn(path: string): EvnConfig {
  const evn = usable(path, () => readEvn(readFileSync(path, "utf8")));
  if (evn.sites.length === 0) throw new RunError({ key: "noSites", path });
  const off = NEEDED.filter((name) => !evn.controllers.includes(name));
  if (off.length > 0) throw new RunError({ key: "controllersOff", path, names: off });
  // The window ends today: an end date would leave a hole that no later run fills.
  if (evn.endDate) throw new RunError({ key: "endDate", path, value: evn.endDate });
  return evn;
}

/**
 * The configuration with its download window: `filter.start_date` and `filter.type_date: entry`, all other
 * text untouched, comments and layout too. A key that is commented out is written below its comment.
 * @param startDate YYYY-MM-DD
 */
export function withWindow(text: string, startDate: string): string {
  return setInFilter(setInFilter(text, "type_date", "entry"), "start_date", startDate);
}

/** What `filter.start_date` is now, as written. */
export function startDateOf(text: string): string | undefined {
  const value = parse(text).getIn(["filter", "start_date"]);
  return value === undefined || value === null ? undefined : String(value);
}

function setInFilter(text: string, key: string, value: string): string {
  const doc = parse(text);
  const before = doc.toJS() as Record<string, Record<string, unknown> | null>;
  const edited = editFilter(text, doc, key, value);
  const after = parse(edited).toJS() as unknown;
  const wanted = { ...before, filter: { ...(before["filter"] || {}), [key]: value } };
  if (!isDeepStrictEqual(after, wanted)) throw new EvnError({ is: "not written", key });
  return edited;
}

function editFilter(text: string, doc: Document.Parsed, key: string, value: string): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const top = doc.contents;
  const pair = isMap(top)
    ? top.items.find((item) => isScalar(item.key) && item.key.value === "filter")
    : undefined;
  if (!pair || !isScalar(pair.key)) {
    return `${text}${text === "" || text.endsWith("\n") ? "" : eol}filter:${eol}    ${key}: ${value}${eol}`;
  }
  const filter: unknown = pair.value;
  if (isMap(filter)) {
    if (filter.flow) throw new EvnError({ is: "in braces" });
    const old = filter.items.find((item) => isScalar(item.key) && item.key.value === key)?.value as unknown;
    if (old !== undefined && old !== null) {
      if (!isScalar(old) || !old.range) throw new EvnError({ is: "no value", key });
      const [start, end] = old.range;
      const gap = start === end && text[start - 1] === ":" ? " " : "";
      return text.slice(0, start) + gap + value + text.slice(end);
    }
  }
  const keyAt = pair.key.range?.[0] ?? 0;
  const first = isMap(filter) ? filter.items[0]?.key : undefined;
  const firstAt = isScalar(first) ? (first.range?.[0] ?? 0) : 0;
  const indent = firstAt > 0 ? firstAt - (text.lastIndexOf("\n", firstAt - 1) + 1) : 4;
  const line = `${" ".repeat(indent)}${key}: ${value}${eol}`;
  const lineEnd = (at: number) => (text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at) + 1);
  const section = text.slice(keyAt, endOfSection(text, lineEnd(keyAt)));
  const comment = new RegExp(`^[ \\t]+#[ \\t]*${key}[ \\t]*:.*$`, "m").exec(section);
  const at = lineEnd(comment ? keyAt + comment.index : keyAt);
  const newline = at > 0 && text[at - 1] !== "\n" ? eol : "";
  return text.slice(0, at) + newline + line + text.slice(at);
}

/** Where the next top-level key begins after `from`. */
function endOfSection(text: string, from: number): number {
  const next = /^[^\s#]/m.exec(text.slice(from));
  return next ? from + next.index : text.length;
}

/** Which days a client process asks for. */
export interface SliceDates {
  startDate: Day;
  /** Undefined: now. Never in the future (the client would then skip changes). */
  endDate?: Day;
  /** Days of each step; null: the client's own steps, that grow while little is found. */
  stepDays: number | null;
}

/** The configuration for a slice. Its comments do not matter: it lives only while it is used. */
export function sliceOf(text: string, dates: SliceDates): string {
  const doc = parse(text);
  const set = (path: string[], value: string) => doc.setIn(path, doc.createNode(value));
  if (!isMap(doc.get("filter"))) doc.set("filter", doc.createNode({}));
  set(["filter", "start_date"], dates.startDate);
  if (dates.endDate) set(["filter", "end_date"], dates.endDate);
  else doc.deleteIn(["filter", "end_date"]);
  set(["filter", "type_date"], "entry");
  if (!isMap(doc.get("tuning"))) doc.set("tuning", doc.createNode({ max_chunks: "1000" }));
  const steps =
    dates.stepDays === null
      ? { min: 5, max: 2000, delta: 15 }
      : { min: dates.stepDays, max: dates.stepDays, delta: dates.stepDays };
  set(["tuning", "pid_limit_min"], String(steps.min));
  set(["tuning", "pid_limit_max"], String(steps.max));
  set(["tuning", "pid_delta_days"], String(steps.delta));
  return doc.toString({ lineWidth: 0 });
}
