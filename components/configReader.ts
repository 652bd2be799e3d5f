import { InputError } from "./render/inputError";

/** One fault of the configuration: key, what is wrong, what to do. */
export interface Fault {
  key: string;
  wrong: string;
  remedy: string;
}

interface TextRules {
  /** Value where the key is absent; without it the key is required. */
  fallback?: string;
  /** Throws InputError, or returns the value as it is used. */
  check?: (value: string) => string;
  example?: string;
}

/**
 * Reads one object of the configuration, key by key, and gathers every fault instead of throwing. A value
 * may be a text where a number or boolean is meant (`pulumi config set` cannot always tell). "" and null
 * count as absent. A key that is never asked for is a fault, with the nearest known spelling.
 */
export class ConfigReader {
  private readonly known = new Set<string>();
  private readonly inner: ConfigReader[] = [];

  constructor(
    private readonly values: Record<string, unknown>,
    private readonly path: string,
    private readonly faults: Fault[],
  ) {}

  has(key: string): boolean {
    const value = this.values[key];
    return value !== undefined && value !== null && value !== "";
  }

  keys(): string[] {
    return Object.keys(this.values);
  }

  /** The path of a key as `pulumi config set --path` takes it. */
  at(key: string): string {
    if (this.path.endsWith(":")) return `${this.path}${key}`;
    return /^\w+(\[\d+\])?$/.test(key) ? `${this.path}.${key}` : `${this.path}[${JSON.stringify(key)}]`;
  }

  fault(key: string, wrong: string, remedy: string): void {
    this.faults.push({ key: this.at(key), wrong, remedy });
  }

  text(key: string, rules: TextRules = {}): string {
    return this.scalar(key, rules, false);
  }

  /** As `text`; no error shows the value. */
  secret(key: string, rules: TextRules = {}): string {
    return this.scalar(key, rules, true);
  }

  optional(key: string, rules: Omit<TextRules, "fallback"> = {}): string | undefined {
    return this.ask(key) ? this.text(key, rules) : undefined;
  }

  optionalSecret(key: string, rules: Omit<TextRules, "fallback"> = {}): string | undefined {
    return this.ask(key) ? this.secret(key, rules) : undefined;
  }

  choice<T extends string>(key: string, of: readonly T[], fallback: T): T {
    if (!this.ask(key)) return fallback;
    const value = String(this.values[key]);
    if ((of as readonly string[]).includes(value)) return value as T;
    this.fault(key, `is ${JSON.stringify(value)}`, `use ${of.join(", ")}`);
    return fallback;
  }

  number(key: string, fallback: number, min: number, max: number): number {
    if (!this.ask(key)) return fallback;
    const value = this.values[key];
    const number = typeof value === "string" && /^-?[0-9]+$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max)
      return number;
    this.fault(key, `is ${JSON.stringify(value)}`, `give a whole number from ${min} to ${max}`);
    return fallback;
  }

  boolean(key: string, fallback: boolean): boolean {
    if (!this.ask(key)) return fallback;
    const value = String(this.values[key]);
    if (value === "true" || value === "false") return value === "true";
    this.fault(key, `is ${JSON.stringify(value)}`, "use true or false");
    return fallback;
  }

  /** A list of texts; numbers in it are taken as texts. */
  list(key: string, check: (value: string) => string): string[] {
    if (!this.ask(key)) return [];
    const value = this.values[key];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string" && typeof item !== "number")) {
      this.fault(
        key,
        "is not a list of texts",
        `set the entries one by one: ${this.set(`${key}[0]`, "<value>")}`,
      );
      return [];
    }
    return value.flatMap((item, i) => {
      try {
        return [check(String(item))];
      } catch (error) {
        this.fault(`${key}[${i}]`, `is ${JSON.stringify(item)}`, messageOf(error));
        return [];
      }
    });
  }

  /** An object within; an empty one where the key is absent. */
  object(key: string): ConfigReader {
    const given = this.ask(key) ? this.values[key] : {};
    const fine = typeof given === "object" && given !== null && !Array.isArray(given);
    if (!fine) {
      this.fault(key, "is not an object", `set its keys with --path: ${this.set(`${key}.<key>`, "<value>")}`);
    }
    const reader = new ConfigReader(
      fine ? (given as Record<string, unknown>) : {},
      this.at(key),
      this.faults,
    );
    this.inner.push(reader);
    return reader;
  }

  /** Notes each key that nobody asked for, here and within. */
  refuseUnknown(): void {
    for (const key of this.keys().filter((key) => !this.known.has(key))) {
      const near = nearest(key, [...this.known]);
      this.fault(
        key,
        "is not a key of this kit",
        near === undefined ? `known here: ${[...this.known].join(", ")}` : `did you mean ${this.at(near)}?`,
      );
    }
    for (const reader of this.inner) reader.refuseUnknown();
  }

  private ask(key: string): boolean {
    this.known.add(key);
    return this.has(key);
  }

  private set(key: string, example: string, secret = false): string {
    return `pulumi config set --path ${secret ? "--secret " : ""}'${this.at(key)}'${secret ? "" : ` ${example}`}`;
  }

  private scalar(key: string, rules: TextRules, secret: boolean): string {
    if (!this.ask(key)) {
      if (rules.fallback === undefined) {
        this.fault(key, "is missing", this.set(key, rules.example ?? "<value>", secret));
      }
      return rules.fallback ?? "";
    }
    const value = this.values[key];
    const shown = secret ? "is not usable (value not shown)" : `is ${JSON.stringify(value)}`;
    if (typeof value === "object") {
      this.fault(key, secret ? shown : "is not a text", "give a single text");
      return "";
    }
    try {
      return (rules.check ?? oneLine)(String(value));
    } catch (error) {
      this.fault(key, shown, messageOf(error));
      return "";
    }
  }
}

/** Refuses control characters: each value ends on a line of some file. */
export function oneLine(value: string): string {
  if (/[\x00-\x1f\x7f]/.test(value))
    throw new InputError("give it without line breaks and control characters");
  return value;
}

function messageOf(error: unknown): string {
  if (error instanceof InputError) return error.message;
  throw error;
}

/** The known word within two edits (or another writing of the same letters), if there is one. */
export function nearest(word: string, known: string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const scored = known.map((candidate) => ({ candidate, edits: distance(plain(word), plain(candidate)) }));
  scored.sort((a, b) => a.edits - b.edits);
  const best = scored[0];
  return best !== undefined && best.edits <= 2 && best.edits < best.candidate.length / 2
    ? best.candidate
    : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
