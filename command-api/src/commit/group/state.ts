import type { LogMessage, LogRecord } from '@zameni/runtime';
import { type AppendContext, readUntilAnswered } from '../append.ts';
import type { Waiting } from './group.ts';

/** How a try reads its group. The first is optimistic; those after `leader` read the leader too. */
export const TRY = { optimistic: 0, anyReplica: 1, leader: 2 } as const;

/** Most single reads of the leader at once. */
const MAX_LEADER_READS = 64;

type Records = ReadonlyMap<string, LogRecord>;

/**
 * Returns the last record of each subject of a group, as far as it has one. Repeats a failed read
 * while an intent of the group waits; then throws the cause.
 *
 * `hasNews` says whether the log had a record that no intent knew. Without news there were no
 * rivals and no duplicates, and no reason to read the next group pessimistically.
 */
export async function readGroup(
  context: AppendContext,
  group: readonly Waiting[],
  tryNumber: number,
): Promise<{ readonly records: Records; readonly hasNews: boolean }> {
  const known = knownOf(group);
  if (tryNumber === TRY.optimistic) return { records: known, hasNews: false };
  const subjects = [...new Set(group.flatMap(({ intent }) => intent.reads))];
  const isReplica = tryNumber === TRY.anyReplica;
  const found = await (isReplica ? readReplica : readLeader)(context, subjects);
  // A replica may lag behind what is known; the leader does not.
  const records = isReplica ? mergeNewer(found, known) : found;
  return { records, hasNews: holdsNews(found, known) };
}

/** Updates queued intents with the new positions so that they do not conflict. */
export function noteAppended(
  queue: readonly Waiting[],
  messages: readonly LogMessage[],
  lastPosition: number,
): void {
  if (queue.length === 0) return;
  const indexes = new Map(messages.map(({ subject }, index) => [subject, index]));
  for (const { intent, updates } of queue) {
    for (const subject of intent.reads) {
      const index = indexes.get(subject);
      const message = index === undefined ? undefined : messages[index];
      if (index === undefined || message === undefined) continue;
      const { data, traceparent } = message;
      const position = lastPosition - messages.length + 1 + index;
      updates.set(subject, { subject, position, data: Buffer.from(data), traceparent });
    }
  }
}

function readReplica(context: AppendContext, subjects: readonly string[]): Promise<Records> {
  const { log, signal } = context;
  return readUntilAnswered(context, () => log.readLast(subjects, signal));
}

async function readLeader(context: AppendContext, subjects: readonly string[]): Promise<Records> {
  const { log, signal } = context;
  const found = new Map<string, LogRecord>();
  for (let start = 0; start < subjects.length; start += MAX_LEADER_READS) {
    const slice = subjects.slice(start, start + MAX_LEADER_READS);
    const records = await readUntilAnswered(context, () =>
      Promise.all(slice.map((subject) => log.readLastFromLeader(subject, signal))),
    );
    for (const record of records) addNewer(found, record);
  }
  return found;
}

/** What the intents of a group know before anything is read; of two records the newer one. */
function knownOf(group: readonly Waiting[]): Records {
  const known = new Map<string, LogRecord>();
  for (const { intent, updates } of group) {
    for (const subject of intent.reads) {
      addNewer(known, intent.known?.get(subject));
      addNewer(known, updates.get(subject));
    }
  }
  return known;
}

function mergeNewer(found: Records, known: Records): Records {
  const merged = new Map(found);
  for (const record of known.values()) addNewer(merged, record);
  return merged;
}

function holdsNews(found: Records, known: Records): boolean {
  for (const { subject, position } of found.values()) {
    if (position > (known.get(subject)?.position ?? 0)) return true;
  }
  return false;
}

function addNewer(records: Map<string, LogRecord>, record: LogRecord | undefined): void {
  if (record === undefined) return;
  const known = records.get(record.subject);
  if (known === undefined || record.position > known.position) records.set(record.subject, record);
}
