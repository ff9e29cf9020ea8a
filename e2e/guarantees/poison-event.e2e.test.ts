import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import {
  type AccountEvent,
  encodeEvent,
  encodePersonal,
  type ParkedSubject,
  parseUserId,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { createDataKeys, type EventLog, readKeyRing, sealPersonal } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors } from '../support/actors.ts';
import { importCrowd } from '../support/crowd.ts';
import { attachSystem } from '../support/system.ts';

/** People who register while records that cannot be projected lie in the log. */
const CROWD = 10_000;
const READ_DEADLINE_MS = 30_000;
const zameni = new URL('../../cli/bin/zameni.ts', import.meta.url).pathname;
const { signal } = new AbortController();

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'poison-event');
const admin = await openAdminLog(stack, 'poison-event');
const dataKeys = createDataKeys(readKeyRing(stack.keys.kekFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** Runs `zameni parked` as an operator does, and returns the subjects in its answer. */
async function parked(...args: string[]): Promise<readonly ParkedSubject[]> {
  const argv = [zameni, 'parked', ...args, '--profile', stack.profile, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 60_000 });
  const answer: { readonly parked?: readonly ParkedSubject[] } = JSON.parse(stdout);
  return answer.parked ?? [];
}

async function append(log: EventLog, subject: string, data: string): Promise<number> {
  const last = await log.readLastFromLeader(subject, signal);
  const message = { subject, data, expectedPosition: last?.position ?? 0 };
  const outcome = await log.append([message], signal);
  if (outcome.status !== 'appended') throw new Error(outcome.status);
  return outcome.lastPosition;
}

function idOf(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new Error(`${text} is no user id`);
  return id;
}

const person = (name: string) => ({
  email: `${name}-${randomUUID()}@poison.example.org`,
  displayName: name,
  locale: 'en',
  termsVersion: '2026-01',
});

function metadataOf(userId: UserId, accountVersion: number) {
  const time = new Date().toISOString();
  const actor = { type: 'anonymous', id: 'public' } as const;
  const ids = { id: randomUUID(), causationId: randomUUID() };
  return { ...ids, userId, time, actor, accountVersion };
}

/** A whole registration, as the command API would have written it. */
function registration(userId: UserId) {
  const { key, record } = dataKeys.create(userId);
  const event: AccountEvent = {
    name: 'registered',
    data: {
      fingerprint: 'f'.repeat(43),
      locale: 'en',
      termsVersion: '2026-01',
      emailVerified: false,
    },
    personal: {
      email: 'late@poison.example.org',
      claim: 'k'.repeat(43),
      displayName: 'Late',
      profile: {},
    },
  };
  const metadata = metadataOf(userId, 1);
  const binding = { eventId: metadata.id, type: 'zameni.account.registered.v1', userId };
  const sealed = sealPersonal(key, binding, encodePersonal(event) ?? '');
  return { key: JSON.stringify(record), event: encodeEvent(metadata, event, sealed) };
}

test('poison events park their accounts; everyone else arrives, and nothing is lost', async (t) => {
  t.timeout(120_000);
  const { log } = admin;
  const stays = await actors.register(person('stays'));
  const [malformed, later, keyless] = [idOf(randomUUID()), idOf(randomUUID()), idOf(randomUUID())];
  const kept = registration(keyless);
  const noted = registration(idOf(stays.id));

  const crowd = importCrowd(system, 'poison', CROWD);
  await append(log, subjects.account(malformed), '{"not":"an event"}');
  await append(log, subjects.account(later), kept.event.replace('registered.v1', 'registered.v99'));
  await append(log, subjects.account(keyless), kept.event);
  // Sealed under a key that is not the person's.
  const at = await append(log, subjects.account(stays.id), noted.event);
  const { ids, position } = await crowd;

  // Everyone else arrives.
  for (const id of ids.filter((_, n) => n % 200 === 0)) {
    t.is((await actors.read(id, position)).status, 200);
  }
  const list = async () => new Map((await parked('ls')).map((each) => [each.id, each]));
  await waitUntil(async () => (await list()).size >= 4, READ_DEADLINE_MS);
  const found = await list();
  t.like(found.get(malformed), { reason: 'undecodable', waiting: 1 });
  t.like(found.get(later), { reason: 'undecodable' });
  t.like(found.get(keyless), { reason: 'key-missing' });
  t.like(found.get(stays.id), { reason: 'undecryptable', position: at });

  // A reader is told. Without a demanded position the last known state is shown.
  const params = { id: stays.id };
  const old = await actors.operator.readUser({ params });
  t.is(old.status, 200);
  if (old.status === 200) t.true(old.body.parked);
  const missing = await actors.operator.readUser({ params: { id: keyless } });
  t.is(missing.status, 503);
  t.like(missing.body, { code: 'account-parked' });
  const headers = { 'Min-Position': position, Prefer: 'wait=5' };
  const demanding = await actors.operator.readUser({ params, headers });
  t.like(demanding.body, { code: 'account-parked' });

  // A cause that is mended: the key arrives, and the redrive applies what waited.
  await append(log, subjects.key(keyless), kept.key);
  await parked('redrive', keyless);
  const redriven = await actors.operator.readUser({ params: { id: keyless } });
  t.is(redriven.status, 200);
  if (redriven.status === 200) t.is(redriven.body.displayName, 'Late');

  // A record that nobody can mend is skipped, and the account goes on.
  await parked('discard', stays.id, '--reason', 'planted-by-a-test');
  const resumed = await actors.operator.readUser({ params, headers });
  t.is(resumed.status, 200);
  if (resumed.status === 200) t.is(resumed.body.parked, undefined);
  for (const id of [malformed, later]) await parked('discard', id, '--reason', 'planted-by-a-test');
  await waitUntil(async () => (await list()).size === 0, READ_DEADLINE_MS);
});

test('an erasure reaches a parked account, and no redrive brings the person back', async (t) => {
  const { log } = admin;
  const { id } = await actors.register(person('leaves'));
  const subject = subjects.account(id);
  await append(log, subject, '{"not":"an event"}');
  await waitUntil(async () => (await parked('ls', '--id', id)).length === 1, READ_DEADLINE_MS);
  // Appended as the admin: the command API does not decide on an account that it cannot read.
  const erased = { name: 'erased', data: {}, personal: null } as const;
  await append(log, subject, encodeEvent(metadataOf(idOf(id), 3), erased, null));
  const status = async () => (await actors.operator.readUser({ params: { id } })).status;
  await waitUntil(async () => (await status()) === 410, READ_DEADLINE_MS);
  t.deepEqual(await parked('ls', '--id', id), []);
});
