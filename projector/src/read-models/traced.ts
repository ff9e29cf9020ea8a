import type { TracedRecord } from '../traces/batch-spans.ts';
import type { ProjectedRecord } from './record.ts';

/** The instant of the decision about a record. Undefined if its event, of the same commit, has it. */
export function timeOf(record: ProjectedRecord): string | undefined {
  if (record.kind === 'event') return record.event.metadata.time;
  // A closing record is in one commit with an event that has the same trace.
  const content = record.attempt.record;
  return content.state === 'open' ? content.time : undefined;
}

/** What traces have to know of records. One record stands for each change and attempt. */
export function toTraced(records: readonly ProjectedRecord[]): readonly TracedRecord[] {
  return records.flatMap((record) => {
    const time = timeOf(record);
    if (time === undefined) return [];
    const { position, traceparent } = record.kind === 'event' ? record.event : record.attempt;
    const kind = record.kind === 'event' ? record.event.event.name : 'attempt';
    return [{ position, time, kind, traceparent }];
  });
}
