import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/** Read from outside: the stack's outputs, the package's face, what a tool or a door in JavaScript loads. */
const ENTRIES = [
  "index.ts",
  "components/index.ts",
  "examples/other-program/index.ts",
  "components/host/program.ts",
  "sql/program.ts",
  "vitest.config.mts",
];

/** Lines of a file at most; tests and what a program writes are left out. */
const LONGEST = { sql: 150, other: 250 };
const CODE = /(\.(ts|mts|mjs|js|py|sh|sql)|^scripts\/[^.]+)$/;

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(path));
const sources = tracked
  .filter((path) => /\.m?ts$/.test(path))
  .map((path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true));

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Names that a file exports of its own, `default` among them. */
function exported(source: ts.SourceFile): string[] {
  return source.statements.flatMap((statement) => {
    if (ts.isExportAssignment(statement)) return ["default"];
    if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      return clause && ts.isNamedExports(clause) ? clause.elements.map((x) => x.name.text) : [];
    }
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const has = (kind: ts.SyntaxKind) => modifiers.some((m) => m.kind === kind);
    if (!has(ts.SyntaxKind.ExportKeyword)) return [];
    if (has(ts.SyntaxKind.DefaultKeyword)) return ["default"];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap((d) => namesOf(d.name));
    const name = (statement as { name?: ts.Node }).name;
    return name && ts.isIdentifier(name) ? [name.text] : [];
  });
}

function namesOf(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((x) => (ts.isBindingElement(x) ? namesOf(x.name) : []));
}

/** What a file takes from others, as `file name`; `file *` where it could be anything. */
function taken(source: ts.SourceFile): string[] {
  const uses: string[] = [];
  const spaces = new Map<string, string>();
  const target = (specifier: ts.Node | undefined) => {
    if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return undefined;
    const path = join(dirname(source.fileName), specifier.text);
    return [path, `${path}.ts`, `${path}/index.ts`].find((p) => tracked.includes(p));
  };
  walk(source, (node) => {
    if (ts.isImportDeclaration(node)) {
      const file = target(node.moduleSpecifier);
      const bindings = node.importClause?.namedBindings;
      if (file === undefined) return;
      if (node.importClause?.name) uses.push(`${file} default`);
      if (bindings && ts.isNamespaceImport(bindings)) spaces.set(bindings.name.text, file);
      else for (const x of bindings?.elements ?? []) uses.push(`${file} ${(x.propertyName ?? x.name).text}`);
    } else if (ts.isExportDeclaration(node)) {
      const file = target(node.moduleSpecifier);
      const clause = node.exportClause;
      if (file === undefined) return;
      if (clause && ts.isNamedExports(clause))
        for (const x of clause.elements) uses.push(`${file} ${(x.propertyName ?? x.name).text}`);
      else uses.push(`${file} *`);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      uses.push(`${target(node.argument.literal)} ${node.qualifier?.getText() ?? "*"}`);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      uses.push(`${target(node.arguments[0])} *`);
    }
  });
  walk(source, (node) => {
    const [left, right] = ts.isPropertyAccessExpression(node)
      ? [node.expression, node.name]
      : ts.isQualifiedName(node)
        ? [node.left, node.right]
        : [];
    const file = left && ts.isIdentifier(left) ? spaces.get(left.text) : undefined;
    if (file !== undefined && right) uses.push(`${file} ${right.text}`);
    // Handed on as a whole.
    if (ts.isIdentifier(node) && spaces.has(node.text) && !ts.isNamespaceImport(node.parent)) {
      if (!ts.isPropertyAccessExpression(node.parent) && !ts.isQualifiedName(node.parent))
        uses.push(`${spaces.get(node.text)} *`);
    }
  });
  return uses;
}

/** A type that another export of the file names belongs to that one's signature: whoever uses it may need the name. */
function inASignature(source: ts.SourceFile, name: string): boolean {
  const isType = (node: ts.Statement) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
  const own = source.statements.find((s) => isType(s) && (s as ts.InterfaceDeclaration).name.text === name);
  const others = source.statements.filter(
    (s) =>
      s !== own &&
      ts.canHaveModifiers(s) &&
      ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword),
  );
  let named = false;
  for (const other of own ? others : [])
    walk(other, (node) => {
      named ||= ts.isTypeReferenceNode(node) && node.typeName.getText() === name;
    });
  return named;
}

test("what a file exports, another uses", () => {
  const uses = new Set(sources.flatMap(taken));
  const unused = sources
    .filter((source) => !ENTRIES.includes(source.fileName) && !uses.has(`${source.fileName} *`))
    .flatMap((source) =>
      exported(source)
        .filter((name) => !uses.has(`${source.fileName} ${name}`) && !inASignature(source, name))
        .map((name) => `${source.fileName} ${name}`),
    );
  expect(unused).toEqual([]);
});

test("every field, setting and parameter is mentioned where it is used, not only where it is declared", () => {
  const mentions = new Map<string, number>();
  const declared: { name: string; file: string }[] = [];
  for (const source of sources) {
    walk(source, (node) => {
      if (ts.isIdentifier(node) || ts.isStringLiteralLike(node))
        mentions.set(node.text, (mentions.get(node.text) ?? 0) + 1);
      const member =
        ts.isPropertySignature(node) || ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node);
      if (member && ts.isIdentifier(node.name))
        declared.push({ name: node.name.text, file: source.fileName });
    });
  }
  const once = declared.filter(({ name }) => mentions.get(name) === 1);
  expect(once.map(({ name, file }) => `${file} ${name}`)).toEqual([]);
});

test("the compiler refuses unused locals and parameters", () => {
  const { compilerOptions } = JSON.parse(readFileSync("tsconfig.json", "utf8"));
  expect(compilerOptions).toMatchObject({ noUnusedLocals: true, noUnusedParameters: true });
});

test("no file is so long that a reader gets lost in it", () => {
  const long = tracked
    .filter((path) => !/^test\//.test(path) && CODE.test(path))
    .map((path) => ({ path, most: path.endsWith(".sql") ? LONGEST.sql : LONGEST.other }))
    .filter(
      ({ path, most }) =>
        most !== undefined && readFileSync(path, "utf8").trimEnd().split("\n").length > most,
    );
  expect(long.map(({ path }) => path)).toEqual([]);
});
