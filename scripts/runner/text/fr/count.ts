/** A number and its word, which French has in the singular up to one. */
export function count(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n < 2 ? one : several}`;
}
