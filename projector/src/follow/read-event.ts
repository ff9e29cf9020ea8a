import { factOf, openEvent, UnreadableEventError } from '@zameni/contracts';
import { type DataKey, type LogRecord, openPersonal } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { ProjectedEvent } from '../read-models/record.ts';
import { readEventRecord } from '../records/event-record.ts';
import { orPoison, poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';

type Content =
  | Pick<Extract<ProjectedEvent, { personal: 'open' }>, 'personal' | 'event'>
  | Pick<Extract<ProjectedEvent, { personal: 'erased' }>, 'personal' | 'event'>;

/**
 * Reads an event of the log and opens its personal data. Throws PoisonRecordError if that fails: to
 * skip an event silently would be the worse failure. Of a person whose key is gone every event is
 * read as a fact, also one without personal data: it has no row that it could change.
 */
export async function readEvent(
  record: LogRecord,
  keys: Pick<PeopleKeys, 'find' | 'evict'>,
  signal: AbortSignal,
): Promise<ProjectedEvent> {
  const stored = readEventRecord(record);
  const { metadata, type, personal } = stored;
  if (stored.name === 'erased') keys.evict(record);
  const key = await findKey();
  if (key === 'erased') return place({ personal: 'erased', event: factOf(stored) });
  const plaintext = personal === null || key === undefined ? null : open(key, personal);
  try {
    return place({ personal: 'open', event: openEvent(stored, plaintext) });
  } catch (error) {
    if (error instanceof UnreadableEventError) throw poisonAt(record, 'undecodable', metadata.id);
    throw error;
  }

  async function findKey(): Promise<DataKey | 'erased' | undefined> {
    if (stored.name === 'erased') return undefined;
    try {
      return await keys.find(record, signal);
    } catch (error) {
      // It opens nothing here.
      if (personal === null && error instanceof PoisonRecordError) return undefined;
      throw error;
    }
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
    const openOrEvict = () => {
      try {
        return openPersonal(key, binding, sealed);
      } catch (error) {
        // The record of the key may be repaired before the next try.
        keys.evict(record);
        throw error;
      }
    };
    return orPoison(record, 'undecryptable', openOrEvict, metadata.id);
  }
}
