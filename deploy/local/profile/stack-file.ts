import { rename, writeFile } from 'node:fs/promises';
import type { Stack } from '@zameni/runtime/stack';

/** Replaces the description atomically, so that a reader never sees a part of it. */
async function writeStackFile(path: string, stack: Stack): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Writes descriptions one after the other, the newest last. */
export function createStackWriter(path: string): (stack: Stack) => Promise<void> {
  let last = Promise.resolve();
  return (stack) => {
    // The caller of a failed write gets its error. The next write does not.
    last = last.catch(() => undefined).then(() => writeStackFile(path, stack));
    return last;
  };
}
