import { parseAttemptRecord, parseOrThrow, subjects, type UserId } from '@zameni/contracts';
import { AppError, type AttemptKeys, type EventLog, type LogRecord } from '@zameni/runtime';
import {
  absentAttempt,
  type AttemptInLog,
  type AttemptState,
  toAttemptState,
} from '../domain/attempt.ts';

/** An attempt from the leader, and the record that a change of it must be guarded on. */
export type LoadedAttempt = {
  readonly state: AttemptState;
  readonly last: LogRecord | undefined;
};

/** Dependencies of loading attempts. */
export type AttemptLogDeps = {
  readonly log: Pick<EventLog, 'readLastFromLeader'>;
  readonly attemptKeys: AttemptKeys;
};

/** Loads the state of an attempt at a time. Throws `log-unavailable`. */
export type LoadAttempt = (id: UserId, now: string, signal: AbortSignal) => Promise<LoadedAttempt>;

/** Reads attempts from the leader, because a link may be used right after the registration. */
export function createLoadAttempt({ log, attemptKeys }: AttemptLogDeps): LoadAttempt {
  return async (id, now, signal) => {
    try {
      const last = await log.readLastFromLeader(subjects.attempt(id), signal);
      if (last === undefined) return { state: absentAttempt, last };
      const { record, position } = readAttempt(last);
      const open = () => (record.state === 'open' ? attemptKeys.open(id, record) : undefined);
      return { state: toAttemptState({ record, position }, { now, open }), last };
    } catch (cause) {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    }
  };
}

/** Parses a record of an attempt. Throws if it cannot be read. */
export function readAttempt(record: LogRecord): AttemptInLog {
  return { record: parseOrThrow(parseAttemptRecord, record), position: record.position };
}
