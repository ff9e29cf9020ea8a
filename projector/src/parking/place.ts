import { subjects } from '@zameni/contracts';
import type { ProjectedRecord } from '../read-models/record.ts';
import type { Place } from './changes.ts';

/** Where a record that was read lies in the log. */
export function placeOf(record: ProjectedRecord): Place {
  if (record.kind === 'attempt') {
    const { attemptId, position, traceparent } = record.attempt;
    return { subject: `${ATTEMPT}${attemptId}`, position, traceparent };
  }
  const { metadata, position, traceparent } = record.event;
  return { subject: `${ACCOUNT}${metadata.userId}`, position, traceparent };
}

/** Whether a record is the erasure of its person, after which nothing of theirs waits. */
export function isErasure(record: ProjectedRecord): boolean {
  return record.kind === 'event' && record.event.event.name === 'erased';
}

const ACCOUNT = subjects.account('');
const ATTEMPT = subjects.attempt('');
