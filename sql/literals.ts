/** A text between quotation marks in SQL. */
export interface Literal {
  /** Where its first quotation mark is, and what comes behind its last. */
  start: number;
  end: number;
  /** As it is written, but for doubled quotation marks: E'' keeps its backslashes. */
  text: string;
}

/** Of two pieces with nothing but a line's end between them the server makes one text, and so do we. */
const NEXT = /--.*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|'(?:[^']|'')*'(?:\s*\n\s*'(?:[^']|'')*')*/g;

/** The texts of a file, those in the bodies of functions too; comments have none. */
export function literals(sql: string): Literal[] {
  return [...sql.matchAll(NEXT)]
    .filter(([found]) => found.startsWith("'"))
    .map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      text: [...match[0].matchAll(/'((?:[^']|'')*)'/g)]
        .map(([, piece = ""]) => piece.replaceAll("''", "'"))
        .join(""),
    }));
}
