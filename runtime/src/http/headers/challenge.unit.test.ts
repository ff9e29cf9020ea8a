import test from 'ava';
import { AppError } from '../../errors.ts';
import { createSilentLogger } from '../../testing/silent-logger.ts';
import { createHttpApp } from '../app.ts';

const challenged = test.macro({
  title: (what) => `WWW-Authenticate of ${what}`,
  exec: async (
    t,
    error: AppError,
    authorization: string | undefined,
    expected: string | undefined,
  ) => {
    const app = createHttpApp({ logger: createSilentLogger(), checks: {} });
    t.teardown(() => app.close());
    app.get('/v1/x', () => {
      throw error;
    });
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await app.inject({ url: '/v1/x', headers });
    t.is(answer.headers['www-authenticate'], expected);
    t.is(answer.json<{ detail?: string }>().detail, error.detail);
  },
});

const unauthorized = new AppError('unauthorized');
const forbidden = new AppError('forbidden', { missingScope: 'users:read' });
test('a request without a token', challenged, unauthorized, undefined, 'Bearer');
test('a request of another scheme', challenged, unauthorized, 'Basic abc', 'Bearer');
test('a bad token', challenged, unauthorized, 'Bearer abc', 'Bearer error="invalid_token"');
test('an empty token', challenged, unauthorized, 'bearer', 'Bearer error="invalid_token"');
test(
  'a missing scope',
  challenged,
  forbidden,
  'Bearer abc',
  'Bearer error="insufficient_scope", scope="users:read"',
);
test('another problem', challenged, new AppError('not-found'), 'Bearer abc', undefined);

test('a missing scope is named in the detail', (t) => {
  t.is(forbidden.detail, 'The token lacks the scope users:read');
});
