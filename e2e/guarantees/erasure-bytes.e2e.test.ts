import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttemptRecord, createClient, KeyRecord, subjects } from '@zameni/contracts';
import { createDigests, readPepperRing } from '@zameni/runtime';
import { openSuperuserPool, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Value } from 'typebox/value';
import { findBytes, type Needles, toNeedles } from '../erasure/find-bytes.ts';
import { readCommands, runCommand } from '../erasure/runbook-commands.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'erasure-bytes');
const admin = await openAdminLog(stack, 'erasure-bytes');
const { operator, attempt, prove } = actors;
const digests = createDigests(readPepperRing(stack.keys.pepperFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const COMMAND_DEADLINE_MS = 120_000;
const HEADING = 'A person must be erased in every byte';

const NATS = ['nats-1', 'nats-2', 'nats-3'];
const DATABASES = ['postgres-primary', 'postgres-replica'];
const OTHERS = ['redis', 'redis-counters', 'pgbouncer', 'gateway', 'logs'];

const FIRST = 'Quenya.Oblivion-Mailbox@Vergessen.example.org';
const SECOND = 'second.oblivion-mailbox@vergessen.example.org';
const THIRD = 'third.oblivion-mailbox@vergessen.example.org';

/** Texts of a person that occur nowhere else in this stack. */
const texts = {
  address: FIRST,
  'canonical address': FIRST.toLowerCase(),
  'second address': SECOND,
  name: 'Quenya Oblivionová-Forgotten',
  'later name': 'Заборављена Особа Обливион',
  'profile value': 'Obliviontown on the Lethe',
  'later profile value': 'Lethe-upon-Oblivion',
  'digest of the address': digests.claimOf(FIRST.toLowerCase()),
  'digest of the second address': digests.claimOf(SECOND),
};

/** Texts of attempts alone. No store has them in clear, except the digest. */
const attemptTexts = {
  'name of an attempt': 'Sindarin Oblivionová-Unproven',
  'third address': THIRD,
  'digest of the third address': digests.claimOf(THIRD),
};

const body = {
  email: FIRST,
  displayName: texts.name,
  locale: 'en',
  termsVersion: '2026-01',
  profile: { city: texts['profile value'] },
};

/**
 * A person who uses every feature except mail wishes, whose digest stays for a day. Their farewell
 * has the address, sealed, for an hour. Returns the id, and what was sealed in their attempt.
 */
async function live(): Promise<{ readonly id: string; readonly sealed: string }> {
  const { id } = await attempt(body);
  const sealed = await sealedOf(id);
  await prove(id, 'attempt');
  const params = { id };
  await operator.updateUser({
    params,
    body: { displayName: texts['later name'], profile: { city: texts['later profile value'] } },
  });
  await operator.changeEmail({ params, body: { email: SECOND } });
  const { position } = await prove(id, 'email-change-requested');
  const token = await system.token(['users:read']);
  for (const { url, service } of stack.services) {
    if (service !== 'query-api') continue;
    const reader = createClient({ baseUrl: url, fetch, token });
    const headers = { 'Min-Position': position, Prefer: 'wait=20' };
    const seen = await reader.readUser({ params, headers });
    if (seen.status !== 200) throw new Error(`the person was answered ${seen.status}`);
  }
  return { id, sealed };
}

/** An attempt that is never proven. */
async function attemptAt(email: string): Promise<{ readonly id: string; readonly sealed: string }> {
  const { id } = await attempt({
    ...body,
    email,
    displayName: attemptTexts['name of an attempt'],
  });
  return { id, sealed: await sealedOf(id) };
}

async function contentOf(subject: string): Promise<unknown> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const record = await admin.log.readLastFromLeader(subject, signal);
  if (record === undefined) throw new Error(`there is nothing at ${subject}`);
  return JSON.parse(Buffer.from(record.data).toString());
}

/** A person's wrapped key as stored in the log. */
async function wrappedKeyOf(id: string): Promise<string> {
  return Value.Parse(KeyRecord, await contentOf(subjects.key(id))).wrapped;
}

/** The sealed data of an attempt as stored in the log. */
async function sealedOf(id: string): Promise<string> {
  const record = Value.Parse(AttemptRecord, await contentOf(subjects.attempt(id)));
  if (record.state !== 'open') throw new Error('the attempt is closed');
  return record.sealed;
}

function find(store: string, needles: Needles): Map<string, string[]> {
  return findBytes(join(stack.folders.root, store), needles);
}

/** Writes rows to the pages and statistics of the tables, not only to the write-ahead log. */
async function flushTables(): Promise<void> {
  const pool = openSuperuserPool(stack, { name: 'erasure-bytes' });
  try {
    await pool.query('analyze');
    await pool.query('checkpoint');
  } finally {
    await pool.end();
  }
}

/**
 * Waits until a store has all of these. A follower writes a moment later than the leader answers.
 */
async function untilFound(store: string, needles: Needles, names: readonly string[]) {
  await waitUntil(() => {
    const found = find(store, needles);
    return names.every((name) => found.has(name));
  }).catch((cause: unknown) => {
    throw new Error(`${store} has ${[...find(store, needles).keys()].join(', ')} only`, { cause });
  });
}

/** The needles that are left, by store. */
function leftIn(stores: readonly string[], needles: Needles): string[] {
  return stores.flatMap((store) =>
    [...find(store, needles)].map(
      ([needle, files]) => `${store}: ${needle} in ${files.join(', ')}`,
    ),
  );
}

async function untilDone(t: ExecutionContext, id: string): Promise<void> {
  let last: unknown;
  await waitUntil(async () => {
    const { body } = await operator.readErasure({ params: { id } });
    last = body;
    return 'stores' in body && body.status === 'done';
  }).catch(() => t.fail(JSON.stringify(last)));
}

test('after the runbook commands no file of any store has a byte of the erased', async (t) => {
  t.timeout(2 * COMMAND_DEADLINE_MS);
  const { id, sealed } = await live();
  const [onAddress, alone] = [await attemptAt(SECOND), await attemptAt(THIRD)];
  await flushTables();
  const needles = toNeedles({
    ...texts,
    ...attemptTexts,
    'wrapped key': await wrappedKeyOf(id),
    'sealed, and proven': sealed,
    'sealed, on the address': onAddress.sealed,
    'sealed, alone': alone.sealed,
  });

  // The controls: each store must contain its texts, and logs a text that is certainly there.
  const inClear = Object.keys({ ...texts, ...attemptTexts }).filter(
    (name) => !name.startsWith('digest'),
  );
  for (const store of NATS) {
    await untilFound(store, needles, [
      'digest of the second address',
      'digest of the third address',
      'wrapped key',
      'sealed, on the address',
      'sealed, alone',
    ]);
    const found = [...find(store, needles).keys()];
    t.deepEqual(
      inClear.filter((name) => found.includes(name)),
      [],
      `${store} has them encrypted`,
    );
  }
  for (const store of DATABASES) {
    // An address is kept as it was typed.
    const expected = Object.keys(texts).filter((name) => name !== 'canonical address');
    await untilFound(store, needles, [...expected, 'digest of the third address']);
    const found = find(store, needles);
    for (const name of ['name of an attempt', 'third address']) t.false(found.has(name), name);
  }
  const known = toNeedles({ 'a service': 'service listens', 'a pool': 'pgbouncer', id });
  for (const store of ['logs', 'pgbouncer']) t.not(find(store, known).size, 0, store);

  const startedAt = performance.now();
  for (const params of [{ id: alone.id }, { id }]) {
    t.is((await operator.eraseUser({ params })).status, 202);
  }
  t.log(`answered after ${Math.round(performance.now() - startedAt)} ms`);
  await untilDone(t, id);
  t.log(`done after ${Math.round(performance.now() - startedAt)} ms`);
  t.log('without the commands:', leftIn([...NATS, ...DATABASES], needles));
  const [command = ''] = readCommands(HEADING);
  t.log(await runCommand(command, { stack, deadlineMs: COMMAND_DEADLINE_MS }));
  t.deepEqual(leftIn([...NATS, ...DATABASES, ...OTHERS], needles), []);
  t.log(`clean after ${Math.round(performance.now() - startedAt)} ms`);
  const stackFile = readFileSync(join(stack.folders.root, 'stack.json'));
  t.deepEqual(
    [...needles].filter(([, bytes]) => stackFile.includes(bytes)),
    [],
  );
});
