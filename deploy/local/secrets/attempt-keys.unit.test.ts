import { existsSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyRingFile } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { lockFile } from '../host/file-lock.ts';
import { attemptLifetimeSeconds, tendKeyRing } from './attempt-keys.ts';

const DAY_SECONDS = 24 * 3_600;
const WEEK = { lifetimeSeconds: 7 * DAY_SECONDS };
const at = (text: string) => ({ ...WEEK, now: new Date(text) });

async function createPath(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-attempt-keys-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return join(folder, 'ring.json');
}

/** The ids of consecutive days. */
function days(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    new Date(Date.parse(first) + n * DAY_SECONDS * 1_000).toISOString().slice(0, 10),
  );
}

test('a missing ring is created, readable by its owner only', async (t) => {
  const path = await createPath(t);
  const { made, destroyed, keys } = await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  t.deepEqual(made, days('2026-03-04', 8));
  t.deepEqual(keys, made);
  t.deepEqual(destroyed, []);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(readKeyRingFile(path).current, '2026-03-04');
  t.deepEqual(await readdir(join(path, '..')), ['ring.json']);
});

test.serial(
  'a new ring survives a power cut: it is synced before it is moved into place',
  async (t) => {
    const path = await createPath(t);
    const folder = await open(join(path, '..'));
    const handles = Object.getPrototypeOf(folder) as Pick<FileHandle, 'sync'>;
    await folder.close();
    const { sync } = handles;
    const synced: { readonly file: number; readonly isInPlace: boolean }[] = [];
    t.teardown(() => Object.assign(handles, { sync }));
    handles.sync = async function note(this: FileHandle) {
      synced.push({ file: (await this.stat()).ino, isInPlace: existsSync(path) });
      await sync.call(this);
    };
    await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
    t.deepEqual(synced, [
      { file: statSync(path).ino, isInPlace: false },
      { file: statSync(join(path, '..')).ino, isInPlace: true },
    ]);
  },
);

test('tending again changes nothing, not even the file', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  const before = statSync(path, { bigint: true });
  const again = await tendKeyRing(path, at('2026-03-04T23:59:59Z'));
  t.deepEqual([again.made, again.destroyed], [[], []]);
  const after = statSync(path, { bigint: true });
  t.deepEqual([after.ino, after.mtimeNs], [before.ino, before.mtimeNs]);
});

test('a new day gets its key and keeps those of the days before', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  const { keys: before } = readKeyRingFile(path);
  const next = await tendKeyRing(path, at('2026-03-05T00:00:00Z'));
  t.deepEqual([next.made, next.destroyed], [['2026-03-12'], []]);
  const { keys, current } = readKeyRingFile(path);
  t.is(current, '2026-03-05');
  t.like(keys, before);
});

test('a key is destroyed and overwritten a day after the last attempt it sealed', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  const file = openSync(path, 'r');
  const { '2026-03-04': secret = '' } = readKeyRingFile(path).keys;
  // The day ends with the 5th. Its last attempt ends with the 12th.
  const still = await tendKeyRing(path, at('2026-03-12T23:59:59Z'));
  t.deepEqual(still.destroyed, []);
  const openedThen = openSync(path, 'r');
  const gone = await tendKeyRing(path, at('2026-03-13T00:00:01Z'));
  t.deepEqual(gone.destroyed, ['2026-03-04']);
  t.false(readFileSync(path, 'utf8').includes(secret));
  for (const old of [file, openedThen]) {
    const bytes = Buffer.alloc(4_096);
    const length = readSync(old, bytes, 0, bytes.length, 0);
    t.true(length > 0);
    t.true(bytes.every((byte) => byte === 0));
  }
});

test('after two weeks without a keeper there are keys for today and the days ahead', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  const { made, destroyed } = await tendKeyRing(path, at('2026-03-18T05:06:07Z'));
  t.deepEqual(made, days('2026-03-18', 8));
  t.deepEqual(destroyed, days('2026-03-04', 6));
});

test('two concurrent runs make one ring', async (t) => {
  const path = await createPath(t);
  const options = at('2026-03-04T05:06:07Z');
  const results = await Promise.all([tendKeyRing(path, options), tendKeyRing(path, options)]);
  t.is(results.filter(({ made }) => made.length === 8).length, 1);
  t.is(results.filter(({ made }) => made.length === 0).length, 1);
});

test('files that a killed process left are cleared, even if the ring is tended', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  writeFileSync(`${path}.abc.draft`, 'keys that were destroyed');
  t.deepEqual((await tendKeyRing(path, at('2026-03-04T05:06:08Z'))).made, []);
  t.false(existsSync(`${path}.abc.draft`));
});

test('the ring stays while another process holds its lock', async (t) => {
  const path = await createPath(t);
  await tendKeyRing(path, at('2026-03-04T05:06:07Z'));
  const before = readFileSync(path);
  const lock = await lockFile(`${path}.lock`);
  const options = { ...at('2026-03-05T05:06:07Z'), lockDeadlineMs: 100 };
  const message = new RegExp(`process ${process.pid} holds the lock`);
  await t.throwsAsync(tendKeyRing(path, options), { message });
  t.deepEqual(readFileSync(path), before);
  if (lock.status === 'taken') await lock[Symbol.asyncDispose]();
});

test('the lifetime comes from the environment, within its bounds', (t) => {
  t.is(attemptLifetimeSeconds({}), 7 * DAY_SECONDS);
  t.is(attemptLifetimeSeconds({ ZAMENI_ATTEMPT_LIFETIME_SECONDS: '60', ZAMENI_X: 'y' }), 60);
  t.throws(() => attemptLifetimeSeconds({ ZAMENI_ATTEMPT_LIFETIME_SECONDS: '0' }), {
    name: 'ConfigError',
  });
});
