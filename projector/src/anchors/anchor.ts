import { recordKind } from '@zameni/contracts';
import type { TimedRecord } from '@zameni/runtime';

/** A record that was read: its position, and when the log took it. */
export type Anchor = Pick<TimedRecord, 'position' | 'time'> & {
  /** Events are never deleted, so one of them is there whatever expires. */
  readonly isEvent: boolean;
};

/** Anchors that are kept: the newest events, and the newest records of other kinds. */
const KEPT = 3;

/** The anchors after a batch: the newest records of the batch and of the anchors before it. */
export function addAnchors(
  before: readonly Anchor[],
  batch: readonly TimedRecord[],
): readonly Anchor[] {
  const kept: Anchor[] = [];
  let missing = { events: KEPT, others: KEPT };
  const take = (anchor: Anchor): void => {
    if (anchor.isEvent ? missing.events === 0 : missing.others === 0) return;
    kept.push(anchor);
    missing = anchor.isEvent
      ? { ...missing, events: missing.events - 1 }
      : { ...missing, others: missing.others - 1 };
  };
  for (let index = batch.length - 1; index >= 0 && kept.length < 2 * KEPT; index -= 1) {
    const record = batch[index];
    if (record === undefined) break;
    const isEvent = recordKind(record.subject) === 'account';
    take({ position: record.position, time: record.time, isEvent });
  }
  for (const anchor of before) take(anchor);
  return kept.toSorted((a, b) => b.position - a.position);
}
