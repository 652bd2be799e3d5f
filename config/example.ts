import { wrapped, yamlOf } from "./text";
import { type Key, type Keys, keysOf, type Node } from "./values/key";

/** A key with what is below it, as a stack's file has them. */
interface Block {
  about: string[];
  lines: string[];
  /** Something in it has to be filled in; else it stands after a #. */
  live: boolean;
}

/** The keys as a stack's file has them: those to fill in stand free, all others after a #. */
export function exampleLines(keys: Keys): string[] {
  return Object.entries(keys).flatMap(([name, node]) => {
    const block = blockOf(`vn-sync-check:${name}`, node, "  ");
    return [...(node.kind === "key" ? [] : [""]), ...shown(block, "  ")];
  });
}

function blockOf(name: string, node: Node, indent: string): Block {
  const about = wrapped(node.en, `${indent}## `);
  if (node.kind === "key") return { about, ...keyLine(name, node, indent) };
  const deeper = node.kind === "each" ? `${indent}    ` : `${indent}  `;
  const blocks = Object.entries(keysOf(node)).map(([key, below]) => blockOf(key, below, deeper));
  const live = !(node.kind === "section" && node.optional) && blocks.some((block) => block.live);
  const head =
    node.kind === "each" ? [`${indent}${name}:`, `${indent}  ${node.example}:`] : [`${indent}${name}:`];
  // In what is commented out as a whole, nothing is a second time.
  const below = blocks.flatMap((block) => (live ? shown(block, deeper) : [...block.about, ...block.lines]));
  return { about, lines: [...head, ...below], live };
}

function keyLine(name: string, node: Key, indent: string): Omit<Block, "about"> {
  if (node.secret) return { lines: [`${indent}${name}: (secret)`], live: false };
  const { required, usual, example } = node;
  const empty = node.default === undefined || (Array.isArray(node.default) && node.default.length === 0);
  const value = required || usual || empty ? example : node.default;
  return { lines: [`${indent}${name}: ${yamlOf(value)}`], live: (required ?? usual ?? node.free) === true };
}

function shown({ about, lines, live }: Block, indent: string): string[] {
  return [...about, ...(live ? lines : lines.map((line) => `${indent}# ${line.slice(indent.length)}`))];
}
