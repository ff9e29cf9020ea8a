import { randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  createClient,
  type DeletionRecord,
  ProjectorStatus,
  subjects,
} from '@zameni/contracts';
import {
  connectNats,
  createDigests,
  createSecureDeletion,
  readPepperRing,
  readSecret,
} from '@zameni/runtime';
import {
  connectTestRedis,
  openSuperuserPool,
  PATIENCE_MS,
  waitUntil,
} from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { openAdminLog } from '../log/admin-log.ts';
import { readClaimLayout } from '../log/claim-names.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'erasure-faults');
const admin = await openAdminLog(stack, 'erasure-faults');
const { operator, join, attempt } = actors;
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const { signal } = new AbortController();

async function progressOf(id: string) {
  const answer = await operator.readErasure({ params: { id } });
  return answer.status === 200 ? answer.body : undefined;
}

/** The deletion records that no eraser can do, as the active one reports them. */
async function readStuck(): Promise<readonly string[]> {
  const projectors = stack.services.filter(({ service }) => service === 'projector');
  const answers = await Promise.all(
    projectors.map(async ({ url }) => (await fetch(`${url}/status`)).json()),
  );
  return answers.flatMap((answer) => {
    const { eraser } = Value.Parse(ProjectorStatus, answer);
    return eraser.stuckReason ?? [];
  });
}

/** Deletes a record as an operator does. */
async function remove(subject: string): Promise<void> {
  const login = stack.nats.users['admin'];
  if (login === undefined) throw new Error('the stack has no NATS user admin');
  const { user, passwordFile } = login;
  const { servers } = stack.nats;
  const nc = await connectNats({ servers, user, password: readSecret(passwordFile), name: 'test' });
  const { log } = admin;
  const deletion = createSecureDeletion({ nc, log }, { stream: ACCOUNTS_STREAM.name, user });
  await deletion.deleteUpTo(subject, await log.head(signal), signal);
  await nc.close();
}

test('a replica that does not replay shows nobody whose erasure was answered', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const { id } = await join(personAt('paused-replica@erasure.example.org'));
  const replica = openSuperuserPool(stack, { name: 'erasure', server: stack.postgres.replica });
  const has = async () => {
    const { rows } = await replica.query('select from accounts.users where user_id = $1', [id]);
    return rows.length === 1;
  };
  await waitUntil(has);
  await replica.query('select pg_wal_replay_pause()');
  t.teardown(async () => {
    await replica.query('select pg_wal_replay_resume()');
    await replica.end();
  });
  t.is((await operator.eraseUser({ params: { id } })).status, 202);
  t.true(await has(), 'the control: the replica still has them');

  const redis = await connectTestRedis(t, 'tester');
  const token = await system.token(['users:read']);
  const readers = stack.services.filter(({ service }) => service === 'query-api');
  for (let n = 0; n < 3; n += 1) {
    const entries = await redis.keys(`zameni:*${id}*`);
    if (entries.length > 0) await redis.del(...entries);
    for (const { url } of readers) {
      const reader = createClient({ baseUrl: url, fetch, token });
      t.is((await reader.readUser({ params: { id } })).status, 410);
    }
  }
});

test('a forged deletion record destroys nothing, and holds nobody up', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const email = 'forged@erasure.example.org';
  const { id } = await join(personAt(email));
  const other = await attempt(personAt('forged-attempt@erasure.example.org'));
  const digest = createDigests(readPepperRing(stack.keys.pepperFile)).claimOf(email);
  const claim = readClaimLayout(stack).placeOf(digest).believed;
  const forged: DeletionRecord = {
    people: [id],
    claims: [claim.slice(subjects.claim('').length)],
    attempts: [{ id: other.id, upTo: await admin.log.head(signal) }],
    addresses: [digest],
  };
  const subject = subjects.deletion(randomUUID());
  const outcome = await admin.log.append(
    [{ subject, data: JSON.stringify(forged), expectedPosition: 0 }],
    signal,
  );
  t.is(outcome.status, 'appended');
  await waitUntil(async () => (await readStuck()).length > 0);
  t.regex((await readStuck()).join(), /ForgedRecordError: it names a person who is not erased/);

  const genuine = await join(personAt('beside-forged@erasure.example.org'));
  t.is((await operator.eraseUser({ params: { id: genuine.id } })).status, 202);
  for (const kept of [subjects.key(id), claim, subjects.attempt(other.id), subject]) {
    t.true(await admin.log.hasRecord(kept, signal), kept);
  }
  t.is((await operator.readUser({ params: { id } })).status, 200);
  t.is((await operator.updateUser({ params: { id }, body: { locale: 'sr' } })).status, 202);

  await remove(subject);
  await waitUntil(async () => (await readStuck()).length === 0);
});

test('an erasure of which the database lost the end is done again', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const { id } = await join(personAt('lost-end@erasure.example.org'));
  const erase = async () => (await operator.eraseUser({ params: { id } })).status;
  t.is(await erase(), 202);
  await waitUntil(async () => {
    const claims = (await progressOf(id))?.stores.find(({ store }) => store === 'claims');
    return typeof claims?.erasedAt === 'string';
  });
  const primary = openSuperuserPool(stack, { name: 'erasure' });
  t.teardown(async () => {
    await primary.query(`update zameni.erasures set log_servers_behind = '{}' where user_id = $1`, [
      id,
    ]);
    await primary.end();
  });
  // A restored database has the row again from the event.
  await primary.query(
    `update zameni.erasures set key_at = null, claims_at = null, log_servers_behind = '{}',
       read_model_at = read_model_at - interval '1 minute' where user_id = $1`,
    [id],
  );
  await waitUntil(async () => (await erase()) === 202);
  const stores = (await progressOf(id))?.stores ?? [];
  const servers = stores.find(({ store }) => store === 'log-servers');
  t.deepEqual([...(servers?.away ?? [])].toSorted(), ['n1', 'n2', 'n3']);
});
