import { type Problem, subjects } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { as, createApi, person, signal } from './api.fixture.ts';

const headers = as('client-1', 'users:write', 'users:admin');

/** A log whose replicas, the next few times they are read, show nothing behind a position. */
function createLaggingLog() {
  const memory = createMemoryLog();
  const lag = { reads: 0, position: 0 };
  const isShown = (position: number) => lag.reads <= 0 || position <= lag.position;
  const log: EventLog = {
    ...memory,
    readSubject: async (...about) => {
      const records = await memory.readSubject(...about);
      const shown = records.filter(({ position }) => isShown(position));
      lag.reads -= 1;
      return shown;
    },
    readLast: async (names, aborted) => {
      const records = await Promise.all(names.map((name) => memory.readSubject(name, aborted)));
      const last = records.flatMap(
        (each) => each.findLast(({ position }) => isShown(position)) ?? [],
      );
      lag.reads -= 1;
      return new Map(last.map((record) => [record.subject, record]));
    },
  };
  return {
    log,
    showUpTo: (position: number, reads: number) => Object.assign(lag, { position, reads }),
  };
}

test('a person whom a replica does not know yet is not told as unknown', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send } = createApi(t, { log });
  const userId = await register();
  showUpTo(0, 3);
  const body = { displayName: 'V' };
  const response = await send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers });
  t.is(response.statusCode, 202);
});

test('a refusal is not given from what a replica has missed', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send, head } = createApi(t, { log });
  const userId = await register();
  const url = `/v1/users/${userId}`;
  await send({ url: `${url}/deactivations`, body: { reasonCode: 'abuse' }, headers });
  const deactivated = await head();
  await send({ url: `${url}/reactivations`, body: { reasonCode: 'appeal' }, headers });
  showUpTo(deactivated, 2);
  const body = { displayName: 'V' };
  t.is((await send({ method: 'PATCH', url, body, headers })).statusCode, 202);
});

test('that nothing changes is not said from what a replica has missed', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send, head, namesOf } = createApi(t, { log });
  const userId = await register();
  const active = await head();
  const url = `/v1/users/${userId}`;
  await send({ url: `${url}/deactivations`, body: { reasonCode: 'abuse' }, headers });
  showUpTo(active, 2);
  await send({ url: `${url}/reactivations`, body: { reasonCode: 'appeal' }, headers });
  t.deepEqual(await namesOf(userId), ['registered', 'deactivated', 'reactivated']);
});

test('proof is decided from the claim as the log has it, whatever a replica shows', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, issue, verify, prove, head, namesOf } = createApi(t, { log });
  const holder = await register();
  const alone = await head();
  const contender = await register();
  const token = await issue(holder);
  await prove(contender);
  showUpTo(alone, 3);
  t.is((await verify(token)).statusCode, 202);
  t.deepEqual(await namesOf(holder), ['registered', 'superseded']);
  t.deepEqual(await namesOf(contender), ['registered', 'email-verified']);
});

test('a key that is missing is a fault that may pass, never an answer about the person', async (t) => {
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    readLastFromLeader: async (subject, aborted) =>
      subject.startsWith(subjects.key(''))
        ? undefined
        : memory.readLastFromLeader(subject, aborted),
  };
  const { register, send } = createApi(t, { log });
  const userId = await register();
  const body = { displayName: 'V' };
  const response = await send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers });
  t.is(response.statusCode, 503);
  t.is(response.json<Problem>().code, 'log-unavailable');
  t.is(response.headers['retry-after'], '1');
});

test('a claim that cannot be read is never taken for free', async (t) => {
  const log = createMemoryLog();
  const { post, digests, head } = createApi(t, { log });
  const subject = subjects.claim(digests.claimOf(person.email.toLowerCase()));
  await log.append([{ subject, data: '{"state":"lent"}', expectedPosition: 0 }], signal);
  const response = await post();
  t.is(response.statusCode, 500);
  t.false(response.body.includes('claim'));
  t.is(await head(), 1);
});

test('a crowd on one person loads her once each, and all of them are taken', async (t) => {
  const memory = createMemoryLog();
  let loads = 0;
  const log: EventLog = {
    ...memory,
    readSubject: (...about) => {
      loads += 1;
      return memory.readSubject(...about);
    },
  };
  const { register, send, readPerson } = createApi(t, { log });
  const userId = await register();
  const crowd = Array.from({ length: 30 }, (_, n) => n);
  const answers = await Promise.all(
    crowd.map((n) => {
      const body = { profile: { [`client${n}`]: n } };
      return send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers });
    }),
  );
  t.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([202]));
  t.is(loads, crowd.length);
  const { person: loaded } = await readPerson(userId);
  t.is(Object.keys(loaded?.data?.profile ?? {}).length, crowd.length + 1);
});

test('a command that comes too late again and again is decided until the deadline', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send, head, namesOf } = createApi(t, { log });
  const userId = await register();
  const first = await head();
  const url = `/v1/users/${userId}`;
  await send({ method: 'PATCH', url, body: { locale: 'sr' }, headers });
  showUpTo(first, 40);
  const answer = await send({ method: 'PATCH', url, body: { locale: 'de' }, headers });
  t.is(answer.statusCode, 202);
  t.deepEqual(await namesOf(userId), ['registered', 'profile-updated', 'profile-updated']);
});
