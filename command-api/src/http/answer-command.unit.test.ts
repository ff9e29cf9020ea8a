import type { Problem } from '@zameni/contracts';
import { AppError, type EventLog } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { as, createApi, operator, person } from '../testing/api.fixture.ts';
import type { AnswerDeps } from './answer-command.ts';
import type { UntilErased } from './until-erased.ts';

const wait = { prefer: 'wait=5' };

/** Records each wait and gives all of them the same answer. */
function createReadable(answer: boolean) {
  const waits: Omit<Parameters<AnswerDeps['untilReadable']>[0], 'signal' | 'noteWait'>[] = [];
  const untilReadable: AnswerDeps['untilReadable'] = async ({ position, waitMs }) => {
    waits.push({ position, waitMs });
    return answer;
  };
  return { waits, untilReadable };
}

test('without Prefer there is no wait', async (t) => {
  const { waits, untilReadable } = createReadable(true);
  const { post } = createApi(t, { untilReadable });
  t.is((await post()).headers['preference-applied'], undefined);
  t.is((await post(person, { prefer: 'wait=0' })).headers['preference-applied'], undefined);
  t.deepEqual(waits, []);
});

test('Prefer: wait waits for the position in the answer, and the answer confirms it', async (t) => {
  const { waits, untilReadable } = createReadable(true);
  const { post, head } = createApi(t, { untilReadable });
  const response = await post(person, wait);
  t.is(response.statusCode, 202);
  t.is(response.headers['preference-applied'], 'wait=5');
  t.deepEqual(waits, [{ position: await head(), waitMs: 5_000 }]);
});

test('the wait ends within 30 seconds of the start of the request', async (t) => {
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

test('the answer stays the same if the outcome is not readable in time', async (t) => {
  const { untilReadable } = createReadable(false);
  const { post, attempt, attemptToken, verify, send } = createApi(t, { untilReadable });
  const headers = { ...operator, ...wait };
  const created = await post({ ...person, email: 'new@example.org' }, headers);
  t.is(created.statusCode, 201);
  const userId = await attempt();
  const accepted = await post(person, wait);
  const verified = await verify(await attemptToken(userId), {}, wait);
  const url = `/v1/users/${userId}`;
  const updated = await send({ method: 'PATCH', url, body: { displayName: 'V' }, headers });
  for (const response of [accepted, verified, updated]) t.is(response.statusCode, 202);
  for (const response of [created, accepted, verified, updated]) {
    t.is(response.headers['preference-applied'], undefined);
    t.truthy(response.headers['position']);
  }
});

test('a refusal has no position and no wait', async (t) => {
  const { waits, untilReadable } = createReadable(true);
  const { post, register } = createApi(t, { untilReadable });
  await register();
  const response = await post(person, { ...operator, ...wait });
  t.is(response.statusCode, 409);
  t.is(response.headers['position'], undefined);
  t.deepEqual(waits, []);
});

test('an erasure is answered after every store has done it', async (t) => {
  const erased: unknown[] = [];
  const untilErased: UntilErased = {
    person: async (userId) => void erased.push(userId),
    attempt: async (id, position) => void erased.push([id, position]),
  };
  const { register, attempt, send, positionOf } = createApi(t, { untilErased });
  const userId = await register();
  const id = await attempt();
  const erase = (who: string) =>
    send({ method: 'DELETE', url: `/v1/users/${who}`, headers: as(who) });
  t.is((await erase(userId)).statusCode, 202);
  const response = await erase(id);
  t.is(response.statusCode, 202);
  t.deepEqual(erased, [userId, [id, positionOf(response)]]);
});

test('a slow erasure is 503 with Retry-After, continues, and can be requested again', async (t) => {
  let isLate = true;
  const wait = async () => {
    if (isLate) throw new AppError('projection-lagging', { retryAfterSeconds: 1 });
  };
  const { register, attempt, send, namesOf, head } = createApi(t, {
    untilErased: { person: wait, attempt: wait },
  });
  const userId = await register();
  const ids = [userId, await attempt()];
  const erase = (id: string) => send({ method: 'DELETE', url: `/v1/users/${id}`, headers: as(id) });
  for (const id of ids) {
    const late = await erase(id);
    t.is(late.statusCode, 503);
    t.is(late.json<Problem>().code, 'projection-lagging');
    t.is(late.headers['retry-after'], '1');
  }
  isLate = false;
  const before = await head();
  for (const id of ids) t.is((await erase(id)).statusCode, 202);
  t.is(await head(), before);
  t.deepEqual(await namesOf(userId), ['registered', 'erased']);
});
