import {
  ACCOUNTS_STREAM,
  type AttemptRecord,
  type ClaimRecord,
  decodeEvent,
  decodeText,
  type KeyRecord,
  type ParseRecord,
  parseAttemptRecord,
  parseClaimRecord,
  parseKeyRecord,
  type StoredEvent,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  type LogRecord,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';
import type { Placed } from './attempt-link.ts';

/** An account from the log. The key is undefined if it is destroyed. */
export type LoggedAccount = {
  readonly events: readonly StoredEvent[];
  readonly key: KeyRecord | undefined;
};

/** Reads the records for links from the leader, so that the newest ones are included. */
export type LinkLog = {
  readonly attempt: (id: UserId) => Promise<Placed<AttemptRecord> | undefined>;
  /** The claim at a subject. */
  readonly claim: (subject: string) => Promise<Placed<ClaimRecord> | undefined>;
  readonly account: (userId: UserId) => Promise<LoggedAccount>;
};

/** Connects to the log of a stack as its admin. */
export async function withLinkLog<T>(
  { nats }: Stack,
  signal: AbortSignal,
  use: (log: LinkLog) => Promise<T>,
): Promise<T> {
  const login = nats.users['admin'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user admin');
  const nc = await reading(() =>
    connectNats({
      servers: nats.servers,
      user: login.user,
      password: readSecret(login.passwordFile),
      name: 'zameni link',
    }),
  );
  try {
    const { name: stream } = ACCOUNTS_STREAM;
    const log = await reading(() => createJetStreamLog(nc, { stream, user: login.user }));
    return await use(createLinkLog(log, signal));
  } finally {
    await nc.close();
  }
}

/** Creates the reader over a log. */
export function createLinkLog(log: EventLog, signal: AbortSignal): LinkLog {
  const last = (subject: string) => reading(() => log.readLastFromLeader(subject, signal));
  return {
    attempt: async (id) => place(parseAttemptRecord, await last(subjects.attempt(id))),
    claim: async (subject) => place(parseClaimRecord, await last(subject)),
    account: async (userId) => {
      const events = await reading(() => readAll(log, subjects.account(userId), signal));
      const key = place(parseKeyRecord, await last(subjects.key(userId)));
      return { events: events.map(({ data }) => decodeEvent(decodeText(data))), key: key?.record };
    },
  };
}

async function readAll(
  log: EventLog,
  subject: string,
  signal: AbortSignal,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for (;;) {
    const next = await log.readFirst(subject, signal, records.at(-1)?.position ?? 0);
    if (next === undefined) return records;
    records.push(next);
  }
}

function place<Content>(
  parse: ParseRecord<Content>,
  found: LogRecord | undefined,
): Placed<Content> | undefined {
  if (found === undefined) return undefined;
  const record = parse(found.data);
  if (record !== undefined) return { record, position: found.position };
  throw new CommandError('record-unreadable', `the record at ${found.position} is not one of ours`);
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new CommandError('log-unavailable', 'the log does not answer; try npx zameni status', {
      cause,
    });
  }
}
