import type { Scope } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import type { Caller } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { createHttpApp } from '../http/app.ts';
import { createLogger } from '../process/logger.ts';
import { noteCaller, noteScope } from './noted-caller.ts';

const VERA = '01980000-0000-7000-8000-000000000001';
const caller = (subject: string): Caller => ({ issuer: 'test', subject, scopes: new Set() });

type Answer = {
  readonly caller?: Caller;
  readonly scope?: Scope;
  readonly code?: ConstructorParameters<typeof AppError>[0];
};

/** An application with one route, and the lines of its security log. */
function createTestApp(t: ExecutionContext, { caller: known, scope, code }: Answer) {
  const texts: string[] = [];
  const write = (text: string) => void texts.push(text);
  const silent = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', write });
  const actorOf = ({ subject }: Caller) => `digest of ${subject.length}`;
  // One turn for a whole test, however slow the machine is.
  const security = { log, actorOf, turnMs: 600_000 };
  const app = createHttpApp({ logger: silent, checks: {}, security });
  app.post('/v1/users/:id/deactivations', async (request, reply) => {
    noteCaller(request, known);
    if (scope !== undefined) noteScope(request, scope);
    if (code !== undefined) throw new AppError(code);
    return reply.code(202).send({});
  });
  t.teardown(() => app.close());
  const lines = () => texts.map((text): Record<string, unknown> => JSON.parse(text));
  const post = (id = VERA) =>
    app.inject({ method: 'POST', url: `/v1/users/${id}/deactivations?name=Vera` });
  return { app, texts, lines, post };
}

test('a use of a scope says who, what, whom, by which scope, and how it ended', async (t) => {
  const { lines, post, texts } = createTestApp(t, {
    caller: caller('admin@example.org'),
    scope: 'users:admin',
  });
  await post(VERA.toUpperCase());
  t.is(lines().length, 1);
  t.like(lines()[0], {
    'event.code': 'scope-used',
    'http.request.method': 'POST',
    'http.route': '/v1/users/{id}/deactivations',
    'http.response.status_code': 202,
    'zameni.actor': 'digest of 17',
    'zameni.scope': 'users:admin',
    'user.target.id': VERA,
  });
  t.regex(String(lines()[0]?.['trace.id']), /^[0-9a-f]{32}$/);
  t.notRegex(texts.join(''), /admin@|Vera/);
});

test('a use that failed is an event too', async (t) => {
  const used = { caller: caller('admin'), scope: 'users:admin', code: 'user-not-found' } as const;
  const { lines, post } = createTestApp(t, used);
  await post();
  t.like(lines()[0], {
    'event.code': 'scope-used',
    'http.response.status_code': 404,
    'zameni.problem.code': 'user-not-found',
  });
});

for (const [code, status, who] of [
  ['unauthorized', 401, undefined],
  ['forbidden', 403, 'app'],
  ['self-deactivated', 403, VERA],
  ['rate-limited', 429, 'app'],
  ['rate-limited', 429, undefined],
] as const) {
  const whose = who === undefined ? 'a stranger' : 'a known caller';
  test(`${code} to ${whose} is an event, and no use of a scope`, async (t) => {
    const known = who === undefined ? {} : { caller: caller(who), scope: 'users:admin' as const };
    const { lines, post } = createTestApp(t, { ...known, code });
    const { traceId } = (await post()).json<{ traceId: string }>();
    t.is(lines().length, 1);
    t.like(lines()[0], {
      'event.code': 'caller-refused',
      'http.response.status_code': status,
      'zameni.problem.code': code,
      'user.target.id': VERA,
      'trace.id': traceId,
    });
    t.is(lines()[0]?.['zameni.actor'], who === undefined ? undefined : `digest of ${who.length}`);
  });
}

test('what needs no power over others is no event', async (t) => {
  for (const answer of [
    {},
    { caller: caller('app') },
    { caller: caller(VERA), scope: 'users:write' },
    { caller: caller('app'), code: 'invalid-request' },
  ] as const) {
    const { lines, post } = createTestApp(t, answer);
    await post();
    t.deepEqual(lines(), []);
  }
});

test('a path that names nobody is not written', async (t) => {
  const { lines, post, texts } = createTestApp(t, {
    caller: caller('app'),
    scope: 'users:write',
  });
  await post('vera@example.org');
  t.is(lines()[0]?.['user.target.id'], undefined);
  t.false(texts.join('').includes('vera'));
});

test('in a flood of strangers known callers still have lines, and the others are counted', async (t) => {
  const { app, lines, post } = createTestApp(t, { code: 'unauthorized' });
  for (let n = 0; n < 50; n += 1) await post();
  await app.close();
  const refused = lines().filter((line) => line['event.code'] === 'caller-refused');
  t.is(refused.length, 20);
  const flood = lines().filter((line) => line['event.code'] === 'callers-refused');
  t.is(flood.length, 1);
  t.like(flood[0], { 'zameni.refused': 30, 'zameni.problem.code': 'unauthorized' });
});
