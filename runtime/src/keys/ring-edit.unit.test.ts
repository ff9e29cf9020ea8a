import { execFile } from 'node:child_process';
import {
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import {
  addNextKey,
  createKeyRing,
  makeNextCurrent,
  removeKeys,
  replaceKeyRing,
} from './ring-edit.ts';
import { readKeyRing, readKeyRingFile } from './key-ring.ts';

const run = promisify(execFile);
const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const start = { current: '1', keys: { 1: keyOf(1) } };
const now = new Date('2026-03-04T05:06:07.089Z');

function createFile(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-edit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ring.json');
  writeFileSync(path, JSON.stringify(start), { mode: 0o640 });
  return { folder, path };
}

test('the first key of a ring has an id of its own too', (t) => {
  const [a, b] = [createKeyRing(), createKeyRing()];
  t.regex(a.current, /^1-[0-9a-f]{8}$/);
  t.not(a.current, b.current);
  t.deepEqual(Object.keys(a.keys), [a.current]);
  t.regex(addNextKey(a).next ?? '', /^2-/);
});

test('a new key has 256 random bits, its own id, and is not current', (t) => {
  const [a, b] = [addNextKey(start), addNextKey(start)];
  t.regex(a.next ?? '', /^2-[0-9a-f]{8}$/);
  t.not(a.next, b.next);
  t.not(a.keys[a.next ?? ''], b.keys[b.next ?? '']);
  t.is(Buffer.from(a.keys[a.next ?? ''] ?? '', 'base64').length, 32);
  t.is(a.current, '1');
  t.is(a.keys['1'], keyOf(1));
});

test('ids continue from the newest', (t) => {
  const ring = { current: '9-aa', keys: { '9-aa': keyOf(1), '10-bb': keyOf(2), odd: keyOf(3) } };
  t.regex(addNextKey(ring).next ?? '', /^11-/);
});

test('the next key becomes the current one, with the time of the change', (t) => {
  const ring = addNextKey(start);
  const { next } = ring;
  t.deepEqual(makeNextCurrent(ring, now), {
    current: next,
    keys: ring.keys,
    since: { [next ?? '']: now.toISOString() },
  });
  t.throws(() => makeNextCurrent(start, now), { instanceOf: RangeError });
});

test('the current and the next key are never removed', (t) => {
  const since = { a: now.toISOString(), b: now.toISOString() };
  const ring = {
    current: 'b',
    next: 'c',
    since,
    keys: { a: keyOf(1), b: keyOf(2), c: keyOf(3), d: keyOf(4) },
  };
  t.deepEqual(removeKeys(ring), {
    current: 'b',
    next: 'c',
    since: { b: since.b },
    keys: { b: keyOf(2), c: keyOf(3) },
  });
  t.deepEqual(Object.keys(removeKeys(ring, (id) => id === 'd').keys), ['b', 'c', 'd']);
});

test('a ring is replaced in one step, with its mode, and nothing is left beside it', async (t) => {
  const { folder, path } = createFile(t);
  const before = statSync(path);
  const ring = addNextKey(start);
  await replaceKeyRing(path, ring);
  t.deepEqual(readKeyRingFile(path), ring);
  t.is(readKeyRing(path).keys.size, 2);
  t.not(statSync(path).ino, before.ino);
  t.is(statSync(path).mode, before.mode);
  t.deepEqual(readdirSync(folder), ['ring.json']);
});

test('the bytes of a replaced ring are overwritten in place', async (t) => {
  const { folder, path } = createFile(t);
  linkSync(path, join(folder, 'same'));
  await replaceKeyRing(path, { current: '2', keys: { 2: keyOf(2) } });
  t.deepEqual(readFileSync(join(folder, 'same')), Buffer.alloc(JSON.stringify(start).length));
  t.is(readKeyRing(path).current, '2');
});

test('an interrupted draft is overwritten and removed', async (t) => {
  const { folder, path } = createFile(t);
  const draft = `${path}.0123456789ab.draft`;
  writeFileSync(draft, JSON.stringify(start));
  linkSync(draft, join(folder, 'same'));
  await replaceKeyRing(path, addNextKey(start));
  t.deepEqual(readdirSync(folder).toSorted(), ['ring.json', 'same']);
  t.deepEqual(readFileSync(join(folder, 'same')), Buffer.alloc(JSON.stringify(start).length));
});

test('a first ring is readable by its owner only, and nothing is left beside it', async (t) => {
  const { folder, path } = createFile(t);
  rmSync(path);
  writeFileSync(`${path}.0123456789ab.draft`, JSON.stringify(start));
  await replaceKeyRing(path, start);
  t.deepEqual(readKeyRingFile(path), start);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.deepEqual(readdirSync(folder), ['ring.json']);
});

test('a ring that cannot be replaced stays, and nothing is left beside it', async (t) => {
  const { folder, path } = createFile(t);
  await t.throwsAsync(replaceKeyRing(join(folder, 'none', 'ring.json'), start), { code: 'ENOENT' });
  // A folder cannot be opened for writing.
  await t.throwsAsync(replaceKeyRing(folder, start), { code: 'EISDIR' });
  t.deepEqual(readdirSync(folder), ['ring.json']);
  t.deepEqual(readKeyRingFile(path), start);
});

/** Replaces a ring in a process that is killed right after one step. */
async function replaceUntil(step: 'link' | 'rename', path: string): Promise<unknown> {
  const program = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const [step, path, ring, module] = process.argv.slice(1);
    const real = fs[step];
    fs[step] = async (...about) => {
      await real(...about);
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    };
    syncBuiltinESMExports();
    const { replaceKeyRing } = await import(module);
    await replaceKeyRing(path, JSON.parse(ring));`;
  const module = new URL('ring-edit.ts', import.meta.url).href;
  const about = [step, path, JSON.stringify(addNextKey(start)), module];
  const options = ['--input-type=module', '--eval', program, ...about];
  return run(process.execPath, options).catch((error: unknown) => error);
}

test('a ring whose replacement was killed before its bytes were overwritten is found again', async (t) => {
  const { folder, path } = createFile(t);
  linkSync(path, join(folder, 'same'));
  t.like(await replaceUntil('rename', path), { signal: 'SIGKILL' });
  t.is(Object.keys(readKeyRingFile(path).keys).length, 2);
  t.deepEqual(readKeyRingFile(join(folder, 'same')), start);
  await replaceKeyRing(path, { current: '2', keys: { 2: keyOf(2) } });
  t.deepEqual(readFileSync(join(folder, 'same')), Buffer.alloc(JSON.stringify(start).length));
  t.deepEqual(readdirSync(folder).toSorted(), ['ring.json', 'same']);
});

test('a ring stays whole if its replacement was killed before the move', async (t) => {
  const { folder, path } = createFile(t);
  for (const _ of [1, 2]) {
    t.like(await replaceUntil('link', path), { signal: 'SIGKILL' });
    t.deepEqual(readKeyRingFile(path), start);
  }
  const ring = addNextKey(start);
  await replaceKeyRing(path, ring);
  t.deepEqual(readKeyRingFile(path), ring);
  t.deepEqual(readdirSync(folder), ['ring.json']);
});
