import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  encodeEvent,
  type ParkedSubject,
  parseUserId,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { createDataKeys, type EventLog, readKeyRing } from '@zameni/runtime';
import { openSuperuserPool, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { statusOf } from '../fail-over/projectors.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { deployBug } from '../poison/deploy-bug.ts';
import { watchLag } from '../poison/lag.ts';
import { metadataOf, writeRegistration } from '../poison/write-registration.ts';
import { compareWithCleanRebuild } from '../rebuild/clean-rebuild.ts';
import { createActors } from '../support/actors.ts';
import { CROWD_SIZE, importCrowd } from '../support/crowd.ts';
import { attachSystem } from '../support/system.ts';
import { beginTrace } from '../telemetry/traceparent.ts';
import { openTraces } from '../telemetry/traces.ts';

/** People who register while nobody can read some records: before, and later. */
const CROWD = Math.ceil(CROWD_SIZE / 3);

/** People who register while a fold has a bug. */
const BUG_CROWD = 300;

/** The longest time for which the position may stand still while there is a lag. */
const STILL_MS = 5_000;

const NO_DIFFERENCES = { users: 0, address_owner: 0, attempts: 0, registration_stats: 0 };
const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const { signal } = new AbortController();

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'poison-event');
const traces = openTraces(stack);
const admin = await openAdminLog(stack, 'poison-event');
const pool = openSuperuserPool(stack, { name: 'poison-event' });
const dataKeys = createDataKeys(readKeyRing(stack.keys.kekFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
  await pool.end();
});

/** Runs `zameni parked` as an operator does, and returns the subjects in its answer. */
async function parked(...args: string[]): Promise<readonly ParkedSubject[]> {
  const argv = [zameni, 'parked', ...args, '--profile', stack.profile, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 60_000 });
  const answer: { readonly parked?: readonly ParkedSubject[] } = JSON.parse(stdout);
  return answer.parked ?? [];
}

/** The spans of projectors in a trace. */
async function projectedIn(traceId: string) {
  const spans = await traces.spansOf(traceId);
  return spans.filter(({ service }) => service === 'projector');
}

const list = async () => new Map((await parked('ls')).map((each) => [each.id, each]));

/** Reads some two hundred people of a crowd, and returns the statuses of the answers. */
async function readSome(ids: readonly string[], position: string): Promise<readonly number[]> {
  const statuses = new Set<number>();
  const some = ids.filter((_, n) => n % Math.ceil(ids.length / 200) === 0);
  for (const id of some) statuses.add((await actors.read(id, position)).status);
  return [...statuses];
}

async function append(
  log: EventLog,
  subject: string,
  data: string,
  traceparent?: string,
): Promise<number> {
  const last = await log.readLastFromLeader(subject, signal);
  const expectedPosition = last?.position ?? 0;
  const message = { subject, data, expectedPosition, ...(traceparent && { traceparent }) };
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

test.serial(
  'poison events park their accounts; everyone else arrives, and nothing is lost',
  async (t) => {
    t.timeout(300_000);
    const { log } = admin;
    const stays = await actors.register(person('stays'));
    const [malformed, later, keyless] = [
      idOf(randomUUID()),
      idOf(randomUUID()),
      idOf(randomUUID()),
    ];
    const kept = writeRegistration(dataKeys, keyless);
    const noted = writeRegistration(dataKeys, idOf(stays.id));

    await using lag = watchLag(actors);
    const crowd = importCrowd(system, 'poison', CROWD);
    await append(log, subjects.account(malformed), '{"not":"an event"}');
    await append(
      log,
      subjects.account(later),
      kept.event.replace('registered.v1', 'registered.v99'),
    );
    // Sealed under a key that is not the person's.
    const at = await append(log, subjects.account(stays.id), noted.event);
    const { ids, position } = await crowd;
    // A batch links to 128 traces at most, and the test before may have begun more in a row.
    const { traceId, traceparent } = beginTrace();
    await append(log, subjects.account(keyless), kept.event, traceparent);

    // Everyone else arrives, those who register later too.
    t.deepEqual(await readSome(ids, position), [200]);
    await waitUntil(async () => (await list()).size >= 4);
    const others = await importCrowd(system, 'poison-later', CROWD);
    t.deepEqual(await readSome(others.ids, others.position), [200]);
    const seen = await lag.stop(PATIENCE_MS);
    t.log(seen);
    t.is(seen.maxParked, 4);
    t.true(seen.longestStillMs < STILL_MS);
    const found = await list();
    t.like(found.get(malformed), { reason: 'undecodable', waiting: 1 });
    t.like(found.get(later), { reason: 'newer' });
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
    await traces.untilLinked(traceId, ({ name }) => name === 'redrive');
    const before = await projectedIn(traceId);

    // A record that nobody can mend is skipped, and the account goes on.
    await parked('discard', stays.id, '--reason', 'planted-by-a-test');
    const resumed = await actors.operator.readUser({ params, headers });
    t.is(resumed.status, 200);
    if (resumed.status === 200) t.is(resumed.body.parked, undefined);
    for (const id of [malformed, later])
      await parked('discard', id, '--reason', 'planted-by-a-test');
    await waitUntil(async () => (await list()).size === 0);
    t.deepEqual(await compareWithCleanRebuild(system, pool), NO_DIFFERENCES);

    // Redrive and rebuild are about the record, and no part of what its caller began.
    await traces.untilLinked(traceId, ({ name }) => name === 'process ACCOUNTS batch');
    t.deepEqual(await projectedIn(traceId), before);
  },
);

test.serial(
  'an erasure reaches a parked account, and no redrive brings the person back',
  async (t) => {
    t.timeout(180_000);
    const { log } = admin;
    const { id } = await actors.register(person('leaves'));
    const subject = subjects.account(id);
    await append(log, subject, '{"not":"an event"}');
    await waitUntil(async () => (await parked('ls', '--id', id)).length === 1);
    // Appended as the admin: the command API does not decide on an account that it cannot read.
    const erased = { name: 'erased', data: {}, personal: null } as const;
    await append(log, subject, encodeEvent(metadataOf(idOf(id), 3), erased, null));
    const status = async () => (await actors.operator.readUser({ params: { id } })).status;
    await waitUntil(async () => (await status()) === 410);
    t.deepEqual(await parked('ls', '--id', id), []);
    t.deepEqual(await compareWithCleanRebuild(system, pool), NO_DIFFERENCES);
  },
);

test.serial(
  'a fold with a bug parks the people for whom it throws; after the fix nothing is lost',
  async (t) => {
    t.timeout(300_000);
    const displayName = `planted-${randomUUID()}`;
    const renamed = await actors.register(person('renamed'));
    t.is((await actors.read(renamed.id, renamed.position)).status, 200);
    const [planted, leaving] = await plantBug();

    // The fix is deployed.
    const found = await list();
    for (const { id } of [planted, renamed]) t.like(found.get(id), { reason: 'fold-failed' });
    t.is(found.size, 2);
    await parked('redrive', '--all', '--reason', 'fold-failed');
    for (const { id } of [planted, renamed]) {
      const answer = await actors.operator.readUser({ params: { id } });
      t.is(answer.status, 200);
      if (answer.status === 200) t.like(answer.body, { displayName, parked: undefined });
    }
    t.is((await actors.operator.readUser({ params: { id: leaving.id } })).status, 410);
    t.deepEqual(await list(), new Map());
    t.deepEqual(await compareWithCleanRebuild(system, pool), NO_DIFFERENCES);

    /** Runs the bug, and returns those whose registration it could not fold. */
    async function plantBug() {
      await using buggy = await deployBug(stack, displayName);
      await using lag = watchLag(actors);
      const before = await importCrowd(system, 'bug', BUG_CROWD);
      const planted = await actors.register({ ...person('planted'), displayName });
      const leaving = await actors.register({ ...person('leaving'), displayName });
      const change = { params: { id: renamed.id }, body: { displayName } };
      t.is((await actors.operator.updateUser(change)).status, 202);
      const after = await importCrowd(system, 'bug-later', BUG_CROWD);
      for (const { ids, position } of [before, after]) {
        t.deepEqual(await readSome(ids, position), [200]);
      }
      t.like(await statusOf(buggy.projector), { role: 'active', parked: 3 });
      const absent = await actors.operator.readUser({ params: { id: planted.id } });
      t.like(absent.body, { code: 'account-parked' });
      const old = await actors.operator.readUser({ params: { id: renamed.id } });
      t.is(old.status, 200);
      if (old.status === 200) t.like(old.body, { displayName: 'renamed', parked: true });

      // A person who is erased meanwhile does not wait for the fix, and still counts as registered.
      const erased = await actors.operator.eraseUser({ params: { id: leaving.id } });
      t.is(erased.status, 202);
      const seen = await lag.stop(PATIENCE_MS);
      t.log(seen);
      t.true(seen.longestStillMs < STILL_MS);
      return [planted, leaving] as const;
    }
  },
);
