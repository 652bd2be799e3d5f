/**
 * Kinds of faults under which a year is not right yet, with what was found: they are left out until that is mended.
 * This list may only get shorter.
 */
export const WAITS: Record<string, string> = {};
