import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "test/mutations";

/** A fault put into the product on purpose, and the command that has to notice it. */
export interface Mutation {
  name: string;
  /** From the project's root. */
  path: string;
  /** What it breaks. */
  what: string;
  /** Succeeds as the project is, and fails with the patch. */
  command: string;
  /** Of a command that is vitest's: one test, or those whose names have these words. */
  vitest: { project: string; file: string; title: string } | undefined;
}

const VITEST = /^npx vitest run --project (\w+) (\S+) -t '([^']+)'$/;

/** The patches of the folder, by name. */
export function mutations(root = "."): Mutation[] {
  return readdirSync(join(root, FOLDER))
    .filter((file) => file.endsWith(".patch"))
    .sort()
    .map((file) => {
      const path = `${FOLDER}/${file}`;
      const head = readFileSync(join(root, path), "utf8")
        .split(/^--- /m)[0]
        ?.split("\n")
        .filter((line) => line.startsWith("# "))
        .map((line) => line.slice(2));
      const command = head?.find((line) => line.startsWith("fails: "))?.slice("fails: ".length) ?? "";
      const [, project, testFile, title] = VITEST.exec(command) ?? [];
      return {
        name: file.slice(0, -".patch".length),
        path,
        what: (head ?? []).filter((line) => !line.startsWith("fails: ")).join(" "),
        command,
        vitest: project && testFile && title ? { project, file: testFile, title } : undefined,
      };
    });
}
