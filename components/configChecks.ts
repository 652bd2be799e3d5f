import { oneLine } from "./configReader";
import { InputError } from "./render/inputError";

/** What a single value of the configuration may look like. Each returns the value as it is used. */

/** A host name or an IP address, which evn.yaml, pg_service and SSH all take. */
export function address(value: string): string {
  const trimmed = value.trim();
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(trimmed) && !/^[0-9a-fA-F:]+$/.test(trimmed)) {
    throw new InputError("give a host name or an IP address, without scheme, port or path");
  }
  return trimmed;
}

export function email(value: string): string {
  if (!/^[^\s@"']+@[^\s@"']+\.[^\s@"']+$/.test(value))
    throw new InputError("give a mail address, x@example.org");
  return value;
}

/** The address of a VisioNature portal; the client appends `api/` to it, so it must end with a slash. */
export function portalUrl(value: string): string {
  if (!/^https?:\/\/[^\s/?#@"']+(\/[^\s?#"']*)?$/.test(value)) {
    throw new InputError("give the portal's address, https://www.faune-xxx.org/");
  }
  return value.endsWith("/") ? value : `${value}/`;
}

/** The name of a site in evn.yaml, which is also the `site` column of every row. */
export function siteName(value: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(value)) {
    throw new InputError("give the name that the main synchronisation's evn.yaml has under `site:`");
  }
  return value;
}

/** A name in the database that needs no quotes in any of the files that hold it. */
export function identifier(value: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(value)) {
    throw new InputError("use small letters, digits and _, beginning with a letter, at most 63");
  }
  return value;
}

/** A database or login that exists already: any name that fits on a line of a service file. */
export function existingName(value: string): string {
  if (oneLine(value) !== value.trim() || value.length > 63)
    throw new InputError("give the name as `psql -l` shows it");
  return value;
}

export function linuxUser(value: string): string {
  if (!/^[a-z_][a-z0-9_.-]{0,31}$/i.test(value)) throw new InputError("give the name of a Linux user");
  return value;
}

/** A day as YYYY-MM-DD that exists. */
export function day(value: string): string {
  const date = new Date(`${value}T00:00:00Z`);
  if (
    !/^\d{4}-\d\d-\d\d$/.test(value) ||
    Number.isNaN(date.getTime()) ||
    !date.toISOString().startsWith(value)
  ) {
    throw new InputError("give a date as YYYY-MM-DD");
  }
  return value;
}

/** A host's public key as sshd has it, out of a plain line or one of known_hosts; the comment is dropped. */
export function sshHostKey(value: string): string {
  const match = /(?:^|\s)((?:ssh|ecdsa|sk-)[a-z0-9@.-]+) ([A-Za-z0-9+/]{20,}={0,2})(?:\s|$)/.exec(
    value.trim(),
  );
  if (!match) {
    throw new InputError(
      "give the host's public key, as `ssh-keyscan -t ed25519 <host>` prints it, checked by you",
    );
  }
  return `${match[1]} ${match[2]}`;
}

/** The text of a private key, with its line breaks. */
export function privateKey(value: string): string {
  if (
    !/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\n[\s\S]+\n-----END [A-Z0-9 ]*PRIVATE KEY-----\s*$/.test(value)
  ) {
    throw new InputError(
      "give the key file's whole text: pulumi config set --path --secret <key> < ~/.ssh/id_ed25519",
    );
  }
  return value.endsWith("\n") ? value : `${value}\n`;
}

export function taxoGroup(value: string): string {
  if (!/^TAXO_GROUP_[A-Z_]+$/.test(value))
    throw new InputError("give a name_constant such as TAXO_GROUP_ALIEN_PLANTS");
  return value;
}

/** The short name of a territorial unit, as the portal lists it ("38", "07"). */
export function territorialUnit(value: string): string {
  if (!/^[^\s"',]{1,20}$/.test(value))
    throw new InputError('give a short name in quotes, such as "38" or "07"');
  return value;
}

/** What stands between GRANT and TO. */
export function grant(value: string): string {
  if (!/^[A-Za-z, ]+ ON [\p{L}\p{N}_".,() -]+$/u.test(value)) {
    throw new InputError('give what stands between GRANT and TO, such as "SELECT ON TABLE ref.areas"');
  }
  return value;
}
