import { type KeyRecord, subjects } from '@zameni/contracts';
import {
  createBackoff,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
import { isErasedEvent } from '../records/erased-event.ts';
import { parseKeyRecord } from '../records/key-record.ts';

/** What re-wrapping one key needs; the log is written and deleted from as the NATS user `eraser`. */
export type RewrapDeps = {
  readonly log: Pick<EventLog, 'append' | 'head' | 'readLastFromLeader'>;
  readonly deletion: SecureDeletion;
  readonly dataKeys: Pick<DataKeys, 'rewrap'>;
};

/** The log answered something after which nobody knows whether the key is re-wrapped. */
class RewrapError extends Error {
  override readonly name = 'RewrapError';
}

/** Looks at one key while others write to it before that is taken for a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Wraps the key at `record` by the current key-encryption key and deletes what was wrapped otherwise:
 * first the new record, guarded on the last one that the leader knows, then the older ones. Cut off in
 * between, it finds the new record there and only deletes. Answers false when no key of the ring
 * opens it: then it stays as it is.
 */
export async function rewrapKey(
  { log, deletion, dataKeys }: RewrapDeps,
  { subject, position }: LogRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const backoff = createBackoff(BACKOFF);
  const userId = subject.slice(subjects.key('').length);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await delay(backoff.nextMs(), signal);
    const last = await log.readLastFromLeader(subject, signal);
    if (last === undefined) {
      // Erased; unless a server that was the leader does not know better yet.
      if ((await log.head(signal)) >= position) return true;
      continue;
    }
    const old = parseKeyRecord(last);
    const rewrapped = old && rewrapOrUndefined(dataKeys, userId, old);
    if (rewrapped === undefined) return false;
    if (rewrapped === old) return deleteOlder(last.position - 1);
    const message = { subject, data: JSON.stringify(rewrapped), expectedPosition: last.position };
    const outcome = await log.append([message], signal);
    if (outcome.status === 'appended') return deleteOlder(last.position);
    if (outcome.status === 'rejected')
      throw new RewrapError('the log refuses', { cause: outcome.cause });
    // Whatever else came of it, the log says at the next look, by its last record.
  }
  throw new RewrapError('a key is written to again and again');

  async function deleteOlder(upTo: number): Promise<true> {
    await deletion.deleteUpTo(subject, upTo, signal);
    return true;
  }
}

/**
 * Deletes a re-wrapped key whose person is erased. An append that the leader has taken can come to
 * lie behind the eraser's last deletion, although its guard named a record that was there when it was
 * taken; the erasure itself lies before both, so a look at the account afterwards finds it.
 */
export async function deleteIfErased(
  { log, deletion }: Pick<RewrapDeps, 'log' | 'deletion'>,
  { subject, position }: LogRecord,
  signal: AbortSignal,
): Promise<void> {
  const userId = subject.slice(subjects.key('').length);
  const last = await log.readLastFromLeader(subjects.account(userId), signal);
  if ((await log.head(signal)) < position) throw new RewrapError('the leader is behind');
  if (last === undefined || !isErasedEvent(last)) return;
  await deletion.deleteUpTo(subject, Number.MAX_SAFE_INTEGER, signal);
}

function rewrapOrUndefined(
  dataKeys: RewrapDeps['dataKeys'],
  userId: string,
  record: KeyRecord,
): KeyRecord | undefined {
  try {
    return dataKeys.rewrap(userId, record);
  } catch {
    // No key of the ring opens it, or it is not this person's: the caller tells where it lies.
    return undefined;
  }
}
