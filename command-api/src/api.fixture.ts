import { randomBytes } from 'node:crypto';
import {
  decodeEvent,
  type EventName,
  parseUserId,
  type StoredEvent,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  AppError,
  createClaimLayouts,
  createCommitter,
  createDataKeys,
  createDigests,
  createLogger,
  createPositions,
  createRateLimits,
  createVerificationTokens,
  type EventLog,
  type KeyRing,
  type KeyRingSource,
  type LogRecord,
  toKeyRingSource,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { createLoadAccount } from './account-log.ts';
import { type AppDeps, createApp } from './app.ts';
import { LIFETIME_MS } from './situation.fixture.ts';
import { createTurns } from './turns.ts';

/** A registration that keeps every rule. */
export const person = {
  email: 'Vera@example.org',
  displayName: 'Vera Marković',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: { city: 'Niš' },
};

/** Headers of an idempotent request. */
export const key = { 'idempotency-key': 'a1b2c3d4-0000-4000-8000-000000000001' };

/** Ends what a test waits for in vain. */
export const signal = AbortSignal.timeout(600_000);

/** A ring of one random key. */
export const createRing = (): KeyRing => ({
  current: '1',
  keys: new Map([['1', randomBytes(32)]]),
});

/** The header of a caller, with its subject and scopes. */
export function as(subject: string, ...scopes: readonly string[]) {
  return { authorization: `Bearer ${[subject, ...scopes].join(' ')}` };
}

/** Callers of tests say in clear who they are, `subject|issuer`; `bad` does not hold. */
const tokens: AppDeps['tokens'] = {
  verify: async (authorization, beforeCheck) => {
    if (authorization === undefined) return undefined;
    await beforeCheck?.();
    const [name = '', ...scopes] = authorization.replace('Bearer ', '').split(' ');
    if (name === 'bad') throw new AppError('unauthorized');
    const [subject = '', issuer = 'test'] = name.split('|');
    return { issuer, subject, scopes: new Set(scopes) };
  },
};

/** What a test has different from the usual. */
export type ApiOptions = Partial<
  Pick<AppDeps, 'claimLifetimeMs' | 'untilReadable' | 'untilErased' | 'stopping'>
> & {
  readonly log?: EventLog;
  /** Rings that several processes share; each of its own when left out. */
  readonly peppers?: Pick<KeyRingSource, 'current'>;
  readonly kek?: KeyRing;
  readonly verificationRing?: KeyRing;
  readonly deadlineMs?: number;
  readonly limits?: Partial<Record<'client' | 'mailbox', { quota: number; windowSeconds: number }>>;
};

/** A request as tests write it. */
export type Sent = {
  readonly method?: 'POST' | 'PATCH' | 'DELETE' | 'GET';
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The command API on a log in memory, with the real committer, digests, keys, tokens and limits. */
export function createApi(t: ExecutionContext, options: ApiOptions = {}) {
  const { log = createMemoryLog(), claimLifetimeMs = LIFETIME_MS } = options;
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const positions = createPositions(createRing());
  const { peppers = toKeyRingSource(createRing()) } = options;
  const digests = createDigests(peppers.current());
  const claimLayouts = createClaimLayouts(peppers);
  const { kek = createRing(), verificationRing = createRing() } = options;
  const dataKeys = createDataKeys(kek);
  const verificationTokens = createVerificationTokens(verificationRing, {
    lifetimeSeconds: LIFETIME_MS / 1_000,
    now: () => new Date(),
  });
  const committer = createCommitter(log, logger, { deadlineMs: options.deadlineMs ?? 10_000 });
  const loadAccount = createLoadAccount({ log, dataKeys });
  const policies = { client: 'off', mailbox: 'off', ...options.limits } as const;
  const app = createApp({
    logger,
    log,
    committer,
    loadAccount,
    inTurn: createTurns(),
    claimLifetimeMs,
    digests,
    claimLayouts,
    dataKeys,
    verificationTokens,
    positions,
    tokens,
    limits: createRateLimits({ policies, logger }),
    untilReadable: options.untilReadable ?? (async () => false),
    untilErased: options.untilErased ?? (async () => undefined),
    stopping: options.stopping ?? new AbortController().signal,
    checks: { log: async () => void (await log.head(signal)) },
  });
  t.teardown(async () => {
    await app.close();
    await committer[Symbol.asyncDispose]();
  });

  const send = ({ method = 'POST', url, body, headers = {} }: Sent) =>
    app.inject({
      method,
      url,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const post = (body: unknown = person, headers: Readonly<Record<string, string>> = {}) =>
    send({ url: '/v1/registrations', body, headers: { ...headers } });
  const eventsOf = async (userId: string): Promise<readonly StoredEvent[]> =>
    (await log.readSubject(subjects.account(userId), signal)).map(toEvent);

  /** The token of the link for the newest event of a name. */
  async function issue(
    userId: UserId,
    email = person.email,
    name: EventName = 'registered',
  ): Promise<string> {
    const event = (await eventsOf(userId)).findLast((each) => each.name === name);
    const claim = digests.claimOf(email.toLowerCase());
    return verificationTokens.issue({ userId, claim, attempt: event?.metadata.id ?? '' });
  }
  const verify = (token: string, headers: Readonly<Record<string, string>> = {}) =>
    send({ url: '/v1/email-verifications', body: { token }, headers });

  return {
    app,
    log,
    positions,
    digests,
    verificationRing,
    verificationTokens,
    send,
    post,
    verify,
    issue,
    eventsOf,
    namesOf: async (userId: string) => (await eventsOf(userId)).map(({ name }) => name),
    /** The person as her events have her, decrypted. */
    readPerson: (userId: UserId) => loadAccount(userId, true, signal),
    /** Registers a person and answers her id, whatever became of the attempt. */
    register: async (email = person.email): Promise<UserId> => {
      const response = await post({ ...person, email });
      return toUserId(response.json<{ registrationId: string }>().registrationId);
    },
    /** Proves the newest attempt of somebody. */
    prove: async (...about: Parameters<typeof issue>) => verify(await issue(...about)),
    head: () => log.head(signal),
  };
}

/** The id in a text. */
export function toUserId(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** The event of a record. */
export function toEvent(record: LogRecord): StoredEvent {
  return decodeEvent(Buffer.from(record.data).toString('utf8'));
}

/** Every record of a log up to its head. */
export async function readAll(log: EventLog): Promise<readonly LogRecord[]> {
  const reading = new AbortController();
  const head = await log.head(signal);
  const records: LogRecord[] = [];
  if (head === 0) return records;
  const options = { filters: ['zameni.'], after: 0, maxRecords: 1_000, maxBytes: 1e9 };
  for await (const batch of log.readBatches(options, reading.signal)) {
    records.push(...batch);
    if ((batch.at(-1)?.position ?? 0) >= head) reading.abort();
  }
  return records;
}
