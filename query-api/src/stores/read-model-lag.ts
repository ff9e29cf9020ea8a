import { type HeadWatch, type LiveCheckpoint, METRICS, observe } from '@zameni/runtime';

/** Observes how far the live read models are behind the log, without any word of the projector. */
export type ReadModelLag = Disposable & {
  /** Reads the checkpoint of the live version, and remembers it. */
  readonly read: () => Promise<LiveCheckpoint | undefined>;
  /** The checkpoint of the last look. Undefined if it failed. */
  readonly last: () => LiveCheckpoint | undefined;
};

/** What is compared. `read` rejects if the primary is unavailable. */
export type ReadModelLagOptions = {
  readonly read: () => Promise<LiveCheckpoint | undefined>;
  readonly head: Pick<HeadWatch, 'lastHead' | 'pastForMs'>;
};

/**
 * Compares looks that this process takes each second anyway: at the head of the log, and at the
 * checkpoint on the primary. So operators see the lag also when no projector lives. There is no
 * value while one of the two is unknown: an old one would seem to be true.
 */
export function createReadModelLag({ read, head }: ReadModelLagOptions): ReadModelLag {
  let checkpoint: LiveCheckpoint | undefined;

  async function readAndRemember(): Promise<LiveCheckpoint | undefined> {
    try {
      checkpoint = await read();
    } catch (error) {
      checkpoint = undefined;
      throw error;
    }
    return checkpoint;
  }

  function lagOf(): { readonly records: number; readonly seconds: number } | undefined {
    const last = head.lastHead();
    if (checkpoint === undefined || last === undefined) return undefined;
    const { position } = checkpoint;
    return { records: Math.max(0, last - position), seconds: head.pastForMs(position) / 1_000 };
  }

  const stack = new DisposableStack();
  const { readModelLag, readModelLagDuration } = METRICS.projection;
  stack.use(observe(readModelLag, () => toValues(lagOf()?.records)));
  stack.use(observe(readModelLagDuration, () => toValues(lagOf()?.seconds)));
  return { read: readAndRemember, last: () => checkpoint, [Symbol.dispose]: () => stack.dispose() };
}

function toValues(value: number | undefined): readonly { readonly value: number }[] {
  return value === undefined ? [] : [{ value }];
}
