import { type Clock, type LiveCheckpoint, METRICS, observe } from '@zameni/runtime';

/** Observes how far the replica is behind the primary. */
export type ReplicaLag = Disposable & {
  /** Learns the checkpoint that a read of the replica has shown. */
  readonly learn: (checkpoint: LiveCheckpoint) => void;
};

/** What is compared. */
export type ReplicaLagOptions = {
  /** The checkpoint on the primary, as it was last looked at. */
  readonly primary: () => LiveCheckpoint | undefined;
  readonly clock: Clock;
};

/** Milliseconds after which what the replica has shown counts no more. */
const LIFETIME_MS = 5_000;

/**
 * Compares checkpoints that the process sees anyway. There is no value while no reads ask the
 * replica: nobody sees the lag then, and an old value would seem to grow.
 */
export function createReplicaLag({ primary, clock }: ReplicaLagOptions): ReplicaLag {
  let seen: { readonly checkpoint: LiveCheckpoint; readonly atMs: number } | undefined;

  const observed = observe(METRICS.store.replicaLag, () => {
    const ahead = primary();
    if (ahead === undefined || seen === undefined) return [];
    if (clock.now() - seen.atMs > LIFETIME_MS) return [];
    return [{ value: Math.max(0, ahead.position - seen.checkpoint.position) }];
  });
  return {
    learn: (checkpoint) => {
      seen = { checkpoint, atMs: clock.now() };
    },
    [Symbol.dispose]: () => observed[Symbol.dispose](),
  };
}
