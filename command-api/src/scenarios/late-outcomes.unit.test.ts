import type { Problem } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from '../log/log.fixture.ts';
import { as, createApi, key, operator, person } from '../testing/api.fixture.ts';

const headers = as('client-1', 'users:write', 'users:admin');

/** A log that keeps appends back while it is told to. */
function createHoldingLog() {
  const memory = createMemoryLog();
  let held: PromiseWithResolvers<void> | undefined;
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      await held?.promise;
      return memory.append(...about);
    },
  };
  return {
    log,
    hold: () => void (held = Promise.withResolvers<void>()),
    letGo: () => {
      held?.resolve();
      held = undefined;
    },
  };
}

const finds = test.macro<[Readonly<Record<string, string>>]>({
  title: (title = '') => `${title} that is answered late is committed once, and a retry finds it`,
  exec: async (t, sender) => {
    const { log, hold, letGo } = createHoldingLog();
    const { post } = createApi(t, { log, outcomeMs: 2_000 });
    hold();
    const late = await post(person, { ...sender, ...key });
    t.is(late.statusCode, 503);
    t.is(late.json<Problem>().code, 'log-unavailable');
    t.is(late.headers['retry-after'], '1');
    letGo();
    await waitUntil(async () => (await log.head(signal)) > 0);
    const head = await log.head(signal);
    let again = await post(person, { ...sender, ...key });
    // The first command may still hold what it takes to know its outcome.
    while (again.statusCode === 503) again = await post(person, { ...sender, ...key });
    t.true([201, 202].includes(again.statusCode));
    t.is(await log.head(signal), head);
  },
});
test('a vouched registration', finds, operator);
test('an attempt', finds, {});

test('a change that is answered late is committed once, and a retry with its key finds it', async (t) => {
  const { log, hold, letGo } = createHoldingLog();
  const { register, send, namesOf } = createApi(t, { log, outcomeMs: 2_000 });
  const userId = await register();
  const url = `/v1/users/${userId}`;
  const change = {
    method: 'PATCH',
    url,
    body: { displayName: 'V' },
    headers: { ...headers, ...key, 'if-match': '"accounts.1-1"' },
  } as const;
  hold();
  t.is((await send(change)).statusCode, 503);
  letGo();
  await waitUntil(async () => (await namesOf(userId)).length === 2);
  const again = await send(change);
  t.is(again.statusCode, 202);
  t.deepEqual(await namesOf(userId), ['registered', 'profile-updated']);
});

test('while the log is silent a command is refused at once, and nothing of it is done', async (t) => {
  let isSilent = false;
  const { register, post, send, head } = createApi(t, { isLogSilent: () => isSilent });
  const userId = await register();
  const before = await head();
  isSilent = true;
  const body = { displayName: 'V' };
  const answers = [
    await post(person, operator),
    await post(),
    await send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers }),
    await send({ url: '/v1/email-verifications/resend', body: { email: person.email } }),
  ];
  for (const { statusCode, headers: answered } of answers) {
    t.is(statusCode, 503);
    t.is(answered['retry-after'], '1');
  }
  t.is(await head(), before);
});
