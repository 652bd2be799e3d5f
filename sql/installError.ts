import { DatabaseError } from "pg";
import type { Locale } from "../config/values/key";
import type { RenderedFile } from "./render";

/** An error that the server gave while a file was run. */
export class FileError extends Error {
  constructor(
    readonly file: RenderedFile,
    override readonly cause: unknown,
  ) {
    super(serverWords(cause));
  }

  /** `sql/6_apply/batch.sql:41`; without a line where the server names none. */
  get where(): string {
    const position = this.cause instanceof DatabaseError ? Number(this.cause.position) : Number.NaN;
    const path = `sql/${this.file.file}`;
    // The server counts characters from 1, where JavaScript counts code units.
    return position > 0
      ? `${path}:${[...this.file.sql].slice(0, position - 1).filter((c) => c === "\n").length + 1}`
      : path;
  }

  get lacksRights(): boolean {
    return this.cause instanceof DatabaseError && this.cause.code === "42501";
  }
}

const TEXTS = {
  fr: {
    undone: "Rien de cette étape n'a été gardé.",
    lacking: "Il manque des droits ; un superutilisateur, ou les propriétaires, doivent lancer :",
  },
  en: {
    undone: "Nothing of this step was kept.",
    lacking: "Rights are missing; a superuser, or the owners, have to run:",
  },
};

/** Says which file failed, why, and what to do; no secret is in it, nor the statement, which could hold one. */
export class InstallError extends Error {
  /** @param lacking statements that give the admin login what it lacks */
  constructor(error: FileError, lacking: string[], locale: Locale) {
    const texts = TEXTS[locale];
    const rights =
      error.lacksRights && lacking.length > 0 ? [texts.lacking, ...lacking.map((s) => `  ${s}`)] : [];
    super(
      [`${error.where} (${error.file.does[locale]}): ${error.message}`, ...rights, texts.undone].join("\n"),
      { cause: error.cause },
    );
    this.name = "InstallError";
  }
}

/** The server's message, code, detail, hint, and the place in one of our functions. */
export function serverWords(error: unknown): string {
  if (error instanceof DatabaseError) {
    const { message, code, detail, hint, where } = error;
    // The rest of `where` quotes statements.
    const place = where?.split("\n").find((line) => /^PL\/pgSQL function \S+ line \d+/.test(line));
    return [`${message} (${code})`, detail, hint, place].filter(Boolean).join("\n  ");
  }
  if (error instanceof AggregateError && error.errors.length > 0) return serverWords(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
