import { subjectFilters, subjects } from '@zameni/contracts';
import {
  coerceError,
  countAt,
  delay,
  type EventLog,
  isAbsent,
  type Logger,
  type ReadLogServers,
} from '@zameni/runtime';
import type { Deletions } from './deletions.ts';
import type { EraserStore } from './store.ts';

/** Dependencies of reconciling; `open` are the deletion records that this eraser has begun. */
export type ReconcileDeps = {
  readonly log: Pick<EventLog, 'countRecords'>;
  readonly servers: ReadLogServers;
  readonly store: Pick<EraserStore, 'findUnmarked' | 'noteErasure'>;
  readonly open: Deletions['open'];
  readonly logger: Logger;
  readonly everyMs?: number;
};

const EVERY_MS = 5_000;

/** Most deletion records that are compared. With more, erasures are under way and it can wait. */
const MAX_LISTED = 10_000;

/**
 * Completes erasures that the database does not know to be done, although nothing is left to do. The
 * times at which key and claims were deleted are in the database only, and the deletion record is
 * gone by then. If the database is restored or lost, the rows come again from the events, without
 * these times. A row without them is done if no deletion record of the log names the person and the
 * log proves that the key is gone. The names of servers that missed the deletion are lost too, so
 * every server is named. The worse failure is to name too few.
 *
 * Runs until the signal aborts. A failed round is logged and comes again.
 */
export async function reconcile(deps: ReconcileDeps, signal: AbortSignal): Promise<void> {
  const { logger, everyMs = EVERY_MS } = deps;
  let after = 0;
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await delay(everyMs * (0.5 + Math.random()), signal);
      after = await completeSome(deps, after, signal);
      isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!isFailing) logger.warn({ error: coerceError(error) }, 'erasures cannot be reconciled');
      isFailing = true;
    }
  }
}

/** Looks at a bounded number of rows. Returns the position to go on after. */
async function completeSome(
  { log, servers, store, open, logger }: ReconcileDeps,
  after: number,
  signal: AbortSignal,
): Promise<number> {
  const rows = await store.findUnmarked(after);
  const last = rows.at(-1);
  if (last === undefined) return 0;
  const known = last.position;
  const listed = await countAt(log, { subject: subjectFilters.deletions, known }, signal);
  if (listed.bySubject.size > MAX_LISTED) return after;
  const named = new Set<string>();
  for (const subject of listed.bySubject.keys()) {
    const begun = open().get(subject);
    // It was not read yet, or is done since.
    if (begun === undefined) return after;
    for (const userId of begun.content?.people ?? []) named.add(userId);
  }
  for (const { userId, position } of rows) {
    if (named.has(userId)) continue;
    const isGone = await isAbsent(log, { subject: subjects.key(userId), known: position }, signal);
    if (!isGone) continue;
    const { names } = await servers(signal);
    await store.noteErasure({ userId, position, behind: names, isGone: 'all' });
    logger.warn({ position }, 'an erasure of which the database lost the end is done');
  }
  return known;
}
