import { type Problem, recordKind, type RegistrationCreated, subjects } from '@zameni/contracts';
import type { EventLog, LogMessage } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { readAll, signal, toUserId } from '../log/log.fixture.ts';
import { createApi, key, operator, person } from '../testing/api.fixture.ts';

/** A log to which every record is written with a field that only a later version knows. */
function createLaterLog(): EventLog {
  const log = createMemoryLog();
  const later = (message: LogMessage): LogMessage => {
    const kind = recordKind(message.subject);
    if (kind === 'deletion') return message;
    const record: Record<string, unknown> = JSON.parse(message.data);
    const data = Object.assign({}, record['data'], { since: '2027' });
    const next = kind === 'account' ? { ...record, data } : { ...record, since: '2027' };
    return { ...message, data: JSON.stringify(next) };
  };
  return { ...log, append: (messages, ...rest) => log.append(messages.map(later), ...rest) };
}

test('every command goes on over records with fields of a later version', async (t) => {
  const log = createLaterLog();
  const { register, join, send, post, confirm } = createApi(t, { log });
  const [vouched, joined] = [await register(), await join('joined@example.org')];
  t.is((await post(person, operator)).statusCode, 409);
  const email = 'vera@example.net';
  const commands = [
    ['PATCH', '', { displayName: 'V' }],
    ['POST', '/email-changes', { email }],
    ['POST', '/deactivations', { reasonCode: 'abuse' }],
    ['POST', '/reactivations', { reasonCode: 'mended' }],
  ] as const;
  for (const id of [vouched, joined]) {
    for (const [method, path, body] of commands) {
      const url = `/v1/users/${id}${path}`;
      t.is((await send({ method, url, body, headers: operator })).statusCode, 202, path);
    }
    t.is(
      (await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator })).statusCode,
      202,
    );
  }
  const other = 'other@example.org';
  t.is((await confirm(await register(other), { email: other })).statusCode, 202);
  t.true((await readAll(log)).length > 0);
});

async function rewriteLast(log: EventLog, subject: string, rewrite: (text: string) => string) {
  const last = await log.readLastFromLeader(subject, signal);
  const data = rewrite(Buffer.from(last?.data ?? []).toString('utf8'));
  await log.append([{ subject, data, expectedPosition: last?.position ?? 0 }], signal);
}

test('an account with an event of a later version is unavailable, alone', async (t) => {
  const log = createMemoryLog();
  const { post, send } = createApi(t, { log });
  const keyed = { ...key, ...operator };
  const created = (await post(person, keyed)).json<RegistrationCreated>();
  const account = subjects.account(toUserId(created.userId));
  await rewriteLast(log, account, (text) => text.replace('registered.v1', 'nicknamed.v1'));
  const url = `/v1/users/${created.userId}`;
  for (const response of [
    await send({ method: 'PATCH', url, body: { displayName: 'V' }, headers: operator }),
    await send({ method: 'DELETE', url, headers: operator }),
    await post(person, keyed),
  ]) {
    t.is(response.statusCode, 503);
    t.is(response.json<Problem>().code, 'log-unavailable');
  }
  t.is((await post({ ...person, email: 'other@example.org' }, operator)).statusCode, 201);
});

test('an address whose claim a later version wrote is unavailable, alone', async (t) => {
  const log = createMemoryLog();
  const { post } = createApi(t, { log });
  await post(person, operator);
  const claims = (await readAll(log)).filter(({ subject }) => recordKind(subject) === 'claim');
  for (const { subject } of claims) await rewriteLast(log, subject, () => '{"state":"lent"}');
  const [same, other] = await Promise.all([
    post(person, operator),
    post({ ...person, email: 'other@example.org' }, operator),
  ]);
  t.is(same.statusCode, 503);
  t.is(same.json<Problem>().code, 'log-unavailable');
  t.is(other.statusCode, 201);
});

test('an attempt of a later version is unavailable, alone', async (t) => {
  const log = createMemoryLog();
  const { attempt, attemptToken, verify, join } = createApi(t, { log });
  const id = await attempt();
  const token = await attemptToken(id);
  await rewriteLast(log, subjects.attempt(id), () => '{"state":"paused"}');
  const response = await verify(token);
  t.is(response.statusCode, 503);
  t.is(response.json<Problem>().code, 'log-unavailable');
  t.truthy(await join('other@example.org'));
});
