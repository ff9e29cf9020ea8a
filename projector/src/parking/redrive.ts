import {
  coerceError,
  type EventLog,
  isAbsent,
  type Logger,
  type LogRecord,
  SPANS,
  withSpan,
} from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import { readRecords } from '../follow/read-records.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { toLinks } from '../traces/links.ts';
import { type Applied, applyOrPark } from './apply-or-park.ts';
import { createParking } from './changes.ts';
import type { Fold } from './fold-or-park.ts';
import type { RedriveRequest } from './store.ts';
import { createWaitingReader } from './waiting.ts';

/** Dependencies of redrives. The store is that of the active process. */
export type RedriveDeps = {
  readonly log: Pick<EventLog, 'readSubject' | 'countRecords'>;
  readonly keys: PeopleKeys;
  readonly store: Pick<
    ProjectionStore,
    'apply' | 'findRejection' | 'readRedriveRequests' | 'readDiscarded'
  >;
  readonly logger: Logger;
  readonly fold?: Fold;
};

/** Tries parked subjects again. Called between batches only, so nothing else is applied then. */
export type Redrive = (run: RedriveRun) => Promise<void>;

/** One round. */
type RedriveRun = {
  /** The checkpoint, which does not move. */
  readonly position: number;
  readonly signal: AbortSignal;
  readonly onStep: () => void;
  /** Called for each subject that was tried. Returns false to end the round. */
  readonly onApplied: (applied: Applied | undefined) => Promise<boolean>;
};

/** Milliseconds between two looks for requests. With ten subjects a round: 20 a second at most. */
const LOOK_MS = 500;

/** Milliseconds after which a round ends, so that redrives of missing keys delay no batch for long. */
const ROUND_MS = 500;

/**
 * Creates the redrive. The records of a subject are read from the log by its name, from the first
 * one that waits to the checkpoint, and applied in order in one transaction that also ends the
 * parking. If one fails again, the records before it are applied and the rest stays parked. A
 * replica of the log that does not show the last record that waits is asked again later.
 */
export function createRedrive({ log, keys, store, logger, fold }: RedriveDeps): Redrive {
  const readWaiting = createWaitingReader({ log, store });
  let nextLookAt = 0;

  /** Returns false if the round is over. */
  async function redrive(request: RedriveRequest, run: RedriveRun): Promise<boolean> {
    const all = await readWhole(request, run.position, run.signal);
    if (all === undefined) return true;
    const records = all.filter(({ position }) => {
      return position >= request.position && position <= run.position;
    });
    return inRedriveSpan(request, records, async () => {
      const applied = await apply(request, records, run);
      const { subject } = request;
      const [park] = applied?.parking.parks ?? [];
      if (park === undefined) logger.info({ subject }, 'a parked subject is applied');
      else logger.warn({ subject, reason: park.reason }, 'a subject is parked again');
      return run.onApplied(applied);
    });
  }

  async function apply(
    { subject, redriveRequestedAt, position: parkedAt }: RedriveRequest,
    records: readonly LogRecord[],
    { position, signal, onStep }: RedriveRun,
  ): Promise<Applied | undefined> {
    const parking = createParking(new Map([[subject, parkedAt]]), redriveRequestedAt);
    parking.unpark(subject);
    const discarded = await store.readDiscarded();
    const deps = { keys, parking, discarded, readWaiting, signal, onStep };
    const projected = await readRecords(records, deps);
    const batch = { from: position, to: position, records: projected, parking };
    return applyOrPark(store, batch, fold);
  }

  /** Reads all records of a subject. Undefined if the replica that answered is behind. */
  async function readWhole(
    { subject, lastPosition }: RedriveRequest,
    checkpoint: number,
    signal: AbortSignal,
  ): Promise<readonly LogRecord[] | undefined> {
    try {
      const all = await log.readSubject(subject, signal);
      const last = all.at(-1)?.position ?? 0;
      if (last >= lastPosition) return all;
      // Records of attempts expire. That none is left is proved, because it ends the parking.
      if (last > 0) return undefined;
      const known = Math.min(lastPosition, checkpoint);
      return (await isAbsent(log, { subject, known }, signal)) ? all : undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn({ subject, error: coerceError(error) }, 'a parked subject cannot be read');
      return undefined;
    }
  }

  return async (run) => {
    if (performance.now() < nextLookAt) return;
    const endsAt = performance.now() + ROUND_MS;
    for (const request of await store.readRedriveRequests()) {
      if (performance.now() >= endsAt) break;
      if (!(await redrive(request, run))) return;
    }
    nextLookAt = performance.now() + LOOK_MS;
  };
}

/**
 * A trace of its own, because those of the records are long over. It links to them, and to the
 * operator's request.
 */
async function inRedriveSpan<T>(
  { traceparent }: RedriveRequest,
  records: readonly LogRecord[],
  run: () => Promise<T>,
): Promise<T> {
  const links = toLinks([traceparent, ...records.map((record) => record.traceparent)]);
  if (links.length === 0) return run();
  const attributes = { 'messaging.batch.message_count': records.length };
  return withSpan(SPANS.redrive, { parent: null, links, attributes }, run);
}
