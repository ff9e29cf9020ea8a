import { setTimeout as pause } from 'node:timers/promises';
import {
  AttemptRecord,
  type Client,
  createClient,
  MAX_PUBLIC_BODY_BYTES,
  MailWish,
  type RegisterCommand,
  subjects,
} from '@zameni/contracts';
import { createDigests, readPepperRing, readToEnd } from '@zameni/runtime';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Value } from 'typebox/value';
import { openAdminLog } from '../log/admin-log.ts';
import { type Accepted, createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const LIFETIME_SECONDS = 3;
const WISHES = 1_000;
const ATTEMPTS = 12;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'possession');
const admin = await openAdminLog(stack, 'possession');
/** Its attempts live for seconds. */
const short = await startOwnCommandApi(system, {
  name: 'short-lived',
  env: { ZAMENI_ATTEMPT_LIFETIME_SECONDS: String(LIFETIME_SECONDS) },
});
const { operator, anyone, attempt, join, register, tokenFor, prove, read, status } = actors;
const digests = createDigests(readPepperRing(stack.keys.pepperFile));
test.after.always(async () => {
  await short[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** An attacker's registration of an address that is not theirs. */
function attackOn(email: string): RegisterCommand {
  return {
    ...personAt(email),
    displayName: 'Mallory Attacker',
    locale: 'de',
    termsVersion: '1999-01',
    profile: { iban: 'DE00' },
  };
}

/** Follows a link. Returns the status, the code and the account it is about. */
async function follow(token: string, said: object = {}) {
  const answer = await anyone.verifyEmail({ body: { token, ...said } });
  if (answer.status !== 202) return { status: answer.status, code: answer.code };
  return { status: 202, userId: answer.body.userId, position: answer.headers.Position };
}

/** The last event of a person, as a position that covers everything until now. */
async function now(label: string): Promise<string> {
  const email = `now-${label}-${performance.now()}@possession.example.org`;
  return (await register(personAt(email))).position;
}

async function viewOf(t: ExecutionContext, id: string, position: string) {
  const { status: code, body } = await read(id, position);
  t.is(code, 200);
  return body;
}

/**
 * Makes attempts on an address at an API whose attempts live for seconds, and waits for their end.
 */
async function attackUntilAfterTheInstant(email: string): Promise<void> {
  const attack = () => short.anyone.registerPerson({ body: attackOn(email) });
  for (let n = 0; n < ATTEMPTS; n += 1) await attack();
  await pause((LIFETIME_SECONDS + 1) * 1_000);
  for (let n = 0; n < ATTEMPTS; n += 1) await attack();
}

test('no attempt of a stranger changes an unproven, deactivated or proven account', async (t) => {
  const unproven = await register(personAt('unproven@possession.example.org'));
  const proven = await join(personAt('proven@possession.example.org'));
  const off = await register(personAt('off@possession.example.org'));
  const reason = { reasonCode: 'requested' };
  await operator.deactivateUser({ params: { id: off.id }, body: reason });
  const ids = [unproven.id, proven.id, off.id];
  const viewsNow = async (label: string) => {
    const position = await now(label);
    return Promise.all(ids.map((id) => viewOf(t, id, position)));
  };
  const before = await viewsNow('before');
  await Promise.all(
    ['unproven', 'proven', 'off'].map((name) =>
      attackUntilAfterTheInstant(`${name}@possession.example.org`),
    ),
  );
  t.deepEqual(await viewsNow('after'), before);
  for (const id of [unproven.id, proven.id]) {
    const answer = await operator.updateUser({ params: { id }, body: { locale: 'sr' } });
    t.is(answer.status, 202, 'the data key exists');
  }
  // The unused link of the vouched person still works.
  t.is((await prove(unproven.id, 'registered')).userId, unproven.id);
});

test('later attempts of an attacker do not invalidate the link of the owner', async (t) => {
  const email = 'earlier@possession.example.org';
  const own = await attempt(personAt(email));
  const attacks = await Promise.all(
    Array.from({ length: ATTEMPTS }, () => attempt(attackOn(email))),
  );
  const links = await Promise.all(attacks.map(({ id }) => tokenFor(id, 'attempt')));
  const { userId, position } = await prove(own.id, 'attempt');
  t.is(userId, own.id);
  const expected = { email, displayName: 'Vera Actor', locale: 'en', emailVerified: true };
  t.like(await viewOf(t, own.id, position), expected);
  for (const link of links) {
    t.deepEqual(await follow(link), { status: 409, code: 'address-taken' });
    const said = { holder: 'not-mine' };
    t.deepEqual(await follow(link, said), { status: 409, code: 'address-taken' });
  }
});

test('an attack that the owner confirms by mistake gets the owner’s data', async (t) => {
  const email = 'mistake@possession.example.org';
  const attack = await attempt(attackOn(email));
  const own = await attempt(personAt(email));
  const startedAt = new Date().toISOString();
  const said = {
    displayName: 'Olga Owner',
    locale: 'sr-Cyrl',
    termsVersion: '2026-02',
    profile: { city: 'Novi Sad' },
  };
  const proof = await follow(await tokenFor(attack.id, 'attempt'), said);
  t.is(proof.userId, attack.id);
  const view = await viewOf(t, attack.id, proof.position ?? '');
  t.like(view, { ...said, email, emailVerified: true, version: 1 });
  const registeredAt = view !== undefined && 'registeredAt' in view ? view.registeredAt : '';
  t.true(registeredAt >= startedAt, 'the terms count from the proof');
  const late = await follow(await tokenFor(own.id, 'attempt'));
  t.deepEqual(late, { status: 409, code: 'address-taken' });
});

test('a registration id authorises nothing, before the proof and after', async (t) => {
  const { id, position } = await attempt(personAt('id-alone@possession.example.org'));
  const token = await system.token([], 'an-attacker');
  const attacker = createClient({ baseUrl: system.gatewayUrl, fetch, token });
  const params = { id };
  const refusals = async (client: Client) => [
    (await client.readUser({ params })).status,
    (await client.updateUser({ params, body: { locale: 'de' } })).status,
    (await client.changeEmail({ params, body: { email: 'x@example.org' } })).status,
    (await client.eraseUser({ params })).status,
    (await client.readErasure({ params })).status,
  ];
  for (const isProven of [false, true]) {
    if (isProven) await prove(id, 'attempt');
    t.deepEqual(await refusals(anyone), [401, 401, 401, 401, 401]);
    t.deepEqual(await refusals(attacker), [403, 403, 403, 403, 403]);
  }
  // The id does show that the owner followed the link.
  t.is(await status(id, await now('id')), 'registered');
  t.not(position, '');
});

test(`${WISHES} mail wishes are ${WISHES} records, and affect no account`, async (t) => {
  t.timeout(120_000);
  const email = 'wished@possession.example.org';
  const { id, position } = await join(personAt(email));
  const before = await viewOf(t, id, position);
  const after = await admin.log.head(AbortSignal.timeout(PATIENCE_MS));
  await mapConcurrently([...Array(WISHES).keys()], 32, async () => {
    const answer = await anyone.resendVerification({ body: { email } });
    t.is(answer.status, 202);
  });
  t.deepEqual(await viewOf(t, id, await now('wished')), before);
  const claim = digests.claimOf(email);
  let wishes = 0;
  const what = { filter: subjects.mailWish('*'), after, maxRecords: 1_000 };
  for await (const batch of readToEnd(admin.log, what, AbortSignal.timeout(PATIENCE_MS))) {
    for (const { data } of batch) {
      const wish = Value.Parse(MailWish, JSON.parse(Buffer.from(data).toString()));
      if (wish.claim === claim) wishes += 1;
    }
  }
  t.is(wishes, WISHES);
  const answer = await operator.updateUser({ params: { id }, body: { locale: 'sr' } });
  t.is(answer.status, 202);
});

test('an attempt is one record that expires, and holds nothing of a person in clear', async (t) => {
  const email = 'one-record@possession.example.org';
  const { id } = await attempt(personAt(email));
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const first = await admin.log.readFirst(subjects.anyOf(id), signal);
  t.is(first?.subject, subjects.attempt(id));
  const next = await admin.log.readFirst(subjects.anyOf(id), signal, first?.position);
  t.is(next, undefined);
  const text = Buffer.from(first?.data ?? '').toString('utf8');
  for (const secret of [email, 'one-record', 'Vera', 'Niš']) t.false(text.includes(secret));
  const record = Value.Parse(AttemptRecord, JSON.parse(text));
  if (record.state !== 'open') return t.fail();
  t.is(record.claim, digests.claimOf(email));
  const lifetimeMs = Date.parse(record.expiresAt) - Date.parse(record.time);
  t.is(lifetimeMs, 7 * 24 * 60 * 60 * 1_000);
});

test('an attempt is no person: it is not read, not changed, and takes no address', async (t) => {
  const email = 'no-person@possession.example.org';
  const { id, position } = await attempt(personAt(email));
  t.is(await status(id, position), 'awaiting-proof');
  t.is((await read(id, position)).status, 404);
  const params = { id };
  t.is((await operator.updateUser({ params, body: { locale: 'sr' } })).status, 404);
  t.is((await operator.deactivateUser({ params, body: { reasonCode: 'abuse' } })).status, 404);
  // Throws if the address is taken.
  const vouched = await register(personAt(email));
  t.is(await status(vouched.id, vouched.position), 'registered');
});

test('an unproven holder keeps the address, and a vouched retry is decided again', async (t) => {
  const email = 'refused@possession.example.org';
  const key = 'possession-refused-0123456789abcdef';
  const holder = await register(personAt(email));
  const refused = await operator.registerPerson({
    body: personAt(email),
    headers: { 'Idempotency-Key': key },
  });
  t.like(refused, { status: 409, code: 'address-taken' });
  t.is(refused.headers.Position, undefined, 'nothing was appended');
  const params = { id: holder.id };
  t.is((await operator.eraseUser({ params })).status, 202);
  const { id } = await register(personAt(email), key);
  t.not(id, holder.id);
});

test('only a caller who vouches may say that the mailbox is proven', async (t) => {
  const body = { ...personAt('vouched@possession.example.org'), emailVerified: true };
  const answer = await anyone.registerPerson({ body });
  t.is(answer.status, 422);
  const errors = 'code' in answer ? answer.body.errors : undefined;
  t.deepEqual(errors, [{ pointer: '/emailVerified', code: 'not-taken' }]);
  const { id, position } = await register(body);
  t.like(await viewOf(t, id, position), { emailVerified: true });
});

test('the permission to vouch is part of the id: attempt and account share none', async (t) => {
  const key = 'possession-same-key-0123456789abcdef';
  const headers = { 'Idempotency-Key': key };
  const subject = 'possession-scopes';
  const clientOf = async (scopes: Parameters<typeof system.token>[0]) => {
    const token = await system.token(scopes, subject);
    return createClient({ baseUrl: system.gatewayUrl, fetch, token });
  };
  const clients = [await clientOf([]), await clientOf(['registrations:write']), anyone];
  const answers = await Promise.all(
    clients.map((client, n) => {
      return client.registerPerson({
        body: personAt(`scope-${n}@possession.example.org`),
        headers,
      });
    }),
  );
  t.deepEqual(
    answers.map((answer) => answer.status),
    [202, 201, 202],
  );
  const ids = answers.map(({ body }) => JSON.stringify(body).replace(/"\w+":/, ''));
  t.is(new Set(ids).size, ids.length);
});

test('the body limit of the public is lower than that of a caller who vouches', async (t) => {
  const texts = Array.from({ length: 10 }, (_, n) => [`text${n}`, 'x'.repeat(500)]);
  const body: RegisterCommand = {
    ...personAt('large@possession.example.org'),
    profile: Object.fromEntries(texts),
  };
  t.true(JSON.stringify(body).length > MAX_PUBLIC_BODY_BYTES);
  t.like(await anyone.registerPerson({ body }), { status: 413, code: 'payload-too-large' });
  const token = await system.token(['users:read'], 'reader');
  const reader = createClient({ baseUrl: system.gatewayUrl, fetch, token });
  t.like(await reader.registerPerson({ body }), { status: 413, code: 'payload-too-large' });
  t.is((await operator.registerPerson({ body })).status, 201);
});

test('support finds attempts by their ids, and erases one', async (t) => {
  const email = 'support@possession.example.org';
  const attempts: Accepted[] = [await attempt(personAt(email)), await attempt(personAt(email))];
  const [first, second] = attempts;
  if (first === undefined || second === undefined) return t.fail();
  const seen = await operator.readRegistration({
    params: { id: first.id },
    headers: { 'Min-Position': second.position, Prefer: 'wait=20' },
  });
  // The scope makes no difference: only the eraser and the mailer open an attempt.
  t.deepEqual(seen.body, { registrationId: first.id, status: 'awaiting-proof' });
  const answer = await operator.eraseUser({ params: { id: first.id } });
  if (answer.status !== 202) return t.fail(`the erasure was answered ${answer.status}`);
  t.is(await status(first.id, answer.headers.Position), undefined);
  t.is((await prove(second.id, 'attempt')).userId, second.id);
});
