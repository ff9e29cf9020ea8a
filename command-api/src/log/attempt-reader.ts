import { AttemptRecord, subjects, type UserId } from '@zameni/contracts';
import { AppError, type AttemptKeys, type EventLog, type LogRecord } from '@zameni/runtime';
import { Compile } from 'typebox/compile';
import {
  absentAttempt,
  type AttemptInLog,
  type AttemptState,
  toAttemptState,
} from '../domain/attempt.ts';

/** An attempt as the leader has it, and the record that a change of it must be guarded on. */
export type LoadedAttempt = {
  readonly state: AttemptState;
  readonly last: LogRecord | undefined;
};

/** What loading attempts needs. */
export type AttemptLogDeps = {
  readonly log: Pick<EventLog, 'readLastFromLeader'>;
  readonly attemptKeys: AttemptKeys;
};

/** Loads an attempt as it is at an instant; throws `log-unavailable`. */
export type LoadAttempt = (id: UserId, now: string, signal: AbortSignal) => Promise<LoadedAttempt>;

const recordCheck = Compile(AttemptRecord);

/** Reads attempts from the leader, because a link may come back right after the registration. */
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

/** What a record of an attempt says; one that cannot be read is never taken for none. */
export function readAttempt({ data, position }: LogRecord): AttemptInLog {
  const record: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  if (!recordCheck.Check(record)) throw new Error(`the attempt at ${position} cannot be read`);
  return { record, position };
}
