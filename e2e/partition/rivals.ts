import { setTimeout as pause } from 'node:timers/promises';
// oxlint-disable-next-line no-restricted-imports -- a whole system does not fit beside three servers
import type { Committer } from '../../command-api/src/commit/committer.ts';

/** What a committer was told about a name that it wanted. */
export type Told = {
  readonly name: string;
  readonly owner: string;
  /** The position of the claim, or undefined if another one has the name. */
  readonly position: number | undefined;
  readonly atMs: number;
};

/** Rivals for names that go on until they are stopped. */
export type Rivals = {
  /** Ends them. Returns everything that they were told, by the number of the committer. */
  readonly stop: () => Promise<readonly (readonly Told[])[]>;
};

const WORKERS = 3;
const PAUSE_MS = 20;
/** Each name is wanted by every committer, within so many names of the newest one. */
const LAG = 10;

/** Every committer wants every name. A name that is in doubt is not asked for again. */
export function startRivals(committers: readonly Committer[], subjectOf: (name: string) => string) {
  const stopping = new AbortController();
  let newest = 0;

  async function want(committer: Committer, name: string, owner: string): Promise<Told> {
    const subject = subjectOf(name);
    const position = await committer.submit({
      reads: [subject],
      decide: (state) => {
        const isFree = state.get(subject) === undefined;
        return {
          messages: isFree ? [{ subject, data: owner }] : [],
          answer: (at: number) => (isFree ? at : undefined),
        };
      },
    });
    return { name, owner, position, atMs: performance.now() };
  }

  async function work(committer: Committer, told: Told[], number: number, worker: number) {
    for (let n = worker; !stopping.signal.aborted; n += WORKERS) {
      newest = Math.max(newest, n);
      // One that waited behind a broken way goes on where the others are.
      while (n < newest - LAG) n += WORKERS;
      const one = await want(committer, `name-${n}`, `${number}-${n}`).catch(() => undefined);
      if (one !== undefined) told.push(one);
      await pause(PAUSE_MS);
    }
  }

  const told = committers.map((): Told[] => []);
  const running = Promise.all(
    committers.flatMap((committer, number) =>
      Array.from({ length: WORKERS }, (_, worker) =>
        work(committer, told[number] ?? [], number, worker),
      ),
    ),
  );
  running.catch(() => undefined);
  const rivals: Rivals = {
    stop: async () => {
      stopping.abort();
      await running;
      return told;
    },
  };
  return rivals;
}
