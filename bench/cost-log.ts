import { randomBytes } from 'node:crypto';
import { ACCOUNTS_STREAM, subjects } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  type LogMessage,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { createScratchLog } from '@zameni/runtime/testing';

/** The log as the bench writes and reads it, a group of registrations at a time. */
export type CostLog = AsyncDisposable & {
  /** Appends messages of the sizes of so many registrations; answers how many. */
  readonly append: (way: AppendWay, registrations: number) => Promise<number>;
  /** Reads the claims of so many registrations that were appended, as a group of the committer does. */
  readonly readClaims: (registrations: number) => Promise<number>;
};

/** To a stream on one server; to one on three; to that from the account of the command API. */
export type AppendWay = 'single' | 'replicated' | 'foreign';

/** Bytes of claim, key and event of a registration, as `npm run bench -- append` appends them. */
const MESSAGE_BYTES = [110, 140, 900];

/** Milliseconds for one append or read. */
const DEADLINE_MS = 10_000;

/** Opens the log of a bench stack; what it appends are claims, which nobody projects. */
export async function openCostLog(stack: Stack): Promise<CostLog> {
  const admin = await connect(stack, 'admin');
  const commandApi = await connect(stack, 'command-api');
  const single = await createScratchLog(admin, { replicas: 1 });
  const logs: Readonly<Record<AppendWay, EventLog>> = {
    single: single.log,
    replicated: await createJetStreamLog(admin, { stream: ACCOUNTS_STREAM.name, user: 'admin' }),
    foreign: await createJetStreamLog(commandApi, {
      stream: ACCOUNTS_STREAM.name,
      user: 'command-api',
    }),
  };
  let known: string[] = [];

  return {
    append: async (way, registrations) => {
      const toSubject = way === 'single' ? single.subject : subjects.claim;
      const messages = Array.from({ length: registrations }, () =>
        MESSAGE_BYTES.map((bytes) => toMessage(toSubject, bytes)),
      ).flat();
      const { status } = await logs[way].append(messages, AbortSignal.timeout(DEADLINE_MS));
      if (status !== 'appended') throw new Error(`an append of the bench was ${status}`);
      if (way !== 'single') known = messages.map(({ subject }) => subject);
      return registrations;
    },
    readClaims: async (registrations) => {
      const wanted = known.slice(0, registrations);
      const found = await logs.foreign.readLast(wanted, AbortSignal.timeout(DEADLINE_MS));
      if (found.size !== wanted.length) throw new Error('a claim of the bench is missing');
      return registrations;
    },
    [Symbol.asyncDispose]: async () => {
      await single[Symbol.asyncDispose]();
      await commandApi.close();
      await admin.close();
    },
  };
}

function toMessage(toSubject: (k: string) => string, bytes: number): LogMessage {
  const subject = toSubject(randomBytes(32).toString('base64url'));
  const record = { state: 'measured', filler: 'x'.repeat(bytes) };
  return { subject, data: JSON.stringify(record), expectedPosition: 0 };
}

async function connect({ nats }: Stack, user: string) {
  const login = nats.users[user];
  if (login === undefined) throw new Error(`the stack has no NATS user ${user}`);
  return connectNats({
    servers: nats.servers,
    user,
    password: readSecret(login.passwordFile),
    name: 'bench',
  });
}
