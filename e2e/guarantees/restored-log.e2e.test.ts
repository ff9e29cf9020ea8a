import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ACCOUNTS_STREAM,
  decodeEvent,
  decodeText,
  ProjectorStatus,
  subjects,
} from '@zameni/contracts';
import { renewIncarnation } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { adoptLog } from '../../cli/src/log/adopt.ts';
import { type OwnServices, startOwnServices, whileStopped } from '../restore/own-services.ts';
import { personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const { signal } = new AbortController();
const RECOVERY_MS = 30_000;

type Registered = { readonly id: string; readonly position: string };

/** Registers people, one after the other. After a restart of the log the first may be repeated. */
async function register({ commands }: OwnServices, names: readonly string[]) {
  const registered: Registered[] = [];
  for (const name of names) {
    await waitUntil(async () => {
      const body = personAt(`${name}@restored.example.org`);
      const headers = { 'Idempotency-Key': `restored-log-of-${name}-in-this-run` };
      const answer = await commands.registerPerson({ body, headers });
      if (answer.status !== 201) return false;
      registered.push({ id: answer.body.userId, position: answer.headers.Position });
      return true;
    }, RECOVERY_MS);
  }
  return registered;
}

/** What a read at the position of a registration answers: the status, or the code of a problem. */
async function readAt({ queries }: OwnServices, { id, position }: Registered, wait = 10) {
  const headers = { 'Min-Position': position, Prefer: `wait=${wait}` };
  const answer = await queries.readUser({ params: { id }, headers });
  return answer.body !== undefined && 'code' in answer.body ? answer.body.code : answer.status;
}

async function statusOf({ projector }: Pick<OwnServices, 'projector'>) {
  return Value.Parse(ProjectorStatus, await (await fetch(`${projector.url}/status`)).json());
}

async function lastEventOf({ own }: OwnServices, id: string): Promise<string | undefined> {
  const record = await own.log.readLastFromLeader(subjects.account(id), signal);
  return record && decodeEvent(decodeText(record.data)).name;
}

test('a log that was restored from an older copy is known, and is adopted on demand', async (t) => {
  t.timeout(180_000);
  const root = await mkdtemp(join(tmpdir(), 'zameni-restored-log-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const dataFolders = ['1', '2', '3'].map((name) => join(root, name));
  await using system = await startOwnServices(t, await attachSystem(), { root, dataFolders });
  const { own, database, queries, commands } = system;

  const kept = await register(system, ['a', 'b']);
  await whileStopped(own, async (folders) => {
    await Promise.all(folders.map((folder) => cp(folder, `${folder}-copy`, { recursive: true })));
  });
  const lost = await register(system, ['c', 'd', 'e']);
  for (const person of [...kept, ...lost]) t.is(await readAt(system, person), 200);
  const [erased] = kept;
  if (erased === undefined) return t.fail();
  const before = await own.log.head(signal);
  // There is no cache that could confirm it, so the answer would come late.
  const erasing = commands.eraseUser({ params: { id: erased.id } });
  await waitUntil(async () => (await lastEventOf(system, erased.id)) === 'erased');

  await whileStopped(own, async (folders) => {
    for (const folder of folders) {
      await rm(folder, { recursive: true });
      await cp(`${folder}-copy`, folder, { recursive: true });
    }
  });
  const fresh = await register(system, ['f']);
  t.true((await own.log.head(signal)) < before);
  await waitUntil(
    async () => (await statusOf(system)).reason?.startsWith('log-mismatch: ') === true,
  );
  t.is((await statusOf(system)).role, 'stalled');
  // An accepted registration is never "not found", and no position of the other history is covered.
  for (const person of [...fresh, ...lost]) {
    t.is(await readAt(system, person, 1), 'projection-lagging');
  }
  // Also when the log is longer again than what was read of the other one.
  const more = await register(system, ['g', 'h', 'i', 'j', 'k']);
  t.true((await own.log.head(signal)) > before);
  t.is(await readAt(system, more.at(-1) ?? erased, 1), 'projection-lagging');

  const adopt = () =>
    adoptLog(
      {
        log: own.log,
        pool: database.pool,
        renewIncarnation: () => renewIncarnation(own.nc, ACCOUNTS_STREAM.name),
      },
      { signal, reportStep: () => undefined },
    );
  t.deepEqual(await adopt(), {
    isIncarnationNew: true,
    version: 2,
    mailsAfter: null,
    erasedBefore: [erased.id],
  });
  await waitUntil(async () => (await readAt(system, erased, 0)) === 'position-unknown');
  for (const person of [...fresh, ...more, ...lost]) {
    t.is(await readAt(system, person, 0), 'position-unknown');
  }
  // Each process looks for itself which log it is, once a second.
  let last: Awaited<ReturnType<typeof register>> = [];
  await waitUntil(async () => {
    last = await register(system, ['l']);
    return last[0] !== undefined && (await readAt(system, last[0])) === 200;
  });
  const incarnation = await own.log.incarnation(signal);
  for (const { id } of [...kept.slice(1), ...fresh, ...more, ...last]) {
    t.is(await readAt(system, { id, position: last[0]?.position ?? '' }), 200);
  }
  const gone = await queries.readUser({ params: { id: lost[0]?.id ?? '' } });
  t.is(gone.status, 404);
  t.is((await queries.readUser({ params: { id: erased.id } })).status, 410);
  // Once more changes nothing, and the positions since then stay good.
  t.like(await adopt(), { isIncarnationNew: false, version: null });
  t.is(await own.log.incarnation(signal), incarnation);
  await waitUntil(async () => (await statusOf(system)).role === 'active');
  await erasing;

  // Records that expired before they were read: their positions are covered all the same.
  await system.projector[Symbol.asyncDispose]();
  const subject = subjects.mailWish(randomUUID());
  const wish = { subject, data: '{}', expectedPosition: 0, ttlSeconds: 1 };
  const appended = await own.log.append([wish], signal);
  if (appended.status !== 'appended') return t.fail(appended.status);
  const { lastPosition } = appended;
  await waitUntil(async () => (await own.log.readAt(lastPosition, signal)) === undefined);
  const projector = await system.startProjector('restored-projector-2');
  await waitUntil(async () => (await statusOf({ projector })).position >= lastPosition);
  t.pass();
});
