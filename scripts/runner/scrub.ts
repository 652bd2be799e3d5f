const MASK = "***";

/**
 * A function that takes secrets out of a line of text: the values given, also as they stand in a URL or in
 * a quoted Python or JSON string, and what is a secret by its place (the password in a query or a URL,
 * an OAuth header). The client puts the password into the query of every request, so that it is in the
 * message of every connection error.
 */
export function scrubber(secrets: Iterable<string>): (line: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < 4) continue; // would mask half of every line; the patterns below still see it
    const encoded = encodeURIComponent(secret).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    for (const form of [
      secret,
      encodeURIComponent(secret),
      encoded,
      encoded.replaceAll("%20", "+"),
      encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll("\\", "\\\\").replaceAll("'", "\\'"),
    ])
      forms.add(form);
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (line) => {
    let text = line;
    for (const form of longestFirst) text = text.replaceAll(form, MASK);
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
