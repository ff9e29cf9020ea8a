import { ACCOUNTS_STREAM, parseKeyRecord, subjectFilters } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  readSecret,
  readToEnd,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';

const MAX_RECORDS = 1_000;

/** Connects to the log of a stack as the user with the fewest rights that may read keys. */
export async function withLog<T>(
  { nats }: Stack,
  signal: AbortSignal,
  use: (log: EventLog) => Promise<T>,
): Promise<T> {
  const login = nats.users['eraser'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user eraser');
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

/** Counts the records of people's keys by the key that wraps them, unreadable records under ''. */
export async function countByKek(
  log: EventLog,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const what = { filter: subjectFilters.keys, after: 0, maxRecords: MAX_RECORDS };
  for await (const records of readToEnd(log, what, signal)) {
    for (const { data } of records) {
      const kek = parseKeyRecord(data)?.kek ?? '';
      counts.set(kek, (counts.get(kek) ?? 0) + 1);
    }
  }
  return counts;
}
