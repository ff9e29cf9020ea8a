import { type EventName, type StoredEvent, subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  createAttemptKeys,
  createDataKeys,
  createDigests,
  createLogger,
  createPositions,
  createRateLimits,
  createRegistrationIds,
  createVerificationTokens,
  type EventLog,
  type KeyRing,
  type KeyRingSource,
  type PepperRing,
  type Proof,
  toKeyRingSource,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { type AppDeps, createApp } from '../app.ts';
import { createAppendAlone } from '../commit/append-alone.ts';
import { createClaimLayouts } from '../commit/claim-layouts.ts';
import { createCommitter } from '../commit/committer.ts';
import { createPublicRecords } from '../commit/public-records.ts';
import { createTurns } from '../commit/turns.ts';
import type { Said } from '../domain/verification.ts';
import { createLoadAccount } from '../log/account-reader.ts';
import { createLoadAttempt } from '../log/attempt-reader.ts';
import { signal, toAttempt, toEvent, toUserId } from '../log/log.fixture.ts';
import { assertInContract } from './contract.fixture.ts';
import { createAttemptRing, createRing, LIFETIME_MS } from './rings.fixture.ts';

/** A valid registration. */
export const person = {
  email: 'Vera@example.org',
  displayName: 'Vera Marković',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: { city: 'Niš' },
};

/** Headers of an idempotent request. */
export const key = { 'idempotency-key': 'a1b2c3d4-0000-4000-8000-000000000001' };

/** The header of a caller, with its subject and scopes. */
export function as(subject: string, ...scopes: readonly string[]) {
  return { authorization: `Bearer ${[subject, ...scopes].join(' ')}` };
}

/** A caller with every scope. */
export const operator = as(
  'operator',
  'registrations:write',
  'users:write',
  'users:admin',
  'users:erase',
);

/** Test tokens name their caller in clear, `subject|issuer`; `bad` is invalid. */
const tokens: AppDeps['tokens'] = {
  verify: async (authorization, beforeCheck) => {
    if (authorization === undefined) return undefined;
    beforeCheck?.();
    const [name = '', ...scopes] = authorization.replace('Bearer ', '').split(' ');
    if (name === 'bad') throw new AppError('unauthorized');
    const [subject = '', issuer = 'test'] = name.split('|');
    return { issuer, subject, scopes: new Set(scopes) };
  },
};

/** No command of a test is late because the machine is. */
const SLOW_MACHINE_MS = 30_000;

/** Settings of a test that differ from the defaults. */
export type ApiOptions = Partial<
  Pick<
    AppDeps,
    | 'attemptLifetimeMs'
    | 'isLogSilent'
    | 'outcomeMs'
    | 'room'
    | 'stopping'
    | 'untilErased'
    | 'untilReadable'
  >
> & {
  readonly log?: EventLog;
  /** Rings that several processes share. Default: a new one for each. */
  readonly peppers?: Pick<KeyRingSource<PepperRing>, 'current'>;
  readonly kek?: KeyRing;
  readonly attemptRing?: KeyRing;
  readonly verificationRing?: KeyRing;
  readonly positionRing?: KeyRing;
  readonly registrationRing?: KeyRing;
  readonly deadlineMs?: number;
  readonly limits?: Partial<
    Record<'client' | 'destructive', { quota: number; windowSeconds: number }>
  >;
};

/** A request as tests write it. */
export type Sent = {
  readonly method?: 'POST' | 'PATCH' | 'DELETE' | 'GET';
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * The command API on a log in memory, with the real committers, digests, keys, tokens and limits.
 */
export function createApi(t: ExecutionContext, options: ApiOptions = {}) {
  const { log = createMemoryLog(), peppers = toKeyRingSource({ ...createRing(), layers: ['1'] }) } =
    options;
  const {
    kek = createRing(),
    verificationRing = createRing(),
    positionRing = createRing(),
    registrationRing = createRing(),
  } = options;
  const { attemptRing = createAttemptRing(), attemptLifetimeMs = LIFETIME_MS } = options;
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const positions = createPositions(positionRing);
  const digests = createDigests(peppers.current());
  const dataKeys = createDataKeys(kek);
  const attemptKeys = createAttemptKeys(attemptRing);
  const now = () => new Date();
  const verificationTokens = createVerificationTokens(verificationRing, { positions, now });
  const deadlineMs = options.deadlineMs ?? 10_000;
  const committer = createCommitter(log, logger, { deadlineMs });
  const publicCommitter = createCommitter(log, logger, { deadlineMs });
  const loadAccount = createLoadAccount({ log, dataKeys });
  const policies = { client: 'off', destructive: 'off', ...options.limits } as const;
  const app = createApp({
    logger,
    trustedProxies: ['127.0.0.1'],
    log,
    isLogSilent: () => options.isLogSilent?.() ?? false,
    outcomeMs: options.outcomeMs ?? SLOW_MACHINE_MS,
    committer,
    loadAccount,
    loadAttempt: createLoadAttempt({ log, attemptKeys }),
    inTurn: createTurns(),
    attemptKeys,
    attemptLifetimeMs,
    publicRecords: createPublicRecords(publicCommitter),
    appendAlone: createAppendAlone(log, logger),
    room: options.room ?? { assert: () => undefined, [Symbol.asyncDispose]: async () => undefined },
    digests,
    registrationIds: createRegistrationIds(registrationRing),
    claimLayouts: createClaimLayouts(peppers),
    dataKeys,
    verificationTokens,
    positions,
    tokens,
    limits: createRateLimits({ policies, logger }),
    untilReadable: options.untilReadable ?? (async () => false),
    untilErased: options.untilErased ?? {
      person: async () => undefined,
      attempt: async () => undefined,
    },
    stopping: options.stopping ?? new AbortController().signal,
    checks: { log: async () => void (await log.head(signal)) },
  });
  t.teardown(async () => {
    await app.close();
    await committer[Symbol.asyncDispose]();
    await publicCommitter[Symbol.asyncDispose]();
  });

  const send = async ({ method = 'POST', url, body, headers = {} }: Sent) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.inject({
      method,
      url,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { payload }),
    });
    assertInContract(method, url, response);
    return response;
  };
  const post = (body: unknown = person, headers: Readonly<Record<string, string>> = {}) =>
    send({ url: '/v1/registrations', body, headers });
  const eventsOf = async (userId: string): Promise<readonly StoredEvent[]> =>
    (await log.readSubject(subjects.account(userId), signal)).map(toEvent);
  const attemptsOf = async (id: string) =>
    (await log.readSubject(subjects.attempt(id), signal)).map(toAttempt);
  const claimOf = (email: string) => digests.claimOf(email.toLowerCase());
  const issue = (proof: Proof) =>
    verificationTokens.issue(proof, new Date(Date.now() + LIFETIME_MS));

  /** The token of an attempt's link, for its newest open record. */
  async function attemptToken(id: UserId): Promise<string> {
    const open = (await attemptsOf(id)).findLast(({ record }) => record.state === 'open');
    if (open?.record.state !== 'open') throw new Error('there is no such attempt');
    const { position, record } = open;
    return issue({ kind: 'attempt', id, claim: record.claim, position });
  }

  /** The token of an account's link, for its newest event of a name. */
  async function accountToken(
    id: UserId,
    { email = person.email, name = 'registered', attempt }: AccountLink = {},
  ): Promise<string> {
    const event = (await eventsOf(id)).findLast((each) => each.name === name);
    const request = event?.metadata.id ?? '';
    const proof = { kind: 'account', id, claim: claimOf(email), request } as const;
    return issue(attempt === undefined ? proof : { ...proof, attempt });
  }

  const verify = (token: string, said: Said = {}, headers: Readonly<Record<string, string>> = {}) =>
    send({ url: '/v1/email-verifications', body: { token, ...said }, headers });

  /** Registers an attempt, whether or not the address is taken, and returns its id. */
  async function attempt(email = person.email): Promise<UserId> {
    const response = await post({ ...person, email });
    return toUserId(response.json<{ registrationId: string }>().registrationId);
  }

  return {
    app,
    log,
    peppers,
    rings: { kek, attemptRing, verificationRing, positionRing, registrationRing },
    positions,
    digests,
    claimOf,
    attemptKeys,
    send,
    post,
    attempt,
    attemptsOf,
    attemptToken,
    accountToken,
    verify,
    eventsOf,
    namesOf: async (userId: string) => (await eventsOf(userId)).map(({ name }) => name),
    /** The person's data by their events, decrypted. */
    readPerson: (userId: UserId) => loadAccount(userId, { withPerson: true }, signal),
    /** Registers a vouched person and returns the id. */
    register: async (email = person.email, more: object = {}): Promise<UserId> => {
      const response = await post({ ...person, email, ...more }, operator);
      return toUserId(response.json<{ userId: string }>().userId);
    },
    /** Proves the mailbox of an attempt. */
    prove: async (id: UserId, said?: Said) => verify(await attemptToken(id), said),
    /** Proves a mailbox of an account. */
    confirm: async (id: UserId, link?: AccountLink, said?: Said) =>
      verify(await accountToken(id, link), said),
    /** Registers an attempt, proves its mailbox, and returns the id. */
    join: async (email = person.email): Promise<UserId> => {
      const id = await attempt(email);
      const { statusCode, body } = await verify(await attemptToken(id));
      if (statusCode !== 202) throw new Error(`${statusCode} ${body}`);
      return id;
    },
    /** The position in an answer. */
    positionOf: ({ headers }: { readonly headers: object }) =>
      positions.open('position' in headers ? String(headers.position) : ''),
    head: () => log.head(signal),
  };
}

/** Selects the link of an account. */
export type AccountLink = {
  readonly email?: string;
  /** The event that requested the proof. */
  readonly name?: EventName;
  readonly attempt?: { readonly id: UserId; readonly position: number };
};

/** The API of a test. */
export type Api = ReturnType<typeof createApi>;
