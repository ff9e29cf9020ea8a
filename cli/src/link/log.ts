import {
  ACCOUNTS_STREAM,
  AttemptRecord,
  ClaimRecord,
  decodeEvent,
  KeyRecord,
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
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import type { Placed } from './attempt-link.ts';

/** An account as the log has it; without a key when that is destroyed. */
export type LoggedAccount = {
  readonly events: readonly StoredEvent[];
  readonly key: KeyRecord | undefined;
};

/** What links are made from, read from the leader: also what was accepted a moment ago. */
export type LinkLog = {
  readonly attempt: (id: UserId) => Promise<Placed<AttemptRecord> | undefined>;
  /** The claim that a subject holds. */
  readonly claim: (subject: string) => Promise<Placed<ClaimRecord> | undefined>;
  readonly account: (userId: UserId) => Promise<LoggedAccount>;
};

const checks = {
  attempt: Compile(AttemptRecord),
  claim: Compile(ClaimRecord),
  key: Compile(KeyRecord),
};

/** Reads the log of a stack as its admin. */
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

/** Reads what links are made from. */
export function createLinkLog(log: EventLog, signal: AbortSignal): LinkLog {
  const last = (subject: string) => reading(() => log.readLastFromLeader(subject, signal));
  return {
    attempt: async (id) => place(checks.attempt, await last(subjects.attempt(id))),
    claim: async (subject) => place(checks.claim, await last(subject)),
    account: async (userId) => {
      const events = await reading(() => readAll(log, subjects.account(userId), signal));
      const key = place(checks.key, await last(subjects.key(userId)));
      return { events: events.map((record) => decodeEvent(toText(record))), key: key?.record };
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
  check: { readonly Check: (value: unknown) => value is Content },
  found: LogRecord | undefined,
): Placed<Content> | undefined {
  if (found === undefined) return undefined;
  const record: unknown = JSON.parse(toText(found));
  if (check.Check(record)) return { record, position: found.position };
  throw new CommandError('record-unreadable', `the record at ${found.position} is not one of ours`);
}

function toText({ data }: LogRecord): string {
  return Buffer.from(data).toString();
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
