import { randomBytes } from 'node:crypto';
import type { Scope, UserId, UserView } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  createLogger,
  createPositions,
  createRateLimits,
  createRegistrationIds,
} from '@zameni/runtime';
import { createApp } from './app.ts';
import type { ViewAnswer, ViewQuery } from './views/reader.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
export const positions = createPositions({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
export const registrationIds = createRegistrationIds({
  current: '1',
  keys: new Map([['1', randomBytes(32)]]),
});
// A UUID is a user id.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const id = registrationIds.fromRandom('01980000-0000-7000-8000-000000000001' as UserId);
export const user: UserView = {
  userId: id,
  email: 'Person.1@example.org',
  emailVerified: false,
  displayName: 'Љиљана',
  locale: 'sr',
  termsVersion: '1',
  profile: {},
  status: 'active',
  registeredAt: '2026-03-04T05:06:07.089Z',
  version: 3,
};
export const found: ViewAnswer = {
  position: 42,
  modelVersion: 1,
  view: { version: 3, body: JSON.stringify(user) },
};
export const absent: ViewAnswer = { position: 42, modelVersion: 1, view: 'absent' };
export const erased: ViewAnswer = { position: 42, modelVersion: 1, view: 'erased' };
export const isAsked = async () => {
  throw new Error('the log was asked');
};

const callers: Readonly<Record<string, { subject: string; scopes: readonly Scope[] }>> = {
  'Bearer self': { subject: id, scopes: [] },
  'Bearer SELF': { subject: id.toUpperCase(), scopes: [] },
  'Bearer reader': { subject: 'app', scopes: ['users:read'] },
  'Bearer writer': { subject: 'app', scopes: ['registrations:write'] },
};

export type Options = {
  readonly answer?: ViewAnswer | Error;
  readonly isInLog?: () => Promise<boolean>;
  readonly quotas?: Readonly<Partial<Record<'network-reads' | 'caller-reads', number>>>;
};

export async function createTestApp(options: Options = {}) {
  const { answer = found, isInLog = async () => false, quotas = {} } = options;
  const limitOf = (quota: number | undefined) =>
    quota === undefined ? ('off' as const) : { quota, windowSeconds: 60 };
  const policies = {
    'network-reads': limitOf(quotas['network-reads']),
    'caller-reads': limitOf(quotas['caller-reads']),
  };
  const queries: ViewQuery[] = [];
  const verified: string[] = [];
  const routes: string[] = [];
  const app = await createApp({
    logger,
    positions,
    registrationIds,
    isInLog,
    wasInLog: isInLog,
    limits: createRateLimits({ policies, logger }),
    clientDigest: (client) => client,
    readStats: async ({ to }) => ({ position: 42, end: to, buckets: [] }),
    readErasure: async () => ({ position: 42, erasure: undefined }),
    readMessages: async () => ({ messages: [], next: null }),
    readProjections: async () => ({ head: null, projections: [] }),
    checks: {},
    degradedChecks: {},
    reference: new Map(),
    verifyPage: new Map(),
    tokens: {
      verify: async (authorization, beforeCheck): Promise<Caller | undefined> => {
        if (authorization === undefined) return undefined;
        beforeCheck?.();
        verified.push(authorization);
        const caller = callers[authorization];
        if (caller === undefined) throw new AppError('unauthorized');
        return { issuer: 'test', subject: caller.subject, scopes: new Set(caller.scopes) };
      },
    },
    readView: async (query) => {
      queries.push(query);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    onRoute: ({ method, url }) => void routes.push(`${String(method)} ${url}`),
  });
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'GET', url, headers });
  return { get, queries, routes, verified };
}

export const as = (name: string) => ({ authorization: `Bearer ${name}` });
