import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { livingHolder } from '../host/file-lock.ts';
import { keeperLock, tendKeyRing } from '../secrets/attempt-keys.ts';
import { secretFiles } from '../secrets/files.ts';
import { superviseProcess } from '../supervisor/supervised-process.ts';
import { keyKeeperPart } from './key-keeper.ts';

const DEADLINE_MS = 20_000;

/** Starts a keeper of a separate ring, supervised as in a stack. */
async function createKeeper(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-key-keeper-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const secrets = secretFiles(folder);
  const { attemptKeys: ring } = secrets;
  await tendKeyRing(ring, { now: new Date(), lifetimeSeconds: 60 });
  const deaths: string[] = [];
  const supervised = superviseProcess(keyKeeperPart({ layout: { secrets } }), {
    logFolder: folder,
    restarts: { firstDelayMs: 1, longestDelayMs: 1, healthyMs: 60_000, maxDeaths: 3 },
    onLine: () => undefined,
    onDeath: ({ how }) => deaths.push(how),
    onRestart: () => undefined,
    onBack: () => undefined,
    onLate: (fault) => t.fail(fault.message),
    mayRestart: () => true,
    onGivenUp: (fault) => t.fail(fault.message),
  });
  t.teardown(() => supervised.kill());
  return { folder, ring, supervised, deaths };
}

test('the keeper is ready when it keeps the ring, and drains', async (t) => {
  const { folder, ring, supervised } = await createKeeper(t);
  await supervised.start(AbortSignal.timeout(DEADLINE_MS));
  t.is(await livingHolder(keeperLock(ring)), supervised.pid() ?? 0);
  t.is(await supervised.stop(), null);
  t.deepEqual((await readdir(folder)).toSorted(), ['attempt-keys.json', 'key-keeper.log']);
});

test('after a keeper is killed another one starts and takes its lock', async (t) => {
  const { ring, supervised, deaths } = await createKeeper(t);
  await supervised.start(AbortSignal.timeout(DEADLINE_MS));
  const before = supervised.pid() ?? 0;
  process.kill(before, 'SIGKILL');
  await waitUntil(async () => {
    const holder = await livingHolder(keeperLock(ring));
    return holder !== null && holder !== before;
  }, DEADLINE_MS);
  t.deepEqual(deaths, ['SIGKILL']);
  t.is(await livingHolder(keeperLock(ring)), supervised.pid() ?? 0);
  t.is(await supervised.stop(), null);
  t.false(existsSync(keeperLock(ring)));
});
