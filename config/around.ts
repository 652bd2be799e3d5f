import type { StackConfig } from "./schema";
import type { Words } from "./values/key";

/** What is known of the world around a configuration; what is not known is not checked. */
export interface Around {
  /** Today, as YYYY-MM-DD. */
  today?: string;
  /** Text of a file on this machine; undefined where it cannot be read. */
  read?: (path: string) => string | undefined;
}

/** What does not fit into the world; other values may be missing where they were refused. */
export function misfitsAround(
  { firstImport, database }: Partial<StackConfig>,
  { today, read }: Around,
  misfit: (path: string, wrong: Words, remedy: Words) => void,
): void {
  const since = firstImport?.since;
  if (since !== undefined && today !== undefined && since > today)
    misfit(
      "firstImport.since",
      { en: `is "${since}", in the future`, fr: `vaut "${since}", dans l'avenir` },
      {
        en: "give the day from which on observations are wanted",
        fr: "donner le jour à partir duquel importer",
      },
    );
  const path = database?.caFile;
  if (path === undefined || read === undefined) return;
  const text = read(path);
  const found = (wrong: Words) =>
    misfit("database.caFile", wrong, {
      en: "give the file of the authority's certificate, -----BEGIN CERTIFICATE-----, as this machine has it (for a relative path: below the project's folder)",
      fr: "donner le fichier du certificat de l'autorité, -----BEGIN CERTIFICATE-----, tel que ce poste l'a (chemin relatif : sous le dossier du projet)",
    });
  if (text === undefined)
    found({ en: `is "${path}", which cannot be read`, fr: `vaut "${path}", qui n'est pas lisible` });
  else if (!/-----BEGIN (TRUSTED )?CERTIFICATE-----[\s\S]+-----END (TRUSTED )?CERTIFICATE-----/.test(text))
    found({
      en: `is "${path}", in which there is no certificate`,
      fr: `vaut "${path}", où il n'y a pas de certificat`,
    });
  else if (/PRIVATE KEY-----/.test(text))
    found({
      en: `is "${path}", which has a private key in it`,
      fr: `vaut "${path}", où il y a une clé privée`,
    });
}
