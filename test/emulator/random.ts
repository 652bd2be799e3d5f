/** Numbers in [0, 1) from a seed: the same seed gives the same row of numbers on every machine. */
export type Random = () => number;

/** mulberry32: small, quick (half a million observations need several million numbers) and good enough to spread. */
export function randomFrom(...seed: (string | number)[]): Random {
  let state = hash(seed.join("\u0000"));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A whole number from `from` to `to`, both included. */
export function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** One of a list that is not empty. */
export function oneOf<T>(random: Random, list: readonly T[]): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error("oneOf: the list is empty");
  return found;
}

/** A UUID of version 4's form, from the given numbers. */
export function uuid(random: Random): string {
  const hex = () =>
    Math.floor(random() * 65536)
      .toString(16)
      .padStart(4, "0");
  return `${hex()}${hex()}-${hex()}-4${hex().slice(1)}-a${hex().slice(1)}-${hex()}${hex()}${hex()}`;
}
