import { rename, writeFile } from 'node:fs/promises';
import type { Stack } from '@zameni/runtime/stack';

/** Writes the description in one step, so that a reader never sees half of it. */
async function writeStackFile(path: string, stack: Stack): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Writes descriptions one after the other, the newest last. */
export function createStackWriter(path: string): (stack: Stack) => Promise<void> {
  let last = Promise.resolve();
  return (stack) => {
    // A failed write is its caller's matter, not that of the next one.
    last = last.catch(() => undefined).then(() => writeStackFile(path, stack));
    return last;
  };
}
