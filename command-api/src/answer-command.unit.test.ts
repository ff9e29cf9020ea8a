import type { Problem } from '@zameni/contracts';
import { AppError, type EventLog } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import type { AnswerDeps } from './answer-command.ts';
import { type ApiOptions, as, createApi, person } from './api.fixture.ts';

const wait = { prefer: 'wait=5' };

/** Remembers what was waited for, and answers the same each time. */
function createReadable(answer: boolean) {
  const waits: Omit<Parameters<AnswerDeps['untilReadable']>[0], 'signal'>[] = [];
  const untilReadable: AnswerDeps['untilReadable'] = async ({ position, waitMs }) => {
    waits.push({ position, waitMs });
    return answer;
  };
  return { waits, untilReadable };
}

test('without Prefer nothing is waited for', async (t) => {
  const { waits, untilReadable } = createReadable(true);
  const { post } = createApi(t, { untilReadable });
  t.is((await post()).headers['preference-applied'], undefined);
  t.is((await post(person, { prefer: 'wait=0' })).headers['preference-applied'], undefined);
  t.deepEqual(waits, []);
});

test('Prefer: wait waits for the position that is told, and says so', async (t) => {
  const { waits, untilReadable } = createReadable(true);
  const { post, head } = createApi(t, { untilReadable });
  const response = await post(person, wait);
  t.is(response.statusCode, 202);
  t.is(response.headers['preference-applied'], 'wait=5');
  t.deepEqual(waits, [{ position: await head(), waitMs: 5_000 }]);
});

test('the wait ends within 30 seconds of the beginning of the request', async (t) => {
  const spentMs = 60;
  const { waits, untilReadable } = createReadable(true);
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      const began = performance.now();
      await waitUntil(async () => performance.now() - began > spentMs, 10_000);
      return memory.append(...about);
    },
  };
  await createApi(t, { untilReadable, log }).post(person, { prefer: 'wait=30' });
  t.is(waits.length, 1);
  t.true((waits[0]?.waitMs ?? Infinity) < 30_000 - spentMs);
});

test('the answer stays the same when it is not readable in time', async (t) => {
  const { untilReadable } = createReadable(false);
  const { post, verify, issue, register, send } = createApi(t, { untilReadable });
  const headers = { ...as('client-1', 'registrations:write', 'users:write'), ...wait };
  const created = await post({ ...person, email: 'new@example.org' }, headers);
  t.is(created.statusCode, 201);
  const userId = await register();
  const verified = await verify(await issue(userId), wait);
  const url = `/v1/users/${userId}`;
  const updated = await send({ method: 'PATCH', url, body: { displayName: 'V' }, headers });
  const taken = await post(person, headers);
  t.is(taken.statusCode, 409);
  for (const response of [verified, updated]) t.is(response.statusCode, 202);
  for (const response of [created, verified, updated, taken]) {
    t.is(response.headers['preference-applied'], undefined);
    t.truthy(response.headers['position']);
  }
});

test('an erasure is answered when every store has done it', async (t) => {
  const erased: string[] = [];
  const options: ApiOptions = { untilErased: async (userId) => void erased.push(userId) };
  const { register, send } = createApi(t, options);
  const userId = await register();
  const response = await send({
    method: 'DELETE',
    url: `/v1/users/${userId}`,
    headers: as(userId),
  });
  t.is(response.statusCode, 202);
  t.deepEqual(erased, [String(userId)]);
});

test('an erasure that takes long is 503 with Retry-After, goes on, and can be asked for again', async (t) => {
  let isLate = true;
  const untilErased = async () => {
    if (isLate) throw new AppError('projection-lagging', { retryAfterSeconds: 1 });
  };
  const { register, send, namesOf } = createApi(t, { untilErased });
  const userId = await register();
  const request = { method: 'DELETE', url: `/v1/users/${userId}`, headers: as(userId) } as const;
  const late = await send(request);
  t.is(late.statusCode, 503);
  t.is(late.json<Problem>().code, 'projection-lagging');
  t.is(late.headers['retry-after'], '1');
  isLate = false;
  t.is((await send(request)).statusCode, 202);
  t.deepEqual(await namesOf(userId), ['registered', 'erased']);
});
