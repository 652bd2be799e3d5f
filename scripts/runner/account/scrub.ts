const MASK = "***";

/**
 * A function that takes secrets out of a line of text: the values given, also as they stand in a URL or in
 * a quoted Python or JSON string, and what is a secret by its place (the password in a query or a URL,
 * an OAuth header). The client puts the password into the query of every request, so that it is in the
 * message of every connection error.
 */
export function scrubber(secrets: Iterable<string>): (line: string) => string {
  // Shorter ones would mask half of every line; the patterns by place still see them.
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 4);
  known.sort((a, b) => b.length - a.length);
  const literal = known.length > 0 ? new RegExp(known.map(anyForm).join("|"), "g") : undefined;
  return (line) => {
    const text = literal ? line.replace(literal, MASK) : line;
    return text
      .replace(
        /\b(user_pw|user_email|client_secret|client_key|db_pw|db_secret_key)=[^&\s'")]*/g,
        `$1=${MASK}`,
      )
      .replace(
        /(["']?\b(?:user_pw|client_secret|client_key|db_pw|db_secret_key|password)["']?\s*:\s*)("[^"]*"|'[^']*'|[^\s,}]+)/g,
        `$1${MASK}`,
      )
      .replace(/\b(oauth_\w+)=("[^"]*"|[^&\s,]+)/g, `$1=${MASK}`)
      .replace(/(\w+:\/\/)[^\s/@:]*:[^\s@]*@/g, `$1${MASK}@`);
  };
}

/** A pattern for a text whose characters may each stand for themselves, as %XX, or after a backslash. */
function anyForm(secret: string): string {
  return [...secret]
    .map((char) => {
      const code = char.codePointAt(0) ?? 0;
      const literal = char.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      const bytes = [...Buffer.from(char)].map((byte) => `%${anyCase(byte.toString(16).padStart(2, "0"))}`);
      const forms = [literal, bytes.join("")];
      if (char === " ") forms.push("\\+");
      if (char === "\\" || char === "'" || char === '"') forms.push(`\\\\${literal}`);
      if (code > 126 && code < 65536) forms.push(`\\\\u${anyCase(code.toString(16).padStart(4, "0"))}`);
      return `(?:${forms.reverse().join("|")})`;
    })
    .join("");
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
