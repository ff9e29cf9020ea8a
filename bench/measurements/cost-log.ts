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
import type { RegistrationPath } from '../load/registration-path.ts';

/** Appends groups of registrations to the log. */
export type CostLog = AsyncDisposable & {
  /** Appends messages with the sizes of this many registrations, and returns their number. */
  readonly append: (
    way: AppendWay,
    path: RegistrationPath,
    registrations: number,
  ) => Promise<number>;
};

/** A stream on one server, one on three, or the latter from the command API's NATS account. */
export type AppendWay = 'single' | 'replicated' | 'foreign';

/** Bytes of an attempt, and of claim, key and event, as measured in `npm run bench -- append`. */
const MESSAGE_BYTES: Readonly<Record<RegistrationPath, readonly number[]>> = {
  public: [625],
  vouched: [80, 120, 820],
};

/** Lifetime of an attempt's record: that of the attempt by default, and one hour more. */
const ATTEMPT_TTL_SECONDS = 7 * 24 * 3_600 + 3_600;

/** Milliseconds per append. */
const DEADLINE_MS = 10_000;

/** Opens the log of a bench stack. It appends to claim subjects, which no read model projects. */
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

  return {
    append: async (way, path, registrations) => {
      const toSubject = way === 'single' ? single.subject : subjects.claim;
      const expiry = path === 'public' ? { ttlSeconds: ATTEMPT_TTL_SECONDS } : {};
      const messages = Array.from({ length: registrations }, () =>
        MESSAGE_BYTES[path].map((bytes) => ({ ...toMessage(toSubject, bytes), ...expiry })),
      ).flat();
      const { status } = await logs[way].append(messages, AbortSignal.timeout(DEADLINE_MS));
      if (status !== 'appended') throw new Error(`an append of the bench was ${status}`);
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
  const data = JSON.stringify('x'.repeat(bytes - '""'.length));
  return { subject, data, expectedPosition: 0 };
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
