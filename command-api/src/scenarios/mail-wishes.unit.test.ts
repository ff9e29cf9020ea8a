import {
  type FieldCode,
  MAIL_WISH_LIFETIME_SECONDS,
  MAX_PUBLIC_BODY_BYTES,
  MailWish,
  type Problem,
  recordKind,
  RequestAccepted,
} from '@zameni/contracts';
import { createValidator, type LogMessage } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { as, createApi, operator, person } from '../testing/api.fixture.ts';
import { readAll } from '../log/log.fixture.ts';

const url = '/v1/email-verifications/resend';

test('a mail wish is a digest of the address in the log, for a day', async (t) => {
  const memory = createMemoryLog();
  const appended: LogMessage[] = [];
  const log: typeof memory = {
    ...memory,
    append: (messages, signal) => {
      appended.push(...messages);
      return memory.append(messages, signal);
    },
  };
  const { send, claimOf, positionOf } = createApi(t, { log });
  const response = await send({ url, body: { email: ` ${person.email.toUpperCase()} ` } });
  t.is(response.statusCode, 202);
  t.is(createValidator(RequestAccepted)(response.json()), undefined);
  t.is(positionOf(response), 1);
  const [message, ...more] = appended;
  t.deepEqual(more, []);
  t.is(message?.ttlSeconds, MAIL_WISH_LIFETIME_SECONDS);
  t.is(recordKind(message?.subject ?? ''), 'mail-wish');
  const wish: MailWish = JSON.parse(message?.data ?? '');
  t.is(createValidator(MailWish)(wish), undefined);
  t.is(wish.claim, claimOf(person.email));
});

test('a mail wish looks the same for every address and changes no account', async (t) => {
  const { attempt, register, join, send, namesOf, attemptsOf, head } = createApi(t);
  const pending = await attempt('pending@example.org');
  const people = [await register('unproven@example.org'), await join('proven@example.org')];
  const before = await head();
  const wish = (name: string) => send({ url, body: { email: `${name}@example.org` } });
  const first = await wish('unknown');
  for (const name of ['pending', 'unproven', 'proven']) {
    const other = await wish(name);
    t.is(other.statusCode, 202);
    t.is(other.body, first.body);
    t.deepEqual(Object.keys(other.headers).toSorted(), Object.keys(first.headers).toSorted());
  }
  t.is(await head(), before + 4);
  t.is((await attemptsOf(pending)).length, 1);
  for (const userId of people) t.deepEqual(await namesOf(userId), ['registered']);
});

test('every mail wish has its own subject', async (t) => {
  const { send, log } = createApi(t);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => send({ url, body: { email: person.email } })),
  );
  for (const { statusCode } of answers) t.is(statusCode, 202);
  t.is(new Set((await readAll(log)).map(({ subject }) => subject)).size, 30);
});

const faulty = test.macro<[unknown, FieldCode]>({
  title: (title = '') => `names the place of ${title}`,
  exec: async (t, body, code) => {
    const { send, head } = createApi(t);
    const response = await send({ url, body });
    t.is(response.statusCode, 422);
    t.deepEqual(response.json<Problem>().errors, [{ pointer: '/email', code }]);
    t.is(await head(), 0);
  },
});
test('an address that is missing', faulty, {}, 'required');
test('an invalid address', faulty, { email: 'vera' }, 'format');

test('a body has at most 4 KiB, from every caller', async (t) => {
  const { send } = createApi(t);
  const text = JSON.stringify({ email: person.email });
  const fitting = `${text}${' '.repeat(MAX_PUBLIC_BODY_BYTES - text.length)}`;
  for (const headers of [{}, as('app'), operator]) {
    t.is((await send({ url, body: fitting, headers })).statusCode, 202);
    const refused = await send({ url, body: `${fitting} `, headers });
    t.is(refused.statusCode, 413);
    t.is(refused.json<Problem>().code, 'payload-too-large');
  }
});
