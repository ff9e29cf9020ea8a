import { type RecordKind, recordKind, ROUTES } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createApi, operator, person } from './testing/api.fixture.ts';

test('readiness names the log when it is missing', async (t) => {
  const { app } = createApi(t, {
    log: { ...createMemoryLog(), head: async () => Promise.reject(new Error('no leader')) },
  });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.deepEqual(response.json(), { ready: false, missing: ['log'], degraded: [] });
  t.is((await app.inject('/livez')).statusCode, 200);
});

test('the routes are those of the table in contracts', async (t) => {
  const { app } = createApi(t);
  await app.ready();
  const mine = ROUTES.filter((route) => route.service === 'command-api');
  for (const { method, path } of mine) {
    t.true(app.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ':$1') }));
  }
  const added = ['POST', 'PATCH', 'DELETE', 'PUT'] as const;
  const printed = added.map((method) => app.printRoutes({ commonPrefix: false, method }));
  t.is(printed.join('').match(/\((POST|PATCH|DELETE|PUT)\)/g)?.length, mine.length);
  t.false(app.printRoutes({ commonPrefix: false, method: 'GET' }).includes('/v1'));
});

type Kinds = readonly (RecordKind | undefined)[];

/** A log that blocks some appends, by the kinds of their records, until it is cleared. */
function createJammedLog(isJammed: (kinds: Kinds) => boolean) {
  const memory = createMemoryLog();
  const { promise: cleared, resolve: clear } = Promise.withResolvers<void>();
  let isOn = false;
  const log: EventLog = {
    ...memory,
    append: async (messages, signal) => {
      if (isOn && isJammed(messages.map(({ subject }) => recordKind(subject)))) await cleared;
      return memory.append(messages, signal);
    },
  };
  const jam = () => {
    isOn = true;
  };
  return { log, jam, clear };
}

const isOfPublic = (kinds: Kinds) => kinds.every((kind) => kind === 'attempt');
const isOfCaller = (kinds: Kinds) => kinds.includes('account');

const isApart = test.macro<[(kinds: Kinds) => boolean, Record<string, string>]>({
  title: (title = '') => `a flood of ${title} refuses no other requests`,
  exec: async (t, isJammed, flood) => {
    const { log, jam, clear } = createJammedLog(isJammed);
    const { post, attempt, attemptToken, verify } = createApi(t, { log });
    const token = await attemptToken(await attempt());
    jam();
    let count = 0;
    let refused = 0;
    const one = async () => {
      count += 1;
      const response = await post({ ...person, email: `p${count}@example.org` }, flood);
      if (response.statusCode === 503) refused += 1;
    };
    const underWay = Array.from({ length: 400 }, one);
    await waitUntil(async () => {
      underWay.push(one());
      return refused > 3;
    });
    const other = isJammed === isOfPublic ? verify(token) : post();
    t.is((await other).statusCode, 202);
    clear();
    await Promise.all(underWay);
  },
});
test('the public', isApart, isOfPublic, {});
test('callers', isApart, isOfCaller, operator);
