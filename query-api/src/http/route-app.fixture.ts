import type { Scope } from '@zameni/contracts';
import { createHttpApp, createLogger, createRateLimits } from '@zameni/runtime';
import { limitReads } from './read-limits.ts';

/** Whom a text in the header `Authorization` names. */
export type TestCallers = Readonly<
  Record<string, { readonly subject: string; readonly scopes: readonly Scope[] }>
>;

/** An application without routes, whose requests are verified and not limited. */
export function createRouteApp(callers: TestCallers = {}) {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const app = createHttpApp({ logger, checks: {}, degradedChecks: {} });
  limitReads(app, {
    tokens: {
      verify: async (authorization) => {
        const known = callers[authorization ?? ''];
        return known && { issuer: 'test', ...known, scopes: new Set(known.scopes) };
      },
    },
    limits: createRateLimits({
      policies: { 'network-reads': 'off', 'caller-reads': 'off' },
      logger,
    }),
    clientDigest: (client) => client,
  });
  return app;
}
