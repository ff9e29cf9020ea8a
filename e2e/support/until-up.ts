import { readFile } from 'node:fs/promises';
import { waitUntil } from '@zameni/runtime/testing';
import { type Child, describeExit } from '../../deploy/local/supervisor/child.ts';

/**
 * Milliseconds for a start: three servers may have to elect a leader on a busy machine. AVA ends a
 * test that is silent for 120 s, without these lines.
 */
const START_DEADLINE_MS = 100_000;

const SHOWN_LINES = 20;

/**
 * Waits until a program of a test is up. Rejects with its last log lines, and ends the program, if it
 * exits instead or is not up in time.
 */
export async function untilUp(
  child: Child,
  { isUp, logFile }: { readonly isUp: () => Promise<boolean>; readonly logFile: string },
): Promise<void> {
  const ended = child.exited.then(describeExit);
  try {
    await waitUntil(async () => {
      const found = await Promise.race([ended, isUp()]);
      if (typeof found === 'string') throw new Error(`it ended with ${found}`);
      return found;
    }, START_DEADLINE_MS);
  } catch (cause) {
    child.kill();
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-SHOWN_LINES);
    throw new Error([`${child.name} does not start. Its last lines:`, ...lines].join('\n'), {
      cause,
    });
  }
}
