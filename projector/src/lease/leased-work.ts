import { coerceError, createBackoff, delay, type Logger } from '@zameni/runtime';
import { PoisonRecordError } from '../records/poison-record.ts';
import type { ProjectionStatus, Stall } from './status.ts';

/** The lease of work that one process does at a time, and the checkpoint that comes with it. */
export type LeaseStore = {
  /** Takes the lease when it is free or ours; answers the checkpoint, undefined when it is not. */
  readonly takeLease: () => Promise<number | undefined>;
  /** Answers whether the lease was still ours. */
  readonly renewLease: () => Promise<boolean>;
  /** Gives the lease up, so that a standby takes over at once. */
  readonly releaseLease: () => Promise<void>;
  readonly readPosition: () => Promise<number>;
};

/** What the work gets: where to begin, when to stop, and how to report progress. */
export type LeasedRun = {
  readonly from: number;
  readonly signal: AbortSignal;
  /** Told the checkpoint after each step, and whether anything was applied in it. */
  readonly onProgress: (position: number, applied: boolean) => void;
};

/** Work, its lease, and what it is called in the log. */
export type LeasedWorkOptions = {
  readonly name: string;
  readonly store: LeaseStore;
  /** Works until the lease is lost or the signal aborts; throws at a fault. */
  readonly work: (run: LeasedRun) => Promise<void>;
  readonly logger: Logger;
  readonly standbyMs?: number;
};

/** Work that can be run once and asked how it is. */
export type LeasedWork = {
  /** Runs until the signal aborts; every fault is tried again, so it does not reject. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly status: () => ProjectionStatus;
};

/** Milliseconds between a standby's looks at the lease, less a random part. */
const STANDBY_MS = 1_000;

/** A poison record is tried again sooner than a lease ends: every process would meet it. */
const POISON_BACKOFF = { baseMs: 200, maxMs: 2_000 };
const FAULT_BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * States: starting, standby (another process holds the lease, which is tried for every second),
 * active, stalled (backoff, then the checkpoint is read again: after a fault nobody knows how far the
 * last step came). After a fault of this process's surroundings the lease is given up, since a standby
 * may do better; a poison record keeps it. Passing over a record is the worse failure, standing still
 * the lesser.
 */
export function createLeasedWork(options: LeasedWorkOptions): LeasedWork {
  const { name, store, work, logger, standbyMs = STANDBY_MS } = options;
  const poisonBackoff = createBackoff(POISON_BACKOFF);
  const faultBackoff = createBackoff(FAULT_BACKOFF);
  let status: ProjectionStatus = { state: 'starting', position: 0 };

  async function step(signal: AbortSignal): Promise<void> {
    const from = await store.takeLease();
    if (from === undefined) return standBy(signal);
    // A stall is over when a step succeeds, not when the next attempt begins.
    if (status.state !== 'stalled') {
      logger.info({ work: name, position: from }, 'work is active');
      status = { state: 'active', position: from };
    }
    await work({ from, signal, onProgress });
    if (!signal.aborted) logger.warn({ work: name }, 'work lost its lease');
  }

  function onProgress(position: number, applied: boolean): void {
    status = { state: 'active', position };
    faultBackoff.reset();
    if (applied) poisonBackoff.reset();
  }

  async function standBy(signal: AbortSignal): Promise<void> {
    const position = await store.readPosition();
    if (status.state !== 'standby') logger.info({ work: name, position }, 'work stands by');
    status = { state: 'standby', position };
    await delay(standbyMs * (0.5 + Math.random() / 2), signal);
  }

  async function stall(error: unknown, signal: AbortSignal): Promise<void> {
    const reason = toStall(error);
    const isNews = status.state !== 'stalled' || !isSameStall(status.stall, reason);
    status = { state: 'stalled', position: status.position, stall: reason };
    if (reason.kind === 'poison') {
      // Said once for each record, not at every try.
      if (isNews) logger.error({ work: name, poison: reason }, 'work stalled at a record');
      return delay(poisonBackoff.nextMs(), signal);
    }
    logger.error({ work: name, error: coerceError(error) }, 'work stalled');
    await giveUpLease();
    return delay(faultBackoff.nextMs(), signal);
  }

  async function giveUpLease(): Promise<void> {
    try {
      await store.releaseLease();
    } catch (error) {
      logger.warn({ work: name, error }, 'lease not given up, it will run out');
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
  if (error instanceof PoisonRecordError) return { kind: 'poison', ...error.record };
  return { kind: 'fault', reason: coerceError(error).name };
}
