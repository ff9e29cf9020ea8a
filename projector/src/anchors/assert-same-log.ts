import { delay, type EventLog } from '@zameni/runtime';
import type { Anchor } from './anchor.ts';

/** What is compared: how far the log was read, and some of the last records that were. */
export type ReadSoFar = { readonly position: number; readonly anchors: readonly Anchor[] };

/** The log has another history than what was read of it: it was restored from a copy, or made anew. */
export class LogMismatchError extends Error {
  override readonly name = 'log-mismatch';
}

/** Looks that must agree, and the milliseconds between them. */
const LOOKS = 3;
const LOOK_MS = 300;

/** Compares what was read with the log of the leader. */
export type SameLogDeps = {
  readonly log: Pick<EventLog, 'head' | 'readAt'>;
  readonly lookMs?: number;
};

/**
 * Throws LogMismatchError if the log is not the one that was read: it ends before a record that was
 * read, or has another record at its position. Returns the head. Records that are deleted or expired
 * say nothing. The newest one that is there decides, because a record is only appended to those
 * before it.
 *
 * A leader that was just elected may not know its newest records for a moment, so only a fault that
 * several looks find is one. The worse failure is to apply another history upon these rows.
 */
export async function assertSameLog(
  { log, lookMs = LOOK_MS }: SameLogDeps,
  read: ReadSoFar,
  signal: AbortSignal,
): Promise<number> {
  for (let looks = 1; ; looks += 1) {
    const { head, fault } = await look(log, read, signal);
    if (fault === undefined) return head;
    if (looks === LOOKS) throw new LogMismatchError(`${fault}${REMEDY}`);
    await delay(lookMs, signal);
  }
}

const REMEDY = '; see "The log is another one" in deploy/runbook.md';

async function look(
  log: SameLogDeps['log'],
  { position, anchors }: ReadSoFar,
  signal: AbortSignal,
): Promise<{ readonly head: number; readonly fault?: string }> {
  const head = await log.head(signal);
  const last = anchors.reduce((newest, anchor) => Math.max(newest, anchor.position), position);
  if (head < last) return { head, fault: `${last} was read, and the log ends at ${head}` };
  for (const anchor of anchors) {
    const record = await log.readAt(anchor.position, signal);
    if (record === undefined) continue;
    if (record.time === anchor.time) break;
    return { head, fault: `the record at ${anchor.position} is not the one that was read` };
  }
  return { head };
}
