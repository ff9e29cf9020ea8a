import { type Actor, recordKind } from '@zameni/contracts';
import test from 'ava';
import { readAll, toAttempt, toEvent, toUserId } from '../log/log.fixture.ts';
import { as, createApi } from '../testing/api.fixture.ts';

/** Data that must not appear in clear. Each is in only one place of the requests below. */
const secrets = [
  'vera.private@example.org',
  'vera.work@example.net',
  'Verica Tajna',
  'Verica Novaković',
  'Leskovački kraj',
  'Pirotski kraj',
  'caller.mila@example.com',
  'key-of-vera-0123456789',
];

/** Encodings of a text in bytes: plain, base64 at each offset, hex, percent-encoded. */
function disguisesOf(secret: string): readonly string[] {
  // The first and last characters of base64 depend on their neighbours.
  const bases = [secret, ` ${secret}`, `  ${secret}`].map((text) =>
    Buffer.from(text).toString('base64').replaceAll('=', '').slice(4, -4),
  );
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), ...bases];
}

test('no command leaves personal data in clear, neither in the log nor in answers', async (t) => {
  const api = createApi(t);
  const [
    email = '',
    work = '',
    name = '',
    renamed = '',
    city = '',
    moved = '',
    subject = '',
    key = '',
  ] = secrets;
  const headers = as(subject, 'registrations:write', 'users:write', 'users:admin', 'users:erase');
  const body = { email, displayName: name, locale: 'sr', termsVersion: '1', profile: { city } };
  const answers: { headers: object; body: string }[] = [];
  const send = async (...about: Parameters<typeof api.send>) => {
    const response = await api.send(...about);
    answers.push({ headers: response.headers, body: response.body });
    return response;
  };
  const registration = { url: '/v1/registrations', body };
  const keyed = { 'idempotency-key': key };
  const resend = { url: '/v1/email-verifications/resend', body: { email }, headers };
  const url = '/v1/email-verifications';
  await send(resend);
  await send({ ...resend, body: { email: work } });
  await send({ ...registration, headers: keyed });
  await send({ ...registration, headers: keyed });
  await send({ ...registration, headers: { ...keyed, ...as(subject) } });
  await send({ url: '/v1/registrations', body: { ...body, profile: { [email]: city } } });
  const open = await send(registration);
  const id = toUserId(open.json<{ registrationId: string }>().registrationId);
  await send({ url, body: { token: await api.attemptToken(id), locale: email } });

  const created = await send({ ...registration, headers: { ...headers, ...keyed } });
  const userId = toUserId(created.json<{ userId: string }>().userId);
  await send({ ...registration, headers: { ...headers, ...keyed } });
  await send({ ...registration, headers });
  await send({ url, body: { token: await api.attemptToken(id) } });
  await send({ url, body: { token: await api.attemptToken(id), holder: 'not-mine' } });
  await send({ method: 'DELETE', url: `/v1/users/${userId}`, headers });
  await send({ url, body: { token: await api.attemptToken(id), displayName: name } });
  await send({ ...registration, headers });

  const user = `/v1/users/${id}`;
  const patch = { displayName: renamed, profile: { city: moved } };
  await send({ method: 'PATCH', url: user, body: patch, headers });
  await send({ method: 'PATCH', url: user, body: { [email]: moved, locale: moved }, headers });
  await send({ url: `${user}/email-changes`, body: { email: work }, headers });
  await send({ url: `${user}/email-changes`, body: { email }, headers });
  await send({ url: `${user}/email-changes`, body: { email: work }, headers });
  await send({ url: `${user}/email-changes`, body: { email: `${work}@` }, headers });
  const token = await api.accountToken(id, { email: work, name: 'email-change-requested' });
  await send({ url, body: { token, displayName: name } });
  await send({ url, body: { token } });
  await send({ url: `${user}/deactivations`, body: { reasonCode: 'abuse' }, headers });
  await send({ method: 'PATCH', url: user, body: patch, headers });
  await send({ url: `${user}/reactivations`, body: { reasonCode: 'appeal' }, headers });
  t.is((await api.readPerson(id)).person?.data?.displayName, renamed);
  await send({ method: 'DELETE', url: user, headers });

  t.deepEqual(await api.namesOf(userId), ['registered', 'deactivated', 'erased']);
  t.deepEqual(await api.namesOf(id), [
    'registered',
    'profile-updated',
    'email-change-requested',
    'email-change-cancelled',
    'email-change-requested',
    'email-changed',
    'deactivated',
    'reactivated',
    'erased',
  ]);
  const records = await readAll(api.log);
  const kinds = [...new Set(records.map(({ subject }) => recordKind(subject) ?? ''))];
  t.deepEqual(kinds.toSorted(), [
    'account',
    'attempt',
    'claim',
    'deletion',
    'farewell',
    'key',
    'mail-wish',
  ]);
  const written = records
    .map((record) => `${record.subject} ${Buffer.from(record.data).toString('utf8')}`)
    .join('\n');
  const answered = JSON.stringify(answers);
  for (const disguise of secrets.flatMap(disguisesOf)) {
    t.true(disguise.length >= 8);
    t.false(written.includes(disguise), `the log has ${disguise}`);
    t.false(answered.includes(disguise), `an answer has ${disguise}`);
  }
});

test('the log keeps a subject that is no user id as a digest, the same each time', async (t) => {
  const { post, log, digests } = createApi(t);
  const subject = 'mila@example.org';
  const body = { displayName: 'V', locale: 'sr', termsVersion: '1' };
  const callers = [as(subject, 'registrations:write'), as(subject)];
  for (const [n, headers] of callers.entries()) {
    await post({ ...body, email: `${n}@example.org` }, headers);
  }
  const records = await readAll(log);
  const actor: Actor = { type: 'caller', id: digests.actorOf(`${subject}\ntest`) };
  t.regex(actor.id, /^[A-Za-z0-9_-]{43}$/);
  const actors = records.flatMap((record) => {
    const kind = recordKind(record.subject);
    if (kind === 'account') return [toEvent(record).metadata.actor];
    const attempt = kind === 'attempt' ? toAttempt(record).record : undefined;
    return attempt?.state === 'open' ? [attempt.actor] : [];
  });
  t.deepEqual(actors, [actor, actor]);
});

test('the log keeps a subject that is a user id in clear, and the public as anonymous', async (t) => {
  const { join, send, eventsOf, attemptsOf } = createApi(t);
  const userId = await join();
  const url = `/v1/users/${userId}`;
  await send({ method: 'PATCH', url, body: { displayName: 'V' }, headers: as(userId) });
  const actors = (await eventsOf(userId)).map(({ metadata }) => metadata.actor);
  const anonymous: Actor = { type: 'anonymous', id: 'anonymous' };
  t.deepEqual(actors, [anonymous, { type: 'caller', id: String(userId) }]);
  t.like((await attemptsOf(userId))[0]?.record, { actor: anonymous });
});
