import { type HeadWatch, type LiveCheckpoint, METRICS, observe } from '@zameni/runtime';

/** What is compared. */
export type ReadModelLagOptions = {
  /** The checkpoint of the live version, as the last look found it. Undefined if that failed. */
  readonly checkpoint: () => LiveCheckpoint | undefined;
  readonly head: Pick<HeadWatch, 'lastHead' | 'pastForMs'>;
};

/**
 * Observes how far the live read models are behind the log, without any word of the projector, by
 * looks that this process takes each second anyway: at the head of the log, and at the checkpoint on
 * the primary. So operators see the lag also when no projector lives. There is no value while one of
 * the two is unknown: an old one would seem to be true.
 */
export function observeReadModelLag({ checkpoint, head }: ReadModelLagOptions): Disposable {
  function lagOf(): { readonly records: number; readonly seconds: number } | undefined {
    const found = checkpoint();
    const last = head.lastHead();
    if (found === undefined || last === undefined) return undefined;
    const { position } = found;
    return { records: Math.max(0, last - position), seconds: head.pastForMs(position) / 1_000 };
  }

  const stack = new DisposableStack();
  const { readModelLag, readModelLagDuration } = METRICS.projection;
  stack.use(observe(readModelLag, () => toValues(lagOf()?.records)));
  stack.use(observe(readModelLagDuration, () => toValues(lagOf()?.seconds)));
  return stack;
}

function toValues(value: number | undefined): readonly { readonly value: number }[] {
  return value === undefined ? [] : [{ value }];
}
