import { rename, writeFile } from 'node:fs/promises';
import type { Stack } from '@zameni/runtime/stack';

/** Writes the description in one step, so that a reader never sees half of it. */
export async function writeStackFile(path: string, stack: Stack): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
