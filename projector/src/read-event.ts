import {
  decodeEvent,
  type EventName,
  factOf,
  openEvent,
  recordKind,
  type StoredEvent,
  subjects,
  UnreadableEventError,
} from '@zameni/contracts';
import {
  type DataKey,
  type DataKeys,
  type EventLog,
  type LogRecord,
  openPersonal,
} from '@zameni/runtime';
import { createKeyCache } from './key-cache.ts';
import { parseKeyRecord } from './key-record.ts';
import { PoisonEventError, type PoisonReason } from './poison-event.ts';
import type { ProjectedEvent } from './projected-event.ts';

/** Reads one record of the log: an event with its personal data open, or undefined for a key. */
export type ReadEvent = (
  record: LogRecord,
  signal: AbortSignal,
) => Promise<ProjectedEvent | undefined>;

/** What reading events needs. */
export type ReadEventOptions = {
  readonly log: Pick<EventLog, 'readLastFromLeader'>;
  readonly dataKeys: Pick<DataKeys, 'open'>;
  readonly maxKeys: number;
};

type Content =
  | Pick<Extract<ProjectedEvent, { personal: 'open' }>, 'personal' | 'event'>
  | Pick<Extract<ProjectedEvent, { personal: 'erased' }>, 'personal' | 'event'>;

/** The events behind which only each other may come, and with which a person's key is destroyed. */
const FORGOTTEN: ReadonlySet<EventName> = new Set(['superseded', 'erased']);

/**
 * A person's key record comes right before the first event, so its key is almost always at hand;
 * otherwise it is read from the log's leader. A record that cannot be read throws PoisonEventError:
 * to pass it over in silence would be the worse failure. A missing key is one that was destroyed only
 * when the person's log ends with why: she was erased, or superseded; a key record that cannot be opened may have been wrapped anew since, so
 * it is the event that needs it which stops, not the record.
 */
export function createReadEvent({ log, dataKeys, maxKeys }: ReadEventOptions): ReadEvent {
  const keys = createKeyCache(maxKeys);

  async function keyOf(record: LogRecord, signal: AbortSignal): Promise<DataKey | 'erased'> {
    const userId = userIdOf(record.subject);
    const known = keys.get(userId);
    if (known !== undefined) return known;
    const stored = await log.readLastFromLeader(subjects.key(userId), signal);
    if (stored !== undefined) return openKey(stored, record);
    const last = await log.readLastFromLeader(record.subject, signal);
    if (last !== undefined && FORGOTTEN.has(decode(last).name)) return 'erased';
    throw poison(record, 'key-missing');
  }

  function openKey(keyRecord: LogRecord, blamed: LogRecord): DataKey {
    const userId = userIdOf(keyRecord.subject);
    const value = parseKeyRecord(keyRecord);
    if (value === undefined) throw poison(blamed, 'key-unusable');
    const key = attempt(blamed, 'key-unusable', () => dataKeys.open(userId, value));
    keys.set(userId, key);
    return key;
  }

  /**
   * Keeps a new person's key at hand; one that cannot be opened is asked for when it is needed. One
   * that was wrapped anew is no other key: of thousands that a rotation brings few will be needed.
   */
  function takeKey(record: LogRecord): void {
    if ((parseKeyRecord(record)?.version ?? 1) > 1) return;
    try {
      openKey(record, record);
    } catch (error) {
      if (!(error instanceof PoisonEventError)) throw error;
      keys.forget(userIdOf(record.subject));
    }
  }

  return async (record, signal) => {
    if (recordKind(record.subject) === 'key') {
      takeKey(record);
      return undefined;
    }
    const stored = decode(record);
    const { metadata, type, personal } = stored;
    if (FORGOTTEN.has(stored.name)) keys.forget(metadata.userId);
    const key = personal === null ? undefined : await keyOf(record, signal);
    if (key === 'erased') return place({ personal: 'erased', event: factOf(stored) });
    const plaintext = personal === null || key === undefined ? null : open(key, personal);
    try {
      return place({ personal: 'open', event: openEvent(stored, plaintext) });
    } catch (error) {
      if (error instanceof UnreadableEventError) throw poison(record, 'undecodable', metadata.id);
      throw error;
    }

    function place(content: Content): ProjectedEvent {
      return {
        ...content,
        metadata,
        position: record.position,
        get traceparent() {
          return record.traceparent;
        },
      };
    }

    function open(key: DataKey, sealed: string): string {
      const binding = { eventId: metadata.id, type, userId: metadata.userId };
      return attempt(
        record,
        'undecryptable',
        () => openPersonal(key, binding, sealed),
        metadata.id,
      );
    }
  };
}

function decode(record: LogRecord): StoredEvent {
  const stored = attempt(record, 'undecodable', () => decodeEvent(toText(record)));
  if (stored.metadata.userId !== userIdOf(record.subject)) {
    throw poison(record, 'undecodable', stored.metadata.id);
  }
  return stored;
}

function attempt<T>(record: LogRecord, reason: PoisonReason, work: () => T, eventId?: string): T {
  try {
    return work();
  } catch {
    // The cause may quote personal data; the reason says what an operator needs.
    throw poison(record, reason, eventId);
  }
}

function poison(record: LogRecord, reason: PoisonReason, eventId?: string): PoisonEventError {
  const { subject, position } = record;
  const known = eventId === undefined ? {} : { eventId };
  return new PoisonEventError({ reason, position, userId: userIdOf(subject), ...known });
}

function userIdOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

function toText(record: LogRecord): string {
  return Buffer.from(record.data.buffer, record.data.byteOffset, record.data.length).toString();
}
