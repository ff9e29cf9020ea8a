import { createBackoff, delay, type EventLog, type LogRecord, Fault } from '@zameni/runtime';
import type { ParkingStore } from './store.ts';

/** Records of a subject that wait: from its park to before a later record of it. */
export type Waiting = {
  readonly subject: string;
  readonly from: number;
  readonly before: number;
};

/** Reads records that wait, without those that are discarded. Throws if the log does not show them. */
export type ReadWaiting = (waiting: Waiting, signal: AbortSignal) => Promise<readonly LogRecord[]>;

/** Tries until the replica that answers shows the later record, which another replica has shown. */
const MAX_TRIES = 20;
const BACKOFF = { baseMs: 20, maxMs: 200 };

/** Creates the reader of records that wait for an account which is erased. */
export function createWaitingReader(deps: {
  readonly log: Pick<EventLog, 'readSubject'>;
  readonly store: Pick<ParkingStore, 'readDiscarded'>;
}): ReadWaiting {
  return async ({ subject, from, before }, signal) => {
    const backoff = createBackoff(BACKOFF);
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const all = await deps.log.readSubject(subject, signal);
      if ((all.at(-1)?.position ?? 0) >= before) {
        const discarded = await deps.store.readDiscarded();
        return all.filter(({ position }) => {
          return position >= from && position < before && !discarded.has(position);
        });
      }
      await delay(backoff.nextMs(), signal);
    }
    throw new Fault('the replicas of the log are behind');
  };
}
