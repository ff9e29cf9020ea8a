import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text to search for, under a name that a report may show. */
export type Needles = ReadonlyMap<string, Buffer>;

/** Most bytes of a surrounding group of three that a needle in base64 loses at each end. */
const GROUP = 3;

/** Searches for texts as they are and in base64, at each offset within a group. */
export function toNeedles(texts: Readonly<Record<string, string>>): Needles {
  return new Map(
    Object.entries(texts).flatMap(([name, text]) => {
      const bytes = Buffer.from(text);
      return [
        [name, bytes] as const,
        ...Array.from({ length: GROUP }, (_, shift) => {
          // Only whole groups do not depend on the bytes around them.
          const inner = bytes.subarray((GROUP - shift) % GROUP);
          const whole = inner.subarray(0, inner.length - (inner.length % GROUP));
          return [`${name} in base64+${shift}`, Buffer.from(whole.toString('base64'))] as const;
        }),
      ];
    }),
  );
}

/**
 * Returns the needles found in files under a folder, with the files. Files may vanish during it.
 */
export function findBytes(folder: string, needles: Needles): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of filesUnder(folder)) {
    const bytes = readIfThere(path);
    if (bytes === undefined) continue;
    for (const [name, needle] of needles) {
      if (bytes.includes(needle)) found.set(name, [...(found.get(name) ?? []), path]);
    }
  }
  return found;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
