/**
 * Finds the first version number in a program's output about itself. A number without a dot counts
 * only if there is no other, because some programs print the date first.
 */
export function readVersion(text: string): string | null {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\b\d+\b/.exec(text))?.[0] ?? null;
}

/** Compares versions number by number. A missing number counts as zero. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number));
  for (const [index, wanted] of (need ?? []).entries()) {
    const given = have?.[index] ?? 0;
    if (given !== wanted) return given > wanted;
  }
  return true;
}
