import { delay } from '../async/retry.ts';
import type { EventLog } from './event-log.ts';

/** A subject, and a position that the log is known to have reached. */
export type AbsenceQuestion = { readonly subject: string; readonly known: number };

/** The server that answers as leader is behind a position that the log is known to have reached. */
export class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}

const LOOK_MS = 100;

/**
 * Milliseconds for the leader to reach a position that was read from a follower. A follower can
 * serve a committed record before the leader has stored it.
 */
const LEADER_LAG_MS = 2_000;

/**
 * Whether a subject has no record. "Nothing there" may come from a former leader that does not know
 * of its successor and lacks the record. To ask another time how far the leader has come proves
 * nothing, because another server may answer. So the count and the head come from one answer: a
 * server that had reached `known` lacks no record from before it. Records of later are the
 * business of those who append them. A step that cannot be taken back rests on this, never on an
 * empty read. The worse failure is a record that stays.
 *
 * False may be out of date: the record may have been deleted since. Throws StaleLeaderError.
 */
export async function isAbsent(
  log: Pick<EventLog, 'countRecords'>,
  { subject, known }: AbsenceQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  const { bySubject } = await countAt(log, { subject, known }, signal);
  return !bySubject.has(subject);
}

/** Counts records on a server that has reached a position. Throws StaleLeaderError. */
export async function countAt(
  log: Pick<EventLog, 'countRecords'>,
  { subject, known }: AbsenceQuestion,
  signal: AbortSignal,
): ReturnType<EventLog['countRecords']> {
  const endMs = performance.now() + LEADER_LAG_MS;
  for (;;) {
    const counts = await log.countRecords(subject, signal);
    if (counts.head >= known) return counts;
    if (performance.now() >= endMs) {
      throw new StaleLeaderError('the server that answers is behind a position that was read');
    }
    await delay(LOOK_MS, signal);
  }
}
