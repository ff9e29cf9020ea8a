import { once } from 'node:events';

/** Milliseconds for open connections to end. */
const DRAIN_MS = 2_000;

/** Waits for a signal, then closes a server and ends the process. */
export async function runUntilStopped(server: AsyncDisposable): Promise<void> {
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  // A client that stays connected must not hold up the end of the stack.
  setTimeout(() => process.exit(0), DRAIN_MS).unref();
  await server[Symbol.asyncDispose]();
  process.exit(0);
}
