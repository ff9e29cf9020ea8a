import { type KeyRecord, parseKeyRecord, subjects } from '@zameni/contracts';
import {
  createBackoff,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
import { isErasedEvent } from '../records/erased-event.ts';

/** Dependencies of re-wrapping. The NATS user `eraser` writes to and deletes from the log. */
export type RewrapDeps = {
  readonly log: Pick<EventLog, 'append' | 'head' | 'readLastFromLeader'>;
  readonly deletion: SecureDeletion;
  readonly dataKeys: Pick<DataKeys, 'rewrap'>;
};

/** The log gave an answer that leaves it unknown whether the key is re-wrapped. */
class RewrapError extends Error {
  override readonly name = 'RewrapError';
}

/** Tries for one key. Other writers can make a try fail; so many failures count as a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Wraps the key of a record by the current key-encryption key and deletes its older records. It
 * appends the new record first, guarded on the leader's last record, and then deletes. If it stops
 * in between, the next run finds the new record and only deletes. Returns false if no key of the
 * ring opens the record, which then stays as it is.
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
      // The person is erased, unless a former leader answered that does not know of its successor.
      if ((await log.head(signal)) >= position) return true;
      continue;
    }
    const old = parseKeyRecord(last.data);
    const rewrapped = old && rewrapOrUndefined(dataKeys, userId, old);
    if (rewrapped === undefined) return false;
    if (rewrapped === old) return deleteOlder(last.position - 1);
    const message = { subject, data: JSON.stringify(rewrapped), expectedPosition: last.position };
    const outcome = await log.append([message], signal);
    if (outcome.status === 'appended') return deleteOlder(last.position);
    if (outcome.status === 'rejected')
      throw new RewrapError('the log refuses', { cause: outcome.cause });
    // For every other outcome the next try reads the result from the log.
  }
  throw new RewrapError('a key is written to again and again');

  async function deleteOlder(upTo: number): Promise<true> {
    await deletion.deleteUpTo(subject, upTo, signal);
    return true;
  }
}

/**
 * Deletes a re-wrapped key whose person is erased. The leader checks the guard of an append early,
 * so the append can still be stored after the eraser's last deletion. The erasure itself lies
 * before both, so reading the account afterwards finds it.
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
    // No key of the ring opens it, or it is not this person's. The caller logs its position.
    return undefined;
  }
}
