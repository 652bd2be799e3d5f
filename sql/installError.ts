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

  /** Did it end by our lock_timeout? */
  get waited(): boolean {
    return this.cause instanceof DatabaseError && this.cause.code === "55P03";
  }

  get lacksRights(): boolean {
    return this.cause instanceof DatabaseError && this.cause.code === "42501";
  }
}

/** A session that may have been in the way, and what it holds of ours and main's. */
export interface Holder {
  /** null: a prepared transaction, whose name is `application`. */
  pid: number | null;
  role: string;
  application: string;
  /** As pg_stat_activity says; null where it is hidden. */
  state: string | null;
  locks: string;
  /** When its transaction began; null where it is hidden. */
  since: string | null;
}

const TEXTS = {
  fr: {
    nobody: "Un verrou a manqué ; celui qui le tenait l'a rendu depuis : relancez.",
    waited:
      "Un verrou a manqué. Attendez que ceci soit terminé, ou mettez-y fin (SELECT pg_terminate_backend(pid)), puis relancez :",
    holder: (h: Holder) =>
      `${h.pid === null ? `transaction préparée ${h.application}` : `pid ${h.pid}, ${h.application || "sans nom"}`}, rôle ${h.role}, ${h.state ?? "état caché"}, transaction ouverte depuis ${h.since ?? "un moment caché"}${h.locks && ` : ${h.locks}`}`,
    undone: "Rien de cette étape n'a été gardé.",
    lacking: "Il manque des droits ; un superutilisateur, ou les propriétaires, doivent lancer :",
  },
  en: {
    nobody: "A lock was not to be had; whoever held it has let go meanwhile: run it again.",
    waited:
      "A lock was not to be had. Wait until this has ended, or end it (SELECT pg_terminate_backend(pid)), then run it again:",
    holder: (h: Holder) =>
      `${h.pid === null ? `prepared transaction ${h.application}` : `pid ${h.pid}, ${h.application || "without a name"}`}, role ${h.role}, ${h.state ?? "state hidden"}, in a transaction since ${h.since ?? "a time that is hidden"}${h.locks && `: ${h.locks}`}`,
    undone: "Nothing of this step was kept.",
    lacking: "Rights are missing; a superuser, or the owners, have to run:",
  },
};

/** Says which file failed, why, and what to do; no secret is in it, nor the statement, which could hold one. */
export class InstallError extends Error {
  /**
   * @param lacking statements that give the admin login what it lacks
   * @param holders who may have been in the way, where it waited
   */
  constructor(error: FileError, lacking: string[], holders: Holder[], locale: Locale) {
    const texts = TEXTS[locale];
    const who =
      holders.length > 0 ? [texts.waited, ...holders.map((h) => `  ${texts.holder(h)}`)] : [texts.nobody];
    const waited = error.waited ? who : [];
    const rights =
      error.lacksRights && lacking.length > 0 ? [texts.lacking, ...lacking.map((s) => `  ${s}`)] : [];
    super(
      [
        `${error.where} (${error.file.does[locale]})${locale === "fr" ? " :" : ":"} ${error.message}`,
        ...waited,
        ...rights,
        texts.undone,
      ].join("\n"),
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
