import type { Planned } from "./plan";
import type { Played } from "./year";

/** More years than this are not played to find the fewest faults. */
const MOST = 16;

/**
 * The fewest faults under which the year still fails in the same way: half of them left out, then single ones.
 * @param play plays the year with these faults alone, up to the day on which it failed
 * @param minutes no further year is begun after so many
 */
export async function shrink(
  faults: readonly Planned[],
  failed: Played,
  play: (faults: readonly Planned[]) => Promise<Played>,
  tell: (left: readonly Planned[]) => void,
  minutes = Infinity,
): Promise<readonly Planned[]> {
  // Those that came later have no part in it.
  let left = faults.filter(({ day }) => day <= failed.day);
  let tries = 0;
  const until = performance.now() + minutes * 60_000;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length && tries < MOST && performance.now() < until; ) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      tries++;
      const { violation } = await play(fewer);
      if (violation?.what === failed.violation?.what) {
        left = fewer;
        tell(left);
      } else at += size;
    }
  }
  return left;
}
