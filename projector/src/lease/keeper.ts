import { coerceError, DEADLINES, delay, Fault } from '@zameni/runtime';

/** Renews a lease beside the work that it is for. Disposing it ends that. */
export type LeaseKeeper = AsyncDisposable & {
  /** Aborts when the lease is lost, or is kept no longer because of a fault. */
  readonly signal: AbortSignal;
  /** The fault because of which the lease is kept no longer. Undefined if there is none. */
  readonly fault: () => Error | undefined;
  /** Call it after each step of the work: the lease of work that hangs is not renewed for ever. */
  readonly onStep: () => void;
};

/** Milliseconds: between renewals, until a lease expires, and of the longest step of the work. */
export type LeaseTimes = {
  readonly renewMs?: number;
  readonly leaseMs?: number;
  readonly stepMs?: number;
};

/**
 * Starts a keeper for a lease that was just taken. It renews beside the work, so no step has to be
 * shorter than the lease: not a batch of which every key is asked for, and not an erasure that
 * waits for a slow disk. Renewals that fail are repeated until the lease must have expired.
 */
export function startLeaseKeeper(
  { renewLease }: { readonly renewLease: () => Promise<boolean> },
  {
    renewMs = DEADLINES.leaseRenewal,
    leaseMs = DEADLINES.lease,
    stepMs = DEADLINES.leasedStep,
  }: LeaseTimes = {},
): LeaseKeeper {
  const stopping = new AbortController();
  const ending = new AbortController();
  let fault: Error | undefined;
  let steppedAtMs = performance.now();

  /** Renews until the lease is lost. Throws when it is kept no longer because of a fault. */
  async function keep(): Promise<void> {
    let renewedAtMs = performance.now();
    for (;;) {
      await delay(renewMs, stopping.signal);
      if (performance.now() - steppedAtMs > stepMs) {
        throw new Fault(`a step of the work takes longer than ${stepMs} ms`);
      }
      const askedAtMs = performance.now();
      try {
        if (!(await renewLease())) return;
        renewedAtMs = askedAtMs;
      } catch (error) {
        if (performance.now() - renewedAtMs >= leaseMs) throw error;
      }
    }
  }

  async function run(): Promise<void> {
    try {
      await keep();
    } catch (error) {
      if (stopping.signal.aborted) return;
      fault = coerceError(error);
    }
    ending.abort();
  }

  const kept = run();
  return {
    signal: ending.signal,
    fault: () => fault,
    onStep: () => {
      steppedAtMs = performance.now();
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await kept;
    },
  };
}
