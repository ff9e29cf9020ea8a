import { coerceError, createBackoff, delay, type Logger } from '@zameni/runtime';
import type { CacheFeed } from './cache-feed.ts';
import { followLog, type FollowOptions } from './follow-log.ts';
import { PoisonEventError } from './poison-event.ts';
import type { ProjectionStatus, Stall } from './projection-status.ts';

/** What a projection needs to run. */
export type ProjectionOptions = Omit<FollowOptions, 'from' | 'signal' | 'onProgress'> & {
  readonly cache: CacheFeed;
  readonly logger: Logger;
  readonly standbyMs?: number;
};

/** A projection that can be run once and asked how it is. */
export type Projection = {
  /** Runs until the signal aborts; every fault is tried again, so it does not reject. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly status: () => ProjectionStatus;
};

/** Milliseconds between a standby's looks at the lease, less a random part. */
const STANDBY_MS = 1_000;

/** A poison event is tried again sooner than a lease ends: every process would meet it. */
const POISON_BACKOFF = { baseMs: 200, maxMs: 2_000 };
const FAULT_BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * States: starting, standby (another process holds the lease, which is tried for every second),
 * active (follows the log), stalled (backoff, then the checkpoint is read anew: after a fault nobody
 * knows how far the last batch came). After a fault of this process's surroundings the lease is
 * given up, since a standby may fare better; a poison event keeps it. Passing over an event is the
 * worse failure, standing still the lesser.
 */
export function createProjection(options: ProjectionOptions): Projection {
  const { store, cache, logger, standbyMs = STANDBY_MS } = options;
  const poisonBackoff = createBackoff(POISON_BACKOFF);
  const faultBackoff = createBackoff(FAULT_BACKOFF);
  let status: ProjectionStatus = { state: 'starting', position: 0 };

  async function step(signal: AbortSignal): Promise<void> {
    const from = await store.takeLease();
    if (from === undefined) return standBy(signal);
    cache.resume(from);
    // A stall is over when a step succeeds, not when the next attempt begins.
    if (status.state !== 'stalled') {
      logger.info({ position: from }, 'projection is active');
      status = { state: 'active', position: from };
    }
    await followLog({ ...options, from, signal, onProgress });
    if (!signal.aborted) logger.warn('projection lost its lease');
  }

  function onProgress(position: number, applied: boolean): void {
    status = { state: 'active', position };
    faultBackoff.reset();
    if (applied) poisonBackoff.reset();
  }

  async function standBy(signal: AbortSignal): Promise<void> {
    const position = await store.readPosition();
    if (status.state !== 'standby') logger.info({ position }, 'projection stands by');
    status = { state: 'standby', position };
    await delay(standbyMs * (0.5 + Math.random() / 2), signal);
  }

  async function stall(error: unknown, signal: AbortSignal): Promise<void> {
    const reason = toStall(error);
    const isNews = status.state !== 'stalled' || !isSameStall(status.stall, reason);
    status = { state: 'stalled', position: status.position, stall: reason };
    if (reason.kind === 'poison') {
      // Said once for each event, not at every try.
      if (isNews)
        logger.error({ poison: reason }, 'projection stalled at an event it cannot project');
      return delay(poisonBackoff.nextMs(), signal);
    }
    logger.error({ error: coerceError(error) }, 'projection stalled');
    await giveUpLease();
    return delay(faultBackoff.nextMs(), signal);
  }

  async function giveUpLease(): Promise<void> {
    try {
      await store.releaseLease();
    } catch (error) {
      logger.warn({ error }, 'lease not given up, it will run out');
    }
  }

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await step(signal);
        } catch (error) {
          if (signal.aborted) break;
          await stall(error, signal).catch((second: unknown) => {
            if (!signal.aborted) throw second;
          });
        }
      }
      await giveUpLease();
    },
    status: () => status,
  };
}

function isSameStall(a: Stall, b: Stall): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function toStall(error: unknown): Stall {
  if (error instanceof PoisonEventError) return { kind: 'poison', ...error.event };
  return { kind: 'fault', reason: coerceError(error).name };
}
