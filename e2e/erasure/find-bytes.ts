import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is looked for, by a name that a report may show. */
export type Needles = ReadonlyMap<string, Buffer>;

/** Most bytes of a surrounding group of three that a needle in base64 loses at each end. */
const GROUP = 3;

/** Looks for texts as they are and as they would lie in base64, at each place within a group. */
export function toNeedles(texts: Readonly<Record<string, string>>): Needles {
  return new Map(
    Object.entries(texts).flatMap(([name, text]) => {
      const bytes = Buffer.from(text);
      return [
        [name, bytes] as const,
        ...Array.from({ length: GROUP }, (_, shift) => {
          // Only whole groups are the same whatever lies around them.
          const inner = bytes.subarray((GROUP - shift) % GROUP);
          const whole = inner.subarray(0, inner.length - (inner.length % GROUP));
          return [`${name} in base64+${shift}`, Buffer.from(whole.toString('base64'))] as const;
        }),
      ];
    }),
  );
}

/** Which needles occur in the files under a folder, each with the files; files may go meanwhile. */
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
