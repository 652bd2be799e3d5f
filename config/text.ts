/** A scalar or a list of them as YAML, on one line. */
export function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yamlOf).join(", ")}]`;
  const text = String(value);
  if (typeof value !== "string") return text;
  const plain =
    /^[A-Za-z][A-Za-z0-9_./:@+<> -]*$/.test(text) && !/: | #|[ :]$|^(true|false|null|yes|no)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

/** Words in lines of at most 110 characters, each beginning with `indent`. */
export function wrapped(text: string, indent: string): string[] {
  const all: string[] = [];
  for (const word of text.split(" ")) {
    const line = all.at(-1);
    if (line === undefined || line.length + word.length > 108) all.push(`${indent}${word}`);
    else all[all.length - 1] = `${line} ${word}`;
  }
  return all;
}
