import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ADAPTER_FILES, BUILT_RUNNER, bundleRunner } from "../components/render/bundle";

/**
 * `npm run build:package [-- FOLDER]`: the kit as a package for other Pulumi programs, in dist/ or in a folder that is
 * absent or empty. JavaScript with types, laid out as here, with the texts that it reads at run time.
 */
const ROOT = resolve(__dirname, "..");

/** Bundles and loads here what lies ready in the package, or is in the runner's bundle alone. */
const LEFT_OUT = ["esbuild", "tsx", "yaml"];
/** There has to be one of it in a program: the program's own. */
const PEER = "@pulumi/pulumi";

function folder(given: string | undefined): string {
  const to = resolve(given ?? join(ROOT, "dist"));
  if (given === undefined) rmSync(to, { recursive: true, force: true });
  else if (existsSync(to) && readdirSync(to).length > 0) {
    const { LC_ALL, LC_MESSAGES, LANG } = process.env;
    const fr = (LC_ALL || LC_MESSAGES || LANG || "").startsWith("fr");
    process.stderr.write(
      fr ? `${to} n'est pas vide : nommer un nouveau dossier\n` : `${to} is not empty: name a new folder\n`,
    );
    process.exit(1);
  }
  return to;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function packageFile(): string {
  const { name, version, description, license, engines, dependencies } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  const { [PEER]: peer, ...others } = dependencies as Record<string, string>;
  const needed = Object.entries(others).filter(([dependency]) => !LEFT_OUT.includes(dependency));
  const manifest = {
    ...{ name, version, description, license, private: true, engines },
    exports: {
      "./components": { types: "./components/index.d.ts", default: "./components/index.js" },
      "./host": "./components/host/door.js",
      "./sql": "./sql/door.js",
    },
    dependencies: Object.fromEntries(needed),
    peerDependencies: { [PEER]: `^${peer}` },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const to = folder(process.argv[2]);
const tsc = require.resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(ROOT, "tsconfig.package.json"), "--outDir", to], {
  stdio: "inherit",
});
for (const path of readdirSync(join(ROOT, "sql"), { recursive: true, encoding: "utf8" }))
  if (/\.(sql|po)$/.test(path)) cpSync(join(ROOT, "sql", path), join(to, "sql", path));
for (const path of [...ADAPTER_FILES.map((name) => `scripts/runner/download/${name}`), "LICENSE"])
  cpSync(join(ROOT, path), join(to, path));
write(join(to, BUILT_RUNNER), bundleRunner());
// The doors as they are, but that they load no TypeScript.
for (const path of ["sql/door.js", "components/host/door.js"]) {
  const door = readFileSync(join(ROOT, path), "utf8");
  write(join(to, path), door.replace('require("tsx/cjs");\n', "").replace("./program.ts", "./program"));
}
write(join(to, "package.json"), packageFile());
