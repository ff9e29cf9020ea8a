import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { as, createApi, person } from './api.fixture.ts';

const operator = as('operator', 'registrations:write', 'users:admin', 'users:erase');
const resend = '/v1/email-verifications/resend';
const KINDS = ['new', 'taken', 'unverified', 'contested', 'deactivated', 'erased'] as const;

/** A log in memory that writes down what is asked of it. */
function createWatchedLog() {
  const asked: string[] = [];
  const watch =
    <Args extends unknown[], Result>(name: string, operation: (...args: Args) => Result) =>
    (...args: Args) => {
      asked.push(name);
      return operation(...args);
    };
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: watch('append', memory.append),
    readLast: watch('readLast', memory.readLast),
    readSubject: watch('readSubject', memory.readSubject),
    readFirst: watch('readFirst', memory.readFirst),
    readLastFromLeader: watch('readLastFromLeader', memory.readLastFromLeader),
  };
  return { log, asked };
}

/** An API where somebody is behind the address as the kind says, and what its log is asked from now on. */
async function prepare(t: ExecutionContext, kind: (typeof KINDS)[number], limits = {}) {
  const { log, asked } = createWatchedLog();
  const api = createApi(t, { log, limits });
  const ids: string[] = [];
  if (kind !== 'new') {
    const userId = await api.register();
    ids.push(userId);
    const url = `/v1/users/${userId}`;
    if (kind === 'contested') await api.register();
    if (kind === 'taken' || kind === 'deactivated') await api.prove(userId);
    if (kind === 'deactivated') {
      const body = { reasonCode: 'abuse' };
      await api.send({ url: `${url}/deactivations`, body, headers: operator });
    }
    if (kind === 'erased') await api.send({ method: 'DELETE', url, headers: operator });
  }
  asked.length = 0;
  return { ...api, asked, ids };
}

for (const kind of KINDS) {
  test(`a stranger's registration of an address that is ${kind} takes one read and one append`, async (t) => {
    const { post, asked } = await prepare(t, kind);
    t.is((await post()).statusCode, 202);
    t.deepEqual(asked, ['readLast', 'append']);
  });

  test(`a stranger's wish for a mail to an address that is ${kind} takes the same steps`, async (t) => {
    const { send, asked } = await prepare(t, kind);
    const body = { email: person.email };
    t.is((await send({ url: resend, body })).statusCode, 202);
    const accounts = asked.filter((name) => name === 'readSubject').length;
    t.is(accounts, kind === 'contested' ? 2 : 1);
    const steps = asked.filter((name, n) => name !== asked[n - 1]);
    t.deepEqual(steps, ['readLast', 'readSubject', 'readLast', 'append']);
  });

  test(`what a stranger met at an address that is ${kind} is not seen in what follows`, async (t) => {
    const { post, asked } = await prepare(t, kind);
    await post();
    asked.length = 0;
    t.is((await post({ ...person, email: 'other@example.org' }, operator)).statusCode, 201);
    t.deepEqual(asked, ['append']);
  });
}

test('nor does a wish beyond the limit of its mailbox take others', async (t) => {
  const limits = { mailbox: { quota: 1, windowSeconds: 60 } };
  const { send, asked, namesOf, ids } = await prepare(t, 'unverified', limits);
  const wish = () => send({ url: resend, body: { email: person.email } });
  await wish();
  const steps = asked.splice(0);
  t.is((await wish()).statusCode, 202);
  t.deepEqual(asked, steps);
  t.deepEqual(await namesOf(ids[0] ?? ''), ['registered', 'verification-requested']);
});

test('who is told the outcome pays for it only where there is something', async (t) => {
  const { post, asked } = await prepare(t, 'taken');
  await post({ ...person, email: 'new@example.org' }, operator);
  t.deepEqual(asked, ['append']);
  t.is((await post(person, operator)).statusCode, 409);
  t.deepEqual(asked, ['append', 'append', 'readLast', 'append']);
});

test('a token without the scope is told as little as none, in the same time', async (t) => {
  const { post, asked } = await prepare(t, 'taken');
  t.is((await post(person, as('somebody', 'users:read'))).statusCode, 202);
  t.deepEqual(asked, ['readLast', 'append']);
});
