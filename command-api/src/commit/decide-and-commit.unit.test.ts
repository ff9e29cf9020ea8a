import { type Problem, subjects } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from '../log/log.fixture.ts';
import { as, createApi, key, operator, person } from '../testing/api.fixture.ts';

const headers = as('client-1', 'users:write', 'users:admin');
const keyed = { ...operator, ...key };

/** A log whose replicas show nothing after a position, for a number of reads. */
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

test('a person whom a replica does not have yet is not reported as unknown', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send } = createApi(t, { log });
  const userId = await register();
  showUpTo(0, 3);
  const body = { displayName: 'V' };
  const response = await send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers });
  t.is(response.statusCode, 202);
});

test('a stale replica causes no refusal', async (t) => {
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

test('a stale replica causes no answer that nothing changes', async (t) => {
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
  const { attempt, attemptToken, verify, head, namesOf } = createApi(t, { log });
  const [loser, winner] = [await attempt(), await attempt()];
  const before = await head();
  await verify(await attemptToken(winner));
  const token = await attemptToken(loser);
  showUpTo(before, 3);
  const response = await verify(token);
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-taken');
  showUpTo(0, 0);
  t.deepEqual(await namesOf(winner), ['registered']);
  t.deepEqual(await namesOf(loser), []);
});

test('an address is not reported as taken because a replica has missed its release', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { post, register, send, head } = createApi(t, { log });
  const holder = await register();
  const held = await head();
  await send({ method: 'DELETE', url: `/v1/users/${holder}`, headers: operator });
  // From here on only the leader has the release.
  showUpTo(held, Infinity);
  t.is((await post(person, operator)).statusCode, 201);
});

test('an address that only the leader has as taken is taken', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { post, register, head } = createApi(t, { log });
  await register();
  const before = await head();
  showUpTo(0, Infinity);
  const response = await post(person, keyed);
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-taken');
  t.is(await head(), before);
});

test('a retry finds its account where a replica does not know it yet', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { post, head } = createApi(t, { log });
  const first = await post(person, keyed);
  const before = await head();
  showUpTo(0, Infinity);
  const again = await post(person, keyed);
  t.is(again.statusCode, 201);
  t.is(again.body, first.body);
  t.is(again.headers['position'], first.headers['position']);
  t.is(await head(), before);
});

test('an address that is released between two looks is not reported as taken', async (t) => {
  const memory = createMemoryLog();
  const api = createApi(t, { log: memory });
  const holder = await api.register();
  let isReleased = false;
  const release = async () => {
    if (isReleased) return;
    isReleased = true;
    await api.send({ method: 'DELETE', url: `/v1/users/${holder}`, headers: operator });
  };
  const log: EventLog = {
    ...memory,
    readLast: async (...about) => {
      const records = await memory.readLast(...about);
      await release();
      return records;
    },
    readLastFromLeader: async (...about) => {
      const record = await memory.readLastFromLeader(...about);
      await release();
      return record;
    },
  };
  const other = createApi(t, { log, peppers: api.peppers });
  t.is((await other.post(person, operator)).statusCode, 201);
});

test('a proof that loses its claim to a rival is decided again', async (t) => {
  const memory = createMemoryLog();
  const api = createApi(t, { log: memory });
  const id = await api.attempt();
  let rivals = 1;
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      rivals -= 1;
      if (rivals === 0) await api.register();
      return memory.append(...about);
    },
  };
  const { peppers, rings } = api;
  const other = createApi(t, { log, peppers, ...rings });
  const response = await other.prove(id);
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-unproven');
  t.deepEqual(await other.namesOf(id), []);
});

const isNoKey = (subject: string) => !subject.startsWith(subjects.key(''));

test('a missing key is log-unavailable, never an answer about the person', async (t) => {
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    readLast: async (names, aborted) => memory.readLast(names.filter(isNoKey), aborted),
    readLastFromLeader: async (subject, aborted) =>
      isNoKey(subject) ? memory.readLastFromLeader(subject, aborted) : undefined,
  };
  const { register, send } = createApi(t, { log });
  const userId = await register();
  const body = { displayName: 'V' };
  const response = await send({ method: 'PATCH', url: `/v1/users/${userId}`, body, headers });
  t.is(response.statusCode, 503);
  t.is(response.json<Problem>().code, 'log-unavailable');
  t.is(response.headers['retry-after'], '1');
});

test('a claim that cannot be parsed does not count as free', async (t) => {
  const log = createMemoryLog();
  const { post, prove, attempt, claimOf, head } = createApi(t, { log });
  const subject = subjects.claim(claimOf(person.email));
  await log.append([{ subject, data: '{"state":"lent"}', expectedPosition: 0 }], signal);
  const id = await attempt();
  for (const response of [await post(person, operator), await prove(id)]) {
    t.is(response.statusCode, 503);
    t.false(response.body.includes('claim'));
  }
  t.is(await head(), 2);
});

test('of a crowd of commands on one person each loads the account once and succeeds', async (t) => {
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

test('a server that stays behind makes no command fail, however many accounts it is about', async (t) => {
  const { log, showUpTo } = createLaggingLog();
  const { register, send, attempt, attemptToken, verify, head, namesOf } = createApi(t, { log });
  const holder = await register();
  const joining = await attempt();
  const token = await attemptToken(joining);
  const first = await head();
  const url = `/v1/users/${holder}`;
  await send({ method: 'PATCH', url, body: { locale: 'sr' }, headers });
  // From here on only the leader has the change: the proof looks at the holder's account, too.
  showUpTo(first, Infinity);
  t.is((await send({ method: 'PATCH', url, body: { locale: 'de' }, headers })).statusCode, 202);
  t.is((await verify(token)).json<Problem>().code, 'address-unproven');
  showUpTo(0, 0);
  t.deepEqual(await namesOf(holder), ['registered', 'profile-updated', 'profile-updated']);
});
