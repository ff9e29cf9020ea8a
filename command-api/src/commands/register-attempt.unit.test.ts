import {
  type Problem,
  type RegistrationAccepted,
  subjects,
  type UserId,
  type VoidAttempt,
} from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { signal, toUserId } from '../log/log.fixture.ts';
import { type Api, as, createApi, key, operator, person } from '../testing/api.fixture.ts';

const otherBody = { ...person, displayName: 'Vera M.' };

/** Registers in public under a key. Returns the response and the id. */
async function attemptWithKey({ post }: Api, body: unknown = person) {
  const response = await post(body, key);
  const id = toUserId(response.json<RegistrationAccepted>().registrationId);
  return { response, id };
}

type Retry = {
  readonly between: (api: Api, id: UserId) => Promise<unknown>;
  /** Whether a retry with another body is detected. */
  readonly isCompared: boolean;
};

const givesFirstAnswerAgain = test.macro<[Retry]>({
  title: (title = '') => `a retry gets the first answer again ${title}`,
  exec: async (t, { between, isCompared }) => {
    const api = createApi(t);
    const { response: first, id } = await attemptWithKey(api);
    await between(api, id);
    const head = await api.head();
    const again = await api.post({ ...person, profile: { ...person.profile } }, key);
    t.is(again.statusCode, 202);
    t.is(again.body, first.body);
    t.is(again.headers.location, first.headers.location);
    t.deepEqual(Object.keys(again.headers).toSorted(), Object.keys(first.headers).toSorted());
    const other = await api.post(otherBody, key);
    t.is(other.statusCode, isCompared ? 422 : 202);
    if (isCompared) t.is(other.json<Problem>().code, 'idempotency-key-reused');
    else t.is(other.body, first.body);
    t.is(await api.head(), head);
  },
});

const onUser = (id: UserId) => `/v1/users/${id}`;
const erase = (id: UserId) => ({ method: 'DELETE', url: onUser(id), headers: operator }) as const;

test('at once', givesFirstAnswerAgain, { isCompared: true, between: async () => undefined });
test('after proof', givesFirstAnswerAgain, {
  isCompared: true,
  between: ({ prove }, id) => prove(id),
});
test('after proof with other data of the prover', givesFirstAnswerAgain, {
  isCompared: true,
  between: ({ prove }, id) => prove(id, { displayName: 'V' }),
});
test('after a change of the account', givesFirstAnswerAgain, {
  isCompared: true,
  between: async ({ prove, send }, id) => {
    await prove(id);
    await send({ method: 'PATCH', url: onUser(id), body: { locale: 'de' }, headers: operator });
  },
});
test('after the address changed', givesFirstAnswerAgain, {
  isCompared: true,
  between: async ({ prove, send, confirm }, id) => {
    const email = 'vera@example.net';
    await prove(id);
    await send({ url: `${onUser(id)}/email-changes`, body: { email }, headers: operator });
    await confirm(id, { email, name: 'email-change-requested' });
  },
});
test('after the records of a proven attempt are gone', givesFirstAnswerAgain, {
  isCompared: true,
  between: async ({ prove, log }, id) => {
    await prove(id);
    await deleteAttempt(log, id);
  },
});
test('after it confirmed another account', givesFirstAnswerAgain, {
  isCompared: false,
  between: async ({ register, prove }, id) => {
    await register();
    await prove(id, { holder: 'confirm' });
  },
});
test('after it was disowned', givesFirstAnswerAgain, {
  isCompared: false,
  between: ({ prove }, id) => prove(id, { notMine: true }),
});
test('after the erasure of the attempt', givesFirstAnswerAgain, {
  isCompared: false,
  between: ({ send }, id) => send(erase(id)),
});
test('after the erasure of the account', givesFirstAnswerAgain, {
  isCompared: false,
  between: async ({ prove, send }, id) => {
    await prove(id);
    await send(erase(id));
  },
});
test('after the erasure of the account when the attempt is gone', givesFirstAnswerAgain, {
  isCompared: false,
  between: async ({ prove, send, log }, id) => {
    await prove(id);
    await send(erase(id));
    await deleteAttempt(log, id);
  },
});

test('after an erasure of its address by another account', givesFirstAnswerAgain, {
  isCompared: true,
  between: ({ log }, id) => makeVoid(log, id),
});

/** Replaces an attempt with a void record, as the eraser does. */
async function makeVoid(log: EventLog, id: UserId): Promise<void> {
  const subject = subjects.attempt(id);
  const open = await log.readLastFromLeader(subject, signal);
  if (open === undefined) throw new Error('there is no attempt');
  const { expiresAt, key: day, retry } = JSON.parse(Buffer.from(open.data).toString());
  const left: VoidAttempt = { state: 'void', attempt: open.position, expiresAt, key: day, retry };
  const expectedPosition = open.position;
  await log.append([{ subject, data: JSON.stringify(left), expectedPosition }], signal);
}

test('nobody can prove a void attempt, and a retry gets the first position', async (t) => {
  const api = createApi(t);
  const { response: first, id } = await attemptWithKey(api);
  const token = await api.attemptToken(id);
  await makeVoid(api.log, id);
  const { response: again } = await attemptWithKey(api);
  t.is(again.headers['position'], first.headers['position']);
  for (const said of [{}, { notMine: true }, { holder: 'not-mine' as const }]) {
    const refused = await api.verify(token, said);
    t.is(refused.json<Problem>().code, 'invalid-verification-token');
  }
});

/** Deletes the records of an attempt from the log, as their expiry does. */
async function deleteAttempt(log: EventLog, id: UserId): Promise<void> {
  // These tests use the log in memory.
  const { deleteUpTo } = log as ReturnType<typeof createMemoryLog>;
  await deleteUpTo(subjects.attempt(id), Number.MAX_SAFE_INTEGER, signal);
}

test('while the attempt is open a retry gets the first position', async (t) => {
  const api = createApi(t);
  const { response: first } = await attemptWithKey(api);
  const { response: again } = await attemptWithKey(api);
  t.is(api.positionOf(again), 1);
  t.is(again.headers['position'], first.headers['position']);
});

/** Two processes on one log. Attempts of the first one are over at once. */
function createTwo(t: Parameters<typeof createApi>[0]) {
  const api = createApi(t);
  const { log, peppers, rings } = api;
  return { brief: createApi(t, { log, peppers, ...rings, attemptLifetimeMs: 0 }), api };
}

test('after the instant, a new attempt with any body gets the same id', async (t) => {
  const { brief, api } = createTwo(t);
  const { response: first, id } = await attemptWithKey(brief);
  const { response: again } = await attemptWithKey(api, otherBody);
  t.is(again.statusCode, 202);
  t.is(again.body, first.body);
  t.is(api.positionOf(again), 3, 'a deletion record lies before it');
  const records = await api.attemptsOf(id);
  t.deepEqual(
    records.map(({ record }) => record.state),
    ['open', 'open'],
  );
  await api.prove(id);
  t.is((await api.readPerson(id)).person?.data?.displayName, 'Vera M.');
});

test('an older link does not prove the new attempt, but the new link does', async (t) => {
  const { brief, api } = createTwo(t);
  const { id } = await attemptWithKey(brief);
  const older = await brief.attemptToken(id);
  t.is((await api.verify(older)).statusCode, 422);
  await attemptWithKey(api);
  const refused = await api.verify(older);
  t.is(refused.statusCode, 422);
  t.is(refused.json<Problem>().code, 'invalid-verification-token');
  t.is((await api.verify(older, { notMine: true })).statusCode, 422);
  t.is((await api.prove(id)).statusCode, 202);
  t.is((await api.verify(older)).statusCode, 422);
});

test('one of several concurrent copies after the instant is appended', async (t) => {
  const { brief, api } = createTwo(t);
  await attemptWithKey(brief);
  const copies = await Promise.all(Array.from({ length: 20 }, () => attemptWithKey(api)));
  t.is(new Set(copies.map(({ response }) => response.body)).size, 1);
  t.is(new Set(copies.map(({ response }) => api.positionOf(response))).size, 1);
  t.is(await api.head(), 3);
});

test('an attempt that is over and replaced will be deleted', async (t) => {
  const { brief, api } = createTwo(t);
  const { id } = await attemptWithKey(brief);
  await attemptWithKey(api);
  const records = await Promise.all(
    [1, 2].map((after) => api.log.readFirst('zameni.deletion.*', signal, after - 1)),
  );
  t.is(records[0]?.position, 2);
  t.deepEqual(JSON.parse(Buffer.from(records[0]?.data ?? []).toString()), {
    claims: [],
    people: [],
    attempts: [{ id, upTo: 1 }],
    addresses: [],
  });
});

test('fifty copies of one idempotent request get one answer', async (t) => {
  const { post, head } = createApi(t);
  const responses = await Promise.all(Array.from({ length: 50 }, () => post(person, key)));
  t.is(new Set(responses.map(({ body }) => body)).size, 1);
  t.is(new Set(responses.map(({ headers }) => headers['position'])).size, 1);
  t.is(await head(), 1);
});

test('one of several concurrent bodies under one key is accepted', async (t) => {
  const { post, head } = createApi(t);
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const response = await post({ ...person, displayName: `Vera ${n}` }, key);
      return response.statusCode;
    }),
  );
  t.is(statuses.filter((status) => status === 202).length, 1);
  t.is(statuses.filter((status) => status === 422).length, 9);
  t.is(await head(), 1);
});

test('nothing is read before an attempt is appended, with or without a key', async (t) => {
  const asked: string[] = [];
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    readLast: (...about) => {
      asked.push('readLast');
      return memory.readLast(...about);
    },
    readLastFromLeader: (...about) => {
      asked.push('readLastFromLeader');
      return memory.readLastFromLeader(...about);
    },
    append: (messages, ...about) => {
      asked.push(`append ${messages.length}`);
      return memory.append(messages, ...about);
    },
  };
  const { post } = createApi(t, { log });
  await post(person, key);
  await post();
  await post(person, as('somebody'));
  t.deepEqual(asked, ['append 1', 'append 1', 'append 1']);
});

test('a registration waits for a rival in flight', async (t) => {
  const memory = createMemoryLog();
  let rivals = 2;
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      rivals -= 1;
      return rivals >= 0 ? { status: 'busy' } : memory.append(...about);
    },
  };
  const api = createApi(t, { log });
  const { response } = await attemptWithKey(api);
  t.is(response.statusCode, 202);
  t.is(api.positionOf(response), 1);
});

test('an unreadable record is not treated as a missing one', async (t) => {
  const log = createMemoryLog();
  const api = createApi(t, { log });
  const { id } = await attemptWithKey(api);
  const subject = subjects.attempt(id);
  await log.append([{ subject, data: '{"state":"lent"}', expectedPosition: 1 }], signal);
  const response = await api.post(person, key);
  t.is(response.statusCode, 503);
  t.is(await api.head(), 2);
});
