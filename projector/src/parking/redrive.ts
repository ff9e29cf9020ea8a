import type { EventLog, Logger } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import { readRecords } from '../follow/read-records.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { type Applied, applyOrPark } from './apply-or-park.ts';
import { createParking } from './changes.ts';
import type { Fold } from './fold-or-park.ts';
import type { RedriveRequest } from './store.ts';

/** Dependencies of redrives. The store is that of the active process. */
export type RedriveDeps = {
  readonly log: Pick<EventLog, 'readSubject' | 'hasRecord'>;
  readonly keys: PeopleKeys;
  readonly store: Pick<
    ProjectionStore,
    'apply' | 'findRejection' | 'readRedriveRequests' | 'readDiscarded'
  >;
  readonly logger: Logger;
  readonly fold?: Fold;
};

/** Tries parked subjects again. Called between batches only, so nothing else is applied then. */
export type Redrive = (run: {
  /** The checkpoint, which does not move. */
  readonly position: number;
  readonly signal: AbortSignal;
  /** Called for each subject that was tried. Returns false to end the round. */
  readonly onApplied: (applied: Applied | undefined) => Promise<boolean>;
}) => Promise<void>;

/** Milliseconds between two looks for requests. With ten subjects a round: 20 a second at most. */
const LOOK_MS = 500;

/**
 * Creates the redrive. The records of a subject are read from the log by its name, from the first
 * one that waits to the checkpoint, and applied in order in one transaction that also ends the
 * parking. If one fails again, the records before it are applied and the rest stays parked. A
 * replica of the log that does not show the last record that waits is asked again later.
 */
export function createRedrive({ log, keys, store, logger, fold }: RedriveDeps): Redrive {
  let nextLookAt = 0;

  async function redrive(
    request: RedriveRequest,
    position: number,
    signal: AbortSignal,
  ): Promise<Applied | undefined | 'later'> {
    const { subject } = request;
    const all = await log.readSubject(subject, signal);
    const last = all.at(-1)?.position ?? 0;
    // Records of attempts expire. The leader knows whether there are none left.
    const isBehind = last < request.lastPosition;
    if (isBehind && (last > 0 || (await log.hasRecord(subject, signal)))) return 'later';
    const records = all.filter((record) => {
      return record.position >= request.position && record.position <= position;
    });
    const parking = createParking(new Set([subject]));
    parking.unpark(subject);
    const discarded = await store.readDiscarded();
    const projected = await readRecords(records, { keys, parking, discarded, signal });
    const batch = { from: position, to: position, records: projected, parking };
    return applyOrPark(store, batch, fold);
  }

  return async ({ position, signal, onApplied }) => {
    if (performance.now() < nextLookAt) return;
    nextLookAt = performance.now() + LOOK_MS;
    for (const request of await store.readRedriveRequests()) {
      const applied = await redrive(request, position, signal);
      if (applied === 'later') continue;
      const { subject } = request;
      const [park] = applied?.parking.parks ?? [];
      if (park === undefined) logger.info({ subject }, 'a parked subject is applied');
      else logger.warn({ subject, reason: park.reason }, 'a subject is parked again');
      if (!(await onApplied(applied))) return;
    }
  };
}
