/**
 * A key's text is a row of fields, each after its length: its kind, then what the kind says. One that was cut off
 * while copying does not end with a field, and the one of the example is no key.
 */
export function isWholeKey(kind: string, text: string): boolean {
  const bytes = Uint8Array.from(atob(text.replace(/=+$/, "")), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const fields: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return false;
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return false;
    fields.push(bytes.slice(at + 4, end));
    at = end;
  }
  if (new TextDecoder().decode(fields[0]) !== kind || fields.length < 2) return false;
  return kind !== "ssh-ed25519" || fields[1]?.length === 32;
}
