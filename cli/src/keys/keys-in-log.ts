import { randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  type DeletionRecord,
  parseKeyRecord,
  subjectFilters,
  subjects,
} from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  type LogMessage,
  type LogRecord,
  readSecret,
  readToEnd,
  readToProvenEnd,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';

const MAX_RECORDS = 1_000;

/** Who reads: the user with the fewest rights that may read keys, or one that may prove an end. */
export type KeyReader = 'eraser' | 'admin';

/** Connects to the log of a stack. */
export async function withLog<T>(
  { nats }: Stack,
  { as, signal }: { readonly as: KeyReader; readonly signal: AbortSignal },
  use: (log: EventLog) => Promise<T>,
): Promise<T> {
  const login = nats.users[as];
  if (login === undefined) throw new CommandError('failed', `the stack has no NATS user ${as}`);
  try {
    const nc = await connectNats({
      servers: nats.servers,
      user: login.user,
      password: readSecret(login.passwordFile),
      name: 'zameni keys',
    });
    try {
      return await use(
        await createJetStreamLog(nc, { stream: ACCOUNTS_STREAM.name, user: login.user }),
      );
    } finally {
      await nc.close();
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new CommandError('log-unavailable', 'the log does not answer; try npx zameni status', {
      cause,
    });
  }
}

const WHAT = { filter: subjectFilters.keys, after: 0, maxRecords: MAX_RECORDS };

/** Counts the records of people's keys by the key that wraps them, unreadable records under ''. */
export function countByKek(
  log: EventLog,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  return count(readToEnd(log, WHAT, signal));
}

/**
 * Counts them up to an end that is proved, before a key is destroyed that no record needs. The marks
 * are deletion records that name nothing, which the eraser deletes.
 */
export function countAllByKek(
  log: EventLog,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const markFilter = subjectFilters.deletions;
  return count(readToProvenEnd(log, { ...WHAT, mark: createMark, markFilter }, signal));
}

function createMark(): readonly LogMessage[] {
  const record: DeletionRecord = { claims: [], people: [], attempts: [], addresses: [] };
  const subject = subjects.deletion(randomUUID());
  return [{ subject, data: JSON.stringify(record), expectedPosition: 0 }];
}

async function count(
  batches: AsyncIterable<readonly LogRecord[]>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const records of batches) {
    for (const { data } of records) {
      const kek = parseKeyRecord(data)?.kek ?? '';
      counts.set(kek, (counts.get(kek) ?? 0) + 1);
    }
  }
  return counts;
}
