import { recordKind } from '@zameni/contracts';
import test from 'ava';
import { as, createApi, readAll, toEvent, toUserId } from './api.fixture.ts';

/** What is written nowhere in clear: each is only in one place of what is sent below. */
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

/** A text as it may hide in bytes: as it is, in base64 at each offset, in hex, percent-encoded. */
function disguisesOf(secret: string): readonly string[] {
  // The first and last characters of base64 depend on what stands around.
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
  const created = await send({ ...registration, headers: { ...headers, 'idempotency-key': key } });
  const userId = toUserId(created.json<{ userId: string }>().userId);
  await send({ ...registration, headers: { ...headers, 'idempotency-key': key } });
  await send({ url: '/v1/registrations', body: { ...body, profile: { [email]: city } }, headers });
  const resend = { url: '/v1/email-verifications/resend', body: { email }, headers };
  await send(resend);
  await send({ ...resend, body: { email: work } });
  await send(registration);
  const token = await api.issue(userId, email);
  await send({ url: '/v1/email-verifications', body: { token }, headers });
  await send(registration);
  const url = `/v1/users/${userId}`;
  const patch = { displayName: renamed, profile: { city: moved } };
  await send({ method: 'PATCH', url, body: patch, headers });
  await send({ method: 'PATCH', url, body: { [email]: moved, locale: moved }, headers });
  await send({ url: `${url}/email-changes`, body: { email: work }, headers });
  await send({ url: `${url}/email-changes`, body: { email: `${work}@` }, headers });
  const change = await api.issue(userId, work, 'email-change-requested');
  await send({ url: '/v1/email-verifications', body: { token: change }, headers });
  await send({ url: `${url}/deactivations`, body: { reasonCode: 'abuse' }, headers });
  await send({ method: 'PATCH', url, body: patch, headers });
  await send({ url: `${url}/reactivations`, body: { reasonCode: 'appeal' }, headers });
  t.is((await api.readPerson(userId)).person?.data?.displayName, renamed);
  await send({ method: 'DELETE', url, headers });

  t.deepEqual(await api.namesOf(userId), [
    'registered',
    'verification-requested',
    'email-verified',
    'profile-updated',
    'email-change-requested',
    'email-changed',
    'deactivated',
    'reactivated',
    'erased',
  ]);
  const records = await readAll(api.log);
  const written = records
    .map((record) => `${record.subject} ${Buffer.from(record.data).toString('utf8')}`)
    .join('\n');
  const told = JSON.stringify(answers);
  for (const disguise of secrets.flatMap(disguisesOf)) {
    t.true(disguise.length >= 8);
    t.false(written.includes(disguise), `the log has ${disguise}`);
    t.false(told.includes(disguise), `an answer has ${disguise}`);
  }
});

test('a caller whose subject is no user id lies in the log as a digest, the same each time', async (t) => {
  const { post, log, digests } = createApi(t);
  const subject = 'mila@example.org';
  for (const n of [1, 2]) {
    await post(
      { email: `${n}@example.org`, displayName: 'V', locale: 'sr', termsVersion: '1' },
      as(subject),
    );
  }
  const events = (await readAll(log)).filter((each) => recordKind(each.subject) === 'account');
  const actors = events.map((record) => toEvent(record).metadata.actor);
  const actor = { type: 'caller', id: digests.actorOf(`${subject}\ntest`) };
  t.deepEqual(actors, [actor, actor]);
  t.regex(actor.id, /^[A-Za-z0-9_-]{43}$/);
});

test('a caller whose subject is a user id lies there as it is, the public as anonymous', async (t) => {
  const { register, prove, send, eventsOf } = createApi(t);
  const userId = await register();
  await prove(userId);
  const url = `/v1/users/${userId}`;
  await send({ method: 'PATCH', url, body: { displayName: 'V' }, headers: as(userId) });
  const actors = (await eventsOf(userId)).map(({ metadata }) => metadata.actor);
  const anonymous = { type: 'anonymous', id: 'anonymous' };
  t.deepEqual(actors, [anonymous, anonymous, { type: 'caller', id: String(userId) }]);
});
