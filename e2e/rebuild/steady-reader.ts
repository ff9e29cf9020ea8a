import { setTimeout as pause } from 'node:timers/promises';
import type { Actors } from '../support/actors.ts';

/** What a reader saw that it must not see, and how many reads it made. */
export type Seen = { readonly reads: number; readonly faults: readonly string[] };

/** A reader that runs until it is stopped. */
export type SteadyReader = AsyncDisposable & { readonly stop: () => Promise<Seen> };

const PAUSE_MS = 5;

/**
 * Reads people in turn, sometimes any state and sometimes what it has seen last or newer. Each read
 * must succeed, and no person may become older than a reader has demanded.
 */
export function startSteadyReader(actors: Actors, ids: readonly string[]): SteadyReader {
  const stopping = new AbortController();
  const faults: string[] = [];
  const last = new Map<string, { readonly position: string; readonly version: number }>();
  let reads = 0;

  async function read(id: string, demands: boolean): Promise<void> {
    const seen = demands ? last.get(id) : undefined;
    const headers = seen === undefined ? {} : { 'Min-Position': seen.position, Prefer: 'wait=20' };
    const answer = await actors.operator.readUser({ params: { id }, headers });
    reads += 1;
    if (answer.status !== 200) {
      faults.push(`${answer.status} ${demands ? 'at' : 'without'} a position`);
      return;
    }
    const { version } = answer.body;
    if (seen !== undefined && version < seen.version) faults.push(`${version} < ${seen.version}`);
    last.set(id, { position: answer.headers.Position, version });
  }

  async function run(): Promise<void> {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const id = ids[n % ids.length] ?? '';
      // A connection that breaks is a fault too.
      await read(id, n % 2 === 1).catch((error: unknown) => faults.push(String(error)));
      await pause(PAUSE_MS);
    }
  }

  const running = run();
  const stop = async () => {
    stopping.abort();
    await running;
    return { reads, faults };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}
