import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ErrorCode, subjects, type VerifyEmailCommand } from '@zameni/contracts';
import { readKeyRingFile } from '@zameni/runtime';
import { PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors, personAt } from '../support/actors.ts';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const LIFETIME_SECONDS = 5;
const COPIES = 10;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'links');
const admin = await openAdminLog(stack, 'links');
/** Its attempts live for seconds. */
const short = await startOwnCommandApi(system, {
  name: 'short-links',
  env: { ZAMENI_ATTEMPT_LIFETIME_SECONDS: String(LIFETIME_SECONDS) },
});
const { operator, anyone, attempt, join, register, tokenFor, prove, read, status } = actors;
test.after.always(async () => {
  await short[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

type Said = Omit<VerifyEmailCommand, 'token'>;

/** Follows a link. Returns the account it is about, or the code. */
async function follow(token: string, said: Said = {}): Promise<string> {
  const answer = await anyone.verifyEmail({ body: { token, ...said } });
  return answer.status === 202 ? answer.body.userId : answer.code;
}

const invalid = 'invalid-verification-token' satisfies ErrorCode;
const taken = 'address-taken' satisfies ErrorCode;
const unproven = 'address-unproven' satisfies ErrorCode;

/** A position that covers everything until now. */
async function now(): Promise<string> {
  const email = `now-${performance.now()}@links.example.org`;
  return (await register(personAt(email))).position;
}

/** Whether a person exists, and their state. */
async function seen(id: string): Promise<string> {
  const { status: code, body } = await read(id, await now());
  if (body === undefined || !('email' in body)) return String(code);
  return `${body.status} ${body.emailVerified ? 'proven' : 'unproven'}`;
}

/** Makes an attempt at the API whose attempts live for seconds. */
async function attemptShortly(email: string, key?: string) {
  const headers = { 'Idempotency-Key': key };
  const answer = await short.anyone.registerPerson({ body: personAt(email), headers });
  if (answer.status !== 202) throw new Error(`the attempt was answered ${answer.status}`);
  return { id: answer.body.registrationId, position: answer.headers.Position };
}

const afterTheInstant = () => pause((LIFETIME_SECONDS + 1) * 1_000);

function lastOf(subject: string) {
  return admin.log.readLastFromLeader(subject, AbortSignal.timeout(PATIENCE_MS));
}

test.serial(
  'an attempt exists until its instant and not after it, whatever a server still holds',
  async (t) => {
    const proven = await attemptShortly('in-time@links.example.org');
    const late = await attemptShortly('late@links.example.org');
    t.is(await status(late.id, late.position), 'awaiting-proof');
    const token = await tokenFor(late.id, 'attempt');
    t.is((await prove(proven.id, 'attempt')).userId, proven.id);
    await afterTheInstant();
    // The token and the record outlive the instant.
    t.not(await lastOf(subjects.attempt(late.id)), undefined);
    t.is(await status(late.id, late.position), undefined);
    t.is(await seen(late.id), '404');
    for (const said of [{}, { notMine: true }, { holder: 'confirm' }] as const) {
      t.is(await follow(token, said), invalid);
    }
    // Its record stays in the log for another hour, and can be erased.
    await erase(t, late.id);
    t.is(await seen(proven.id), 'active proven', 'an account outlives the attempt it came of');
  },
);

test.serial(
  'a retry after the instant is a new attempt for every address, closed to the older link',
  async (t) => {
    await register(personAt('retry-unproven@links.example.org'));
    await join(personAt('retry-proven@links.example.org'));
    const names = ['new', 'unproven', 'proven'] as const;
    const keys = names.map((name) => `links-retry-${name}-0123456789abcdef`);
    const attemptAll = () =>
      Promise.all(
        names.map((name, n) => attemptShortly(`retry-${name}@links.example.org`, keys[n])),
      );
    const first = await attemptAll();
    const older = await Promise.all(first.map(({ id }) => tokenFor(id, 'attempt')));
    t.deepEqual(await attemptAll(), first, 'a retry in time gets the same answer');
    await afterTheInstant();
    const second = await attemptAll();
    for (const [n, { id, position }] of second.entries()) {
      t.is(id, first[n]?.id ?? '');
      t.false(first.some((before) => before.position === position));
      t.is(await status(id, position), 'awaiting-proof');
      t.is(await follow(older[n] ?? ''), invalid);
    }
    const newer = await Promise.all(second.map(({ id }) => tokenFor(id, 'attempt')));
    const answers = await Promise.all(newer.map((token) => follow(token)));
    t.deepEqual(answers, [second[0]?.id ?? '', unproven, taken]);
  },
);

test('nothing opens an attempt once the key of its day is destroyed', async (t) => {
  const folder = await mkdtemp(joinPath(tmpdir(), 'zameni-links-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { keys } = readKeyRingFile(secretFiles(stack.folders.secrets).attemptKeys);
  const { id } = await attempt(personAt('destroyed@links.example.org'));
  const record = await lastOf(subjects.attempt(id));
  const { key: day } = JSON.parse(Buffer.from(record?.data ?? '').toString());
  const left = Object.entries(keys).filter(([one]) => one !== day);
  const [current = ''] = left.at(-1) ?? [];
  const path = joinPath(folder, 'attempt-keys.json');
  await writeFile(path, JSON.stringify({ current, keys: Object.fromEntries(left) }), {
    mode: 0o600,
  });
  const env = { ZAMENI_ATTEMPT_KEY_FILE: path };
  await using later = await startOwnCommandApi(system, { name: 'without-key', env });
  const token = await tokenFor(id, 'attempt');
  const answer = await later.anyone.verifyEmail({ body: { token } });
  t.like(answer, { status: 422, code: invalid });
  t.is(await follow(token), id, 'the control');
});

/** An account that was vouched for, and an attempt on its address. */
async function createRivals(name: string) {
  const email = `${name}@links.example.org`;
  const account = await register(personAt(email));
  const tried = await attempt(personAt(email));
  const link = await tokenFor(account.id, 'registered', { names: tried });
  return { email, account, tried, link, own: await tokenFor(tried.id, 'attempt') };
}

test('the link of an unproven account confirms it, and closes the attempt', async (t) => {
  const { account, tried, link, own } = await createRivals('confirm');
  const proof = await anyone.verifyEmail({ body: { token: link } });
  if (proof.status !== 202) return t.fail(`the proof was answered ${proof.status}`);
  t.is(proof.body.userId, account.id);
  t.is(await status(tried.id, proof.headers.Position), 'registered');
  t.is(await seen(account.id), 'active proven');
  t.is(await seen(tried.id), '404');
  t.is(await follow(own), account.id, 'its own link names its account');
  t.is(await follow(link, { notMine: true }), taken, 'a proven account is never disowned');
  t.is(await follow(own, { notMine: true }), taken);
  t.is(await seen(account.id), 'active proven');
});

test('"not mine" moves the address from an unproven account to the attempt', async (t) => {
  const { email, account, tried, link, own } = await createRivals('not-mine');
  t.is(await follow(link, { notMine: true }), account.id);
  t.is(await seen(account.id), 'deactivated unproven');
  t.is(await follow(link, { notMine: true }), account.id, 'a second use gets the same answer');
  t.is(await follow(link), invalid);
  t.is(await follow(own), tried.id);
  t.is(await seen(tried.id), 'active proven');
  // Support may reactivate the account, but not return its address.
  const params = { id: account.id };
  t.is((await operator.reactivateUser({ params, body: { reasonCode: 'test' } })).status, 202);
  t.is(await follow(link), invalid);
  t.like(await operator.registerPerson({ body: personAt(email) }), { code: taken });
});

test('an attempt’s own link offers both choices, and stays valid for either', async (t) => {
  const confirmed = await createRivals('offer-confirm');
  t.is(await follow(confirmed.own), unproven);
  t.is(await follow(confirmed.own), unproven);
  t.is(await follow(confirmed.own, { holder: 'confirm' }), confirmed.account.id);
  t.is(await follow(confirmed.own, { holder: 'not-mine' }), confirmed.account.id);
  t.is(await seen(confirmed.account.id), 'active proven');
  t.is(await status(confirmed.tried.id, await now()), 'registered');

  const disowned = await createRivals('offer-not-mine');
  t.is(await follow(disowned.own), unproven);
  t.is(await follow(disowned.own, { holder: 'not-mine' }), disowned.tried.id);
  t.is(await follow(disowned.own, { holder: 'confirm' }), disowned.tried.id);
  t.is(await seen(disowned.account.id), 'deactivated unproven');
  t.is(await seen(disowned.tried.id), 'active proven');
  t.is(await follow(disowned.link), invalid);
});

test('the confirmation of another account cannot change its data', async (t) => {
  const { account, link, own } = await createRivals('fields');
  const said = { displayName: 'Mallory Attacker' };
  t.is(await follow(own, { holder: 'confirm', ...said }), 'invalid-request');
  t.is(await follow(link, said), 'invalid-request');
  t.is(await follow(own, { holder: 'confirm' }), account.id);
});

test('a deactivated holder loses nothing without "not mine"', async (t) => {
  const body = { reasonCode: 'abuse' };
  const off = await createRivals('off-unproven');
  await operator.deactivateUser({ params: { id: off.account.id }, body });
  t.is(await follow(off.own), unproven);
  t.is(await follow(off.own, { holder: 'confirm' }), 'user-deactivated');
  t.is(await follow(off.link), 'user-deactivated');
  t.is(await follow(off.own, { holder: 'not-mine' }), off.tried.id);

  const proven = await join(personAt('off-proven@links.example.org'));
  await operator.deactivateUser({ params: { id: proven.id }, body });
  const tried = await attempt(personAt('off-proven@links.example.org'));
  const token = await tokenFor(tried.id, 'attempt');
  for (const said of [{}, { holder: 'confirm' }, { holder: 'not-mine' }] as const) {
    t.is(await follow(token, said), taken);
  }
  t.is(await seen(proven.id), 'deactivated proven');
});

test('a second use changes nothing and gets the same answer, also after changes', async (t) => {
  const { id } = await attempt(personAt('twice@links.example.org'));
  const token = await tokenFor(id, 'attempt');
  const answers = await Promise.all(Array.from({ length: COPIES }, () => follow(token)));
  t.deepEqual(new Set(answers), new Set([id]));
  const { body } = await read(id, await now());
  t.like(body, { version: 1 });
  const params = { id };
  await operator.changeEmail({ params, body: { email: 'twice-moved@links.example.org' } });
  const change = await tokenFor(id, 'email-change-requested');
  t.is((await prove(id, 'email-change-requested')).userId, id);
  t.is(await follow(change), id);
  t.is(await follow(token), id);
  t.is(await follow(token, { notMine: true }), taken);
  t.like((await read(id, await now())).body, {
    email: 'twice-moved@links.example.org',
    version: 3,
  });
  t.is((await operator.eraseUser({ params })).status, 202);
  for (const link of [token, change]) t.is(await follow(link), invalid);
});

test('"not mine" of an attempt deletes it', async (t) => {
  const { id } = await attempt(personAt('deleted@links.example.org'));
  const token = await tokenFor(id, 'attempt');
  const open = (await lastOf(subjects.attempt(id)))?.position;
  t.is(await follow(token, { notMine: true }), id);
  t.is(await status(id, await now()), undefined);
  t.is(await follow(token, { notMine: true }), id);
  t.is(await follow(token), invalid);
  await waitUntil(() => isDeleted(id, open ?? 0));
  // Throws if the address is taken.
  await register(personAt('deleted@links.example.org'));
});

/** Whether the record at a position is gone from the log. */
async function isDeleted(id: string, position: number): Promise<boolean> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const first = await admin.log.readFirst(subjects.attempt(id), signal);
  return first === undefined || first.position > position;
}

test('the data of an attempt is deleted once it is proven', async (t) => {
  const { id } = await attempt(personAt('once-proven@links.example.org'));
  const open = (await lastOf(subjects.attempt(id)))?.position;
  await prove(id, 'attempt');
  await waitUntil(() => isDeleted(id, open ?? 0));
  t.is(await status(id, await now()), 'registered');
});

test('one’s present address voids a pending change and its link, nothing else', async (t) => {
  const email = 'present@links.example.org';
  const { id } = await join(personAt(email));
  const params = { id };
  await operator.changeEmail({ params, body: { email: 'other@links.example.org' } });
  const token = await tokenFor(id, 'email-change-requested');
  t.is((await operator.changeEmail({ params, body: { email } })).status, 202);
  t.is(await follow(token), invalid);
  const expected = { email, emailVerified: true, version: 3 };
  t.like((await read(id, await now())).body, expected);
  t.is((await operator.changeEmail({ params, body: { email } })).status, 202);
  t.like((await read(id, await now())).body, expected, 'nothing is appended');
});

test('a key is bound to its body while attempt or account live, not afterwards', async (t) => {
  const keyOf = (name: string) => ({ 'Idempotency-Key': `links-${name}-0123456789abcdef` });
  const ask = async (client: typeof anyone, name: string, locale: string) => {
    const body = { ...personAt(`key-${name}@links.example.org`), locale };
    const answer = await client.registerPerson({ body, headers: keyOf(name) });
    if ('code' in answer) return answer.code;
    return JSON.stringify([answer.status, answer.body, answer.headers.Position]);
  };
  const first = await ask(anyone, 'public', 'en');
  t.is(await ask(anyone, 'public', 'en'), first);
  t.is(await ask(anyone, 'public', 'de'), 'idempotency-key-reused');
  const id = first.match(/[0-9a-f-]{36}/)?.[0] ?? '';
  await prove(id, 'attempt');
  t.is(await ask(anyone, 'public', 'en'), first);
  t.is(await ask(anyone, 'public', 'de'), 'idempotency-key-reused');
  await erase(t, id);
  t.is(await ask(anyone, 'public', 'en'), first);
  t.is(await ask(anyone, 'public', 'de'), first);
  t.is(await status(id, await now()), undefined);

  const vouched = await ask(operator, 'vouched', 'en');
  t.is(await ask(operator, 'vouched', 'en'), vouched);
  t.is(await ask(operator, 'vouched', 'de'), 'idempotency-key-reused');
  await erase(t, vouched.match(/[0-9a-f-]{36}/)?.[0] ?? '');
  for (const locale of ['en', 'de']) t.is(await ask(operator, 'vouched', locale), 'user-erased');
});

test('an erasure voids older links and does not affect a later registration', async (t) => {
  const email = 'erased@links.example.org';
  const { account, link, own } = await createRivals('erased');
  await erase(t, account.id);
  for (const token of [link, own]) {
    for (const said of [{}, { notMine: true }] as const) t.is(await follow(token, said), invalid);
  }
  const later = await attempt(personAt(email));
  for (const said of [{}, { holder: 'not-mine' }] as const) t.is(await follow(own, said), invalid);
  t.is((await prove(later.id, 'attempt')).userId, later.id);
  t.is(await seen(later.id), 'active proven');
});

async function erase(t: ExecutionContext, id: string): Promise<void> {
  t.is((await operator.eraseUser({ params: { id } })).status, 202);
}
