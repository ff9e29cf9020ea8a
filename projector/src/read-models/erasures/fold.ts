import type { ProjectedEvent, ProjectedRecord } from '../record.ts';
import type { ErasureRow } from './rows.ts';

/** Folds the events of a batch into one row for each person that was erased. */
export function foldErasures(records: readonly ProjectedRecord[]): ErasureRow[] {
  const rows = new Map<string, ErasureRow>();
  for (const record of records) {
    const row = record.kind === 'event' ? toErasureRow(record.event) : undefined;
    if (row !== undefined) rows.set(row.userId, row);
  }
  return [...rows.values()];
}

/** The row of an erasure; undefined for any other event. */
export function toErasureRow({
  event,
  metadata,
  position,
}: ProjectedEvent): ErasureRow | undefined {
  if (event.name !== 'erased') return undefined;
  const { userId, time: requestedAt, actor } = metadata;
  const requestedBy = actor.type === 'caller' ? actor.id : null;
  return { userId, position, requestedAt, requestedBy };
}
