import {
  coerceError,
  createBackoff,
  createCounter,
  DEADLINES,
  delay,
  type Logger,
  METRICS,
  startAtZero,
} from '@zameni/runtime';
import { toFaultReason } from './fault-reason.ts';
import { startLeaseKeeper } from './keeper.ts';
import type { WorkStatus } from './status.ts';

/** The lease of work that one process does at a time, and the checkpoint that comes with it. */
export type LeaseStore = {
  /**
   * Takes the lease if it is free, ours or expired. Returns the checkpoint, or undefined if it is
   * taken. A standby calls it again and again: only the second call that finds the same expired
   * lease takes it.
   */
  readonly takeLease: () => Promise<number | undefined>;
  /**
   * Renews the lease. Returns false if another process has taken it, or if the checkpoint is before
   * a position that it had reached.
   */
  readonly renewLease: (atLeast: number) => Promise<boolean>;
  /** Releases the lease if it is ours, so that a standby takes over at once. */
  readonly releaseLease: () => Promise<void>;
  /** Reads the checkpoint, also while another process holds the lease. */
  readonly readPosition: () => Promise<number>;
};

/** One run of the work: its start, its end, and the report of its progress. */
export type LeasedRun = {
  readonly from: number;
  /** Aborts when the process stops or the lease is lost. */
  readonly signal: AbortSignal;
  /** Called after each step with the checkpoint. */
  readonly onProgress: (position: number) => void;
  /** Called after a step that is no progress yet. The lease of work without steps expires. */
  readonly onStep: () => void;
};

/** What a lease can be for. Metrics have these names as labels. */
export type WorkName = 'projection' | 'eraser' | 'auditor' | 'rewrapper' | 'reclaimer' | 'mailer';

/** Work, its lease, and its name in metrics and logs. */
export type LeasedWorkOptions = {
  readonly name: WorkName;
  /** The version of the read models, if each has a lease of its own. */
  readonly version?: number;
  readonly store: LeaseStore;
  /** Works until the lease is lost or the signal aborts; throws on a fault. */
  readonly work: (run: LeasedRun) => Promise<void>;
  /** Whether the work moves the checkpoint to each position that it reports. */
  readonly movesCheckpoint?: boolean;
  readonly logger: Logger;
  readonly standbyMs?: number;
  readonly renewMs?: number;
};

/** Work under a lease, and its status in this process. */
export type LeasedWork = {
  /** Runs until the signal aborts. It retries after every fault, so it does not reject. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly status: () => WorkStatus;
};

/** A position that every checkpoint has reached. That of a mailer begins at -1. */
const NO_CHECKPOINT = -1;

/** Milliseconds between two looks of a standby at the checkpoint. */
const LOOK_MS = 1_000;

/** Not longer than a take-over, because every process stalls while the database restarts. */
const FAULT_BACKOFF = { baseMs: 100, maxMs: DEADLINES.takeOver };

/**
 * Runs work while this process holds its lease. States: starting; standby (another process holds
 * the lease; this one tries to take it again and again); active (a keeper renews the lease beside
 * the work); stalled (backoff, then a new start from the checkpoint, because a fault hides how far
 * the last step came). A fault releases the lease, since a standby may do better. Two processes may believe that they are active. So every write compares the
 * holder or is safe to repeat, and the lease only decides who does the work.
 */
export function createLeasedWork(options: LeasedWorkOptions): LeasedWork {
  const { store, work, logger, renewMs, standbyMs = DEADLINES.leaseStandby } = options;
  const { version, movesCheckpoint = false } = options;
  const name = version === undefined ? options.name : `${options.name} of version ${version}`;
  const leaseOf = { 'zameni.lease.work': options.name };
  const countLost = createCounter(METRICS.work.leaseLost);
  const countFailure = createCounter(METRICS.work.leaseFailures);
  startAtZero(METRICS.work.leaseLost, [leaseOf]);
  startAtZero(METRICS.work.leaseFailures, [leaseOf]);
  const faultBackoff = createBackoff(FAULT_BACKOFF);
  let status: WorkStatus = { state: 'starting', position: 0 };
  let nextLookAtMs = 0;

  async function step(signal: AbortSignal): Promise<void> {
    const from = await store.takeLease();
    if (from === undefined) return standBy(signal);
    // A stall ends when a step succeeds, not when the next try begins.
    if (status.state !== 'stalled') {
      logger.info({ work: name, position: from }, 'work is active');
      status = { state: 'active', position: from };
    }
    await keepAndWork(from, signal);
    if (signal.aborted) return;
    countLost(leaseOf);
    logger.warn({ work: name }, 'work lost its lease');
  }

  /** Works until the lease is lost or the signal aborts. Throws on a fault of work or lease. */
  async function keepAndWork(from: number, signal: AbortSignal): Promise<void> {
    let reached = movesCheckpoint ? from : NO_CHECKPOINT;
    await using keeper = startLeaseKeeper(
      { renewLease: () => store.renewLease(reached) },
      renewMs === undefined ? {} : { renewMs },
    );
    const { onStep } = keeper;
    const run: LeasedRun = {
      from,
      signal: AbortSignal.any([signal, keeper.signal]),
      onStep,
      onProgress: (position) => {
        if (movesCheckpoint) reached = position;
        onStep();
        onProgress(position);
      },
    };
    try {
      await work(run);
    } catch (error) {
      // Work that was cut short throws what it was cut short with.
      if (!keeper.signal.aborted) throw error;
    }
    const fault = keeper.fault();
    if (fault !== undefined) throw fault;
  }

  function onProgress(position: number): void {
    status = { state: 'active', position };
    faultBackoff.reset();
  }

  async function standBy(signal: AbortSignal): Promise<void> {
    if (status.state !== 'standby' || performance.now() >= nextLookAtMs) {
      const position = await store.readPosition();
      if (status.state !== 'standby') logger.info({ work: name, position }, 'work stands by');
      status = { state: 'standby', position };
      nextLookAtMs = performance.now() + LOOK_MS;
    }
    await delay(standbyMs * (0.5 + Math.random() / 2), signal);
  }

  async function stall(error: unknown, signal: AbortSignal): Promise<void> {
    status = { state: 'stalled', position: status.position, reason: toFaultReason(error) };
    countFailure(leaseOf);
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
