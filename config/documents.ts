import { exampleLines } from "./example";
import { SCHEMA } from "./schema";
import { wrapped, yamlOf } from "./text";
import { type Key, type Keys, keysOf, type Locale, type Node } from "./values/key";

/** Where the tables of keys stand in the READMEs. */
const BEGIN = "<!-- keys: written by npm run generate -->";
const END = "<!-- /keys -->";

/** What `npm run generate` writes, by path. `before` is what stands there now. */
export const DOCUMENTS: Record<string, (before: string) => string> = {
  "Pulumi.yaml": pulumiYaml,
  "Pulumi.example.yaml": exampleYaml,
  "README.md": (before) => withTable(before, "en"),
  "README.fr.md": (before) => withTable(before, "fr"),
};

function pulumiYaml(): string {
  const keys = Object.entries<Node>(SCHEMA).flatMap(([name, node]) => [
    `  ${name}:`,
    `    default: ${node.kind === "key" ? yamlOf(node.default ?? "") : "{}"}`,
    "    description: >-",
    ...wrapped(describe(node), "      "),
  ]);
  return lines(
    "name: vn-sync-check",
    "description: A second VisioNature synchronisation that finds and repairs what the main one has missed",
    "runtime:",
    "  name: nodejs",
    "  options:",
    "    # program.js brings its own loader",
    "    typescript: false",
    "# Every key of the kit, written by `npm run generate`. No types: the engine would refuse a value in its own",
    '# words, one at a time; the program names every fault at once. "" and {} mean "not set".',
    "config:",
    ...keys,
  );
}

function describe(node: Node): string {
  if (node.kind === "key") return `${node.required ? "Required. " : ""}${node.en}`;
  const keys = Object.keys(keysOf(node)).join(", ");
  return `${node.en}. ${node.kind === "each" ? `Keys of each: ${keys}` : `Keys: ${keys}`}`;
}

function exampleYaml(): string {
  return lines(
    "# A stack to copy: cp Pulumi.example.yaml Pulumi.<stack>.yaml, fill it in, then `pulumi stack init <stack>`.",
    "# Written by `npm run generate`. A line with ## says what the key below it is for; keys with # are optional",
    "# and stand with their default or an example: take the # away from those that you set.",
    "# Never write a secret into it by hand: what is marked (secret) is set by, for instance,",
    "#   pulumi config set --path --secret 'vn-sync-check:sites.vn38.userPassword'",
    "# which asks for the value and stores it encrypted.",
    "config:",
    ...exampleLines(SCHEMA),
  );
}

const TABLE = {
  en: {
    head: ["key", "default", "what it is for"],
    required: "**required**",
    like: "that of",
    secret: "secret",
  },
  fr: {
    head: ["clé", "défaut", "à quoi elle sert"],
    required: "**obligatoire**",
    like: "celui de",
    secret: "secret",
  },
} as const;

function withTable(before: string, locale: Locale): string {
  const [start, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (start < 0 || end < start)
    throw new Error(`a README has no lines ${BEGIN} … ${END} for its table of keys`);
  const { head } = TABLE[locale];
  const table = [row(head), row(head.map(() => "---")), ...rows(SCHEMA, "", locale).map(row)].join("\n");
  return `${before.slice(0, start)}${BEGIN}\n${table}\n${before.slice(end)}`;
}

function rows(keys: Keys, path: string, locale: Locale): string[][] {
  return Object.entries(keys).flatMap(([name, node]) => {
    const at = `${path}${name}`;
    if (node.kind === "key") return [[`\`${at}\``, standard(node, locale), node[locale]]];
    const own = [`\`${at}\``, "", `**${node[locale]}**`];
    // One hop has the keys of the host itself.
    if (node.kind === "section" && node.optional) return [own];
    return [own, ...rows(keysOf(node), node.kind === "each" ? `${at}.<name>.` : `${at}.`, locale)];
  });
}

/** What holds where the key is absent. */
function standard(node: Key, locale: Locale): string {
  const words = TABLE[locale];
  const value =
    node.required || node.usual
      ? words.required
      : node.like !== undefined
        ? `${words.like} \`${node.like}\``
        : node.default === undefined || (Array.isArray(node.default) && node.default.length === 0)
          ? "–"
          : `\`${node.default}\``;
  return node.secret ? `${value}, ${words.secret}`.replace(/^–, /, "") : value;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function lines(...all: string[]): string {
  return `${all.join("\n")}\n`;
}
