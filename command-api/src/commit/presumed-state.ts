import type { LogMessage, LogRecord } from '@zameni/runtime';
import { type AppendContext, ATTEMPT, readState } from './append.ts';
import type { Waiting } from './group.ts';

type Records = ReadonlyMap<string, LogRecord>;

/**
 * What a group is decided from, as the attempt says. Records that were presumed are no news: a group
 * that is read without meeting rivals or duplicates gives no reason to read the next one.
 */
export async function recall(
  context: AppendContext,
  group: readonly Waiting[],
  attempt: number,
): Promise<{ readonly records: Records; readonly isNews: boolean }> {
  const presumed = presumedOf(group);
  if (attempt === ATTEMPT.presumeNew) return { records: presumed, isNews: false };
  const reads = new Set(group.flatMap(({ intent }) => intent.reads));
  const found = await readState(context, [...reads], attempt);
  // A replica may lag behind what is known; the leader does not.
  const records = attempt === ATTEMPT.readAnywhere ? mergeNewer(found, presumed) : found;
  return { records, isNews: holdsNews(found, presumed) };
}

/** Tells those who still wait what was appended, lest they meet it as a conflict. */
export function tellAppended(
  queue: readonly Waiting[],
  messages: readonly LogMessage[],
  lastPosition: number,
): void {
  if (queue.length === 0) return;
  const indexes = new Map(messages.map(({ subject }, index) => [subject, index]));
  for (const { intent, learnt } of queue) {
    for (const subject of intent.reads) {
      const index = indexes.get(subject);
      const message = index === undefined ? undefined : messages[index];
      if (index === undefined || message === undefined) continue;
      const { data, traceparent } = message;
      const position = lastPosition - messages.length + 1 + index;
      learnt.set(subject, { subject, position, data: Buffer.from(data), traceparent });
    }
  }
}

/** What is known of a group's subjects before anything is read; of two records the newer one. */
function presumedOf(group: readonly Waiting[]): Records {
  const presumed = new Map<string, LogRecord>();
  for (const { intent, learnt } of group) {
    for (const subject of intent.reads) {
      addNewer(presumed, intent.presumed?.get(subject));
      addNewer(presumed, learnt.get(subject));
    }
  }
  return presumed;
}

function mergeNewer(found: Records, presumed: Records): Records {
  const merged = new Map(found);
  for (const record of presumed.values()) addNewer(merged, record);
  return merged;
}

function holdsNews(found: Records, presumed: Records): boolean {
  for (const { subject, position } of found.values()) {
    if (position > (presumed.get(subject)?.position ?? 0)) return true;
  }
  return false;
}

function addNewer(records: Map<string, LogRecord>, record: LogRecord | undefined): void {
  if (record === undefined) return;
  const known = records.get(record.subject);
  if (known === undefined || record.position > known.position) records.set(record.subject, record);
}
