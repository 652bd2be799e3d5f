import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DOCUMENTS } from "./documents";

// For `npm run generate`: what tells people of the keys is written from the keys themselves.
const ROOT = resolve(__dirname, "..");

for (const [path, write] of Object.entries(DOCUMENTS)) {
  const file = join(ROOT, path);
  const before = readFileSync(file, "utf8");
  const after = write(before);
  if (after !== before) {
    writeFileSync(file, after);
    console.log(`${path}: written`);
  }
}
