import { type KeyRecord, parseKeyRecord, subjects } from '@zameni/contracts';
import { countAt, type DataKeys, type EventLog, type LogRecord } from '@zameni/runtime';
import { isErasedEvent } from '../records/erased-event.ts';
import { replaceLast, type ReplaceDeps, type Replacement } from '../records/replace-last.ts';

/** Dependencies of re-wrapping. */
export type RewrapDeps = ReplaceDeps & {
  readonly log: Pick<EventLog, 'readSubject'>;
  readonly dataKeys: Pick<DataKeys, 'rewrap'>;
};

/** A server of the log lacks records of an account that another server has shown. */
class LeaderBehindError extends Error {
  override readonly name = 'LeaderBehindError';
}

/**
 * Wraps the key of a record by the current key-encryption key and deletes its older records.
 * Returns false if no key of the ring opens the record, which then stays as it is.
 */
export function rewrapKey(
  { log, deletion, dataKeys }: RewrapDeps,
  { subject, position }: LogRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const userId = subject.slice(subjects.key('').length);
  // Without a record the person is erased.
  const options = { subject, known: position, ifAbsent: true, decide };
  return replaceLast({ log, deletion }, options, signal);

  function decide(last: LogRecord): Replacement<boolean> {
    const old = parseKeyRecord(last.data);
    const record = old && rewrapOrUndefined(dataKeys, userId, old);
    if (record === undefined) return { action: 'keep', result: false };
    return record === old
      ? { action: 'delete', upTo: last.position - 1, result: true }
      : { action: 'replace', record, result: true };
  }
}

/**
 * Deletes a re-wrapped key whose person is erased. The leader checks the guard of an append early,
 * so the append can still be stored after the eraser's last deletion. The erasure itself lies
 * before both. No event is ever deleted, so a reader that has as many events as a server that had
 * reached the key has the erasure too.
 */
export async function deleteIfErased(
  { log, deletion }: Pick<RewrapDeps, 'log' | 'deletion'>,
  { subject, position }: LogRecord,
  signal: AbortSignal,
): Promise<void> {
  const userId = subject.slice(subjects.key('').length);
  const account = subjects.account(userId);
  const { bySubject } = await countAt(log, { subject: account, known: position }, signal);
  const events = await log.readSubject(account, signal);
  if (events.length < (bySubject.get(account) ?? 0)) {
    throw new LeaderBehindError('a server lacks events of an account');
  }
  const last = events.at(-1);
  if (last === undefined || !isErasedEvent(last)) return;
  await deletion.deleteUpTo(subject, Number.MAX_SAFE_INTEGER, signal, position);
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
