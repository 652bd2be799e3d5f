import { EventEmitter } from "node:events";

/** Characters of a line that are kept: the rest of one without an end would fill the memory. */
const LONGEST = 1_000_000;

/** The lines of a process' output, each as a `line`; `close` when it has ended. */
export function linesOf(stream: NodeJS.ReadableStream): EventEmitter<{ line: [string]; close: [] }> {
  const lines = new EventEmitter<{ line: [string]; close: [] }>();
  let begun = "";
  let cut = false;
  const end = (line: string) => {
    if (!cut) lines.emit("line", line);
    cut = false;
  };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const [first = "", ...rest] = text.split("\n");
    begun += first;
    for (const next of rest) {
      end(begun.replace(/\r$/, ""));
      begun = next;
    }
    if (begun.length <= LONGEST) return;
    end(begun.slice(0, LONGEST));
    begun = "";
    cut = true;
  });
  stream.once("close", () => {
    if (begun !== "") end(begun);
    lines.emit("close");
  });
  return lines;
}
