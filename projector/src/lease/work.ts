import { coerceError, createBackoff, delay, type Logger } from '@zameni/runtime';
import { PoisonRecordError } from '../records/poison-record.ts';
import { toFaultReason } from './fault-reason.ts';
import type { ProjectionStatus, Stall } from './status.ts';

/** The lease of work that one process does at a time, and the checkpoint that comes with it. */
export type LeaseStore = {
  /** Takes the lease if it is free or ours. Returns the checkpoint, or undefined if it is taken. */
  readonly takeLease: () => Promise<number | undefined>;
  /** Renews the lease. Returns false if another process has taken it. */
  readonly renewLease: () => Promise<boolean>;
  /** Releases the lease if it is ours, so that a standby takes over at once. */
  readonly releaseLease: () => Promise<void>;
  /** Reads the checkpoint, also while another process holds the lease. */
  readonly readPosition: () => Promise<number>;
};

/** One run of the work: its start, its end, and the report of its progress. */
export type LeasedRun = {
  readonly from: number;
  readonly signal: AbortSignal;
  /** Called after each step with the checkpoint, and whether the step applied anything. */
  readonly onProgress: (position: number, applied: boolean) => void;
};

/** Work, its lease, and its name in the process's log. */
export type LeasedWorkOptions = {
  readonly name: string;
  readonly store: LeaseStore;
  /** Works until the lease is lost or the signal aborts; throws on a fault. */
  readonly work: (run: LeasedRun) => Promise<void>;
  readonly logger: Logger;
  readonly standbyMs?: number;
};

/** Work under a lease, and its status in this process. */
export type LeasedWork = {
  /** Runs until the signal aborts. It retries after every fault, so it does not reject. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly status: () => ProjectionStatus;
};

/** Milliseconds between two tries of a standby to take the lease, less a random part. */
const STANDBY_MS = 1_000;

/** A poison record is retried before the lease ends: every process would stall at it. */
const POISON_BACKOFF = { baseMs: 200, maxMs: 2_000 };
const FAULT_BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * Runs work while this process holds its lease. States: starting; standby (another process holds
 * the lease; this one tries to take it every second); active; stalled (backoff, then a new start
 * from the checkpoint, because a fault hides how far the last step came). A fault of this process's
 * environment releases the lease, since a standby may do better. A poison record keeps it. To skip
 * a record would be the worse failure, to stand still the lesser.
 */
export function createLeasedWork(options: LeasedWorkOptions): LeasedWork {
  const { name, store, work, logger, standbyMs = STANDBY_MS } = options;
  const poisonBackoff = createBackoff(POISON_BACKOFF);
  const faultBackoff = createBackoff(FAULT_BACKOFF);
  let status: ProjectionStatus = { state: 'starting', position: 0 };

  async function step(signal: AbortSignal): Promise<void> {
    const from = await store.takeLease();
    if (from === undefined) return standBy(signal);
    // A stall ends when a step succeeds, not when the next try begins.
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
      // Logged once for each record, not at every retry.
      if (isNews) logger.error({ work: name, poison: reason }, 'work stalled at a record');
      return delay(poisonBackoff.nextMs(), signal);
    }
    logger.error({ work: name, error: coerceError(error) }, 'work stalled');
    await releaseLease();
    return delay(faultBackoff.nextMs(), signal);
  }

  async function releaseLease(): Promise<void> {
    try {
      await store.releaseLease();
    } catch (error) {
      logger.warn({ work: name, error }, 'lease not released, it will expire');
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
      await releaseLease();
    },
    status: () => status,
  };
}

function isSameStall(a: Stall, b: Stall): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function toStall(error: unknown): Stall {
  if (error instanceof PoisonRecordError) return { kind: 'poison', ...error.record };
  return { kind: 'fault', reason: toFaultReason(error) };
}
