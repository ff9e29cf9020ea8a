import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AccountEvent,
  type AttemptRecord,
  type ClaimRecord,
  encodeEvent,
  encodePersonal,
  eventType,
  parseUserId,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  createAttemptKeys,
  createDataKeys,
  createPositions,
  createVerificationTokens,
  readKeyRing,
  sealPersonal,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Check } from 'typebox/value';
import { createMissingSecrets } from '../../../deploy/local/secrets/files.ts';
import { createLinkLog } from './log.ts';
import { LinkReport, makeLink } from './make.ts';

const now = new Date('2026-03-04T05:06:07.089Z');
const time = '2026-03-04T05:00:00.000Z';
const expiresAt = '2026-03-11T05:00:00.000Z';
const lifetimeSeconds = 7 * 24 * 3_600;
const claim = 'c'.repeat(43);
const otherClaim = 'd'.repeat(43);
const attempt = idOf(1);
const holder = idOf(2);
const email = 'vera@example.org';

function idOf(n: number): UserId {
  const id = parseUserId(`01980000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  if (id === undefined) throw new Error('not an id');
  return id;
}

/** A log with keys of its own, and functions that append to it. */
async function createWorld(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-link-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const secrets = await createMissingSecrets(folder, { now, lifetimeSeconds });
  const stack = {
    folders: { secrets: folder },
    gateway: { url: 'http://127.0.0.1:8080' },
    keys: {
      pepperFile: secrets.pepper,
      kekFile: secrets.kek,
      positionKeyFile: secrets.positionKey,
    },
  };
  const { signal } = new AbortController();
  const log = createMemoryLog();
  const put = async (subject: string, data: string): Promise<number> => {
    const expectedPosition = (await log.readLastFromLeader(subject, signal))?.position ?? 0;
    const outcome = await log.append([{ subject, data, expectedPosition }], signal);
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.lastPosition;
  };
  const dataKeys = createDataKeys(readKeyRing(secrets.kek));
  const positions = createPositions(readKeyRing(secrets.positionKey));
  const tokens = createVerificationTokens(readKeyRing(secrets.verificationKey), {
    positions,
    now: () => now,
  });
  return {
    openAttempt: () => {
      const actor = { type: 'anonymous', id: 'public' } as const;
      const about = { claim, locale: 'sl', time, expiresAt, actor, causationId: 'r' };
      const data = { email, displayName: 'Vera', termsVersion: '1', profile: {} };
      const keys = createAttemptKeys(readKeyRing(secrets.attemptKeys));
      const record = keys.seal(
        attempt,
        { state: 'open', ...about },
        { data, fingerprint: 'f'.repeat(43) },
      );
      return put(subjects.attempt(attempt), JSON.stringify(record));
    },
    closeAttempt: (record: AttemptRecord) => {
      return put(subjects.attempt(attempt), JSON.stringify(record));
    },
    claims: (record: ClaimRecord) => put(subjects.claim(claim), JSON.stringify(record)),
    /** An account with these events. The id of each ends in its number. */
    account: async (userId: UserId, ...events: readonly AccountEvent[]) => {
      const { key, record } = dataKeys.create(userId);
      await put(subjects.key(userId), JSON.stringify(record));
      for (const [index, event] of events.entries()) {
        const id = idOf(100 + index);
        const plain = encodePersonal(event);
        const binding = { eventId: id, type: eventType(event.name), userId };
        const personal = plain === null ? null : sealPersonal(key, binding, plain);
        const actor = { type: 'caller', id: 'app' } as const;
        const metadata = { id, userId, time, causationId: 'r', actor, accountVersion: index + 1 };
        await put(subjects.account(userId), encodeEvent(metadata, event, personal));
      }
    },
    link: async ({ id = attempt, isOwn = false, isUndo = false, at = now } = {}) => {
      const options = { id, isOwn, isUndo, now: at, lifetimeSeconds };
      const report = await makeLink(stack, createLinkLog(log, signal), options);
      t.true(Check(LinkReport, report));
      t.is(report.link, `http://127.0.0.1:8080/verify#token=${report.token}`);
      return { report, proof: await tokens.open(report.token) };
    },
  };
}

const registered: AccountEvent = {
  name: 'registered',
  data: {
    locale: 'sl',
    termsVersion: '1',
    fingerprint: 'f'.repeat(43),
    emailVerified: false,
  },
  personal: { email, claim, displayName: 'Vera', profile: {} },
};
const change: AccountEvent = {
  name: 'email-change-requested',
  data: {},
  personal: { email: 'other@example.org', claim: otherClaim },
};
const deactivated: AccountEvent = {
  name: 'deactivated',
  data: { reasonCode: 'requested' },
  personal: null,
};

test('an attempt on a free address has its own link until its instant', async (t) => {
  const world = await createWorld(t);
  const position = await world.openAttempt();
  const { report, proof } = await world.link();
  t.deepEqual(proof, { kind: 'attempt', id: attempt, claim, position });
  t.like(report, { id: attempt, kind: 'attempt', purpose: 'registration', attempt, expiresAt });
  const late = world.link({ at: new Date(expiresAt) });
  await t.throwsAsync(late, { code: 'attempt-expired' });
});

test('prints the link of an unproven holder and names the attempt in it', async (t) => {
  const world = await createWorld(t);
  await world.account(holder, registered, change);
  await world.claims({ state: 'held', userId: holder, verified: false });
  const position = await world.openAttempt();
  const { report, proof } = await world.link();
  const named = { id: attempt, position };
  // The link proves the held address, not the wanted one.
  t.deepEqual(proof, { kind: 'account', id: holder, claim, request: idOf(100), attempt: named });
  t.like(report, { kind: 'account', purpose: 'account-of-attempt', attempt, expiresAt });
  const own = await world.link({ isOwn: true });
  t.deepEqual(own.proof, { kind: 'attempt', id: attempt, claim, position });
});

test('an attempt has no link if a proven or deactivated account is the holder', async (t) => {
  const world = await createWorld(t);
  await world.openAttempt();
  await world.claims({ state: 'held', userId: holder, verified: true });
  await t.throwsAsync(world.link(), { code: 'address-taken' });
  await world.account(holder, registered, deactivated);
  await world.claims({ state: 'held', userId: holder, verified: false });
  await t.throwsAsync(world.link(), { code: 'user-deactivated' });
});

test('a proven attempt has the links of the account that it created', async (t) => {
  const world = await createWorld(t);
  const position = await world.openAttempt();
  const closed = { state: 'closed', attempt: position, expiresAt, by: 'proof' } as const;
  await world.closeAttempt({ ...closed, userId: attempt });
  const proven = { ...registered, data: { ...registered.data, emailVerified: true } };
  await world.account(attempt, proven, change);
  const { report, proof } = await world.link();
  t.deepEqual(proof, { kind: 'account', id: attempt, claim: otherClaim, request: idOf(101) });
  t.like(report, { purpose: 'email-change', attempt: null, request: idOf(101) });
});

test('an attempt that has ended has no link', async (t) => {
  const world = await createWorld(t);
  const position = await world.openAttempt();
  const closed = { state: 'closed', attempt: position, expiresAt } as const;
  for (const [record, code] of [
    [{ ...closed, by: 'proof', userId: holder }, 'already-proven'],
    [{ ...closed, by: 'not-mine' }, 'attempt-disowned'],
    [{ ...closed, by: 'erasure' }, 'attempt-erased'],
  ] as const) {
    await world.closeAttempt(record);
    await t.throwsAsync(world.link(), { code }, code);
  }
});

test('an attempt is void if the erasure of its address came later', async (t) => {
  const world = await createWorld(t);
  await world.openAttempt();
  await world.claims({ state: 'released', by: 'erasure' });
  await t.throwsAsync(world.link(), { code: 'attempt-erased' });
  const position = await world.openAttempt();
  t.like((await world.link()).proof, { kind: 'attempt', position });
});

test('an account has the link of its registration, valid for the lifetime', async (t) => {
  const world = await createWorld(t);
  await world.account(holder, registered);
  const { report, proof } = await world.link({ id: holder });
  t.deepEqual(proof, { kind: 'account', id: holder, claim, request: idOf(100) });
  t.like(report, { kind: 'account', purpose: 'registration', attempt: null });
  t.is(Date.parse(report.expiresAt) - now.getTime(), lifetimeSeconds * 1_000);
  await t.throwsAsync(world.link(), { code: 'registration-not-found' });
});

test('the old mailbox of a pending change has a link that stops it', async (t) => {
  const world = await createWorld(t);
  await world.account(holder, registered, change);
  const { report, proof } = await world.link({ id: holder, isUndo: true });
  t.deepEqual(proof, { kind: 'account', id: holder, claim, request: idOf(101) });
  t.like(report, { kind: 'account', purpose: 'undo-change', attempt: null, request: idOf(101) });
  await world.openAttempt();
  await t.throwsAsync(world.link({ isUndo: true }), { code: 'no-change' });
});

test('there is nothing to stop without a pending change', async (t) => {
  const world = await createWorld(t);
  await world.account(holder, registered);
  await t.throwsAsync(world.link({ id: holder, isUndo: true }), { code: 'no-change' });
});
