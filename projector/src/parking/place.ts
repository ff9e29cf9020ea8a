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

/** Whether a record is the erasure of its account or attempt, after which nothing of it waits. */
export function isErasure(record: ProjectedRecord): boolean {
  if (record.kind === 'attempt') {
    const content = record.attempt.record;
    return content.state === 'closed' && content.by === 'erasure';
  }
  return record.event.event.name === 'erased';
}

const ACCOUNT = subjects.account('');
const ATTEMPT = subjects.attempt('');
