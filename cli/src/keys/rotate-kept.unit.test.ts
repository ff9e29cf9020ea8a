import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyRingFile, readKeyRingFile } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { rotateKept } from './rotate-kept.ts';
import type { Rotation } from './rotate.ts';

const DAY_MS = 24 * 3_600 * 1_000;
const key = Buffer.alloc(32).toString('base64');

/** A rotation of a ring that no process holds. */
function createRotation(t: ExecutionContext, file: KeyRingFile): Rotation {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-kept-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ring.json');
  writeFileSync(path, JSON.stringify(file));
  const { signal } = new AbortController();
  const stack = { services: [] } as unknown as Rotation['stack'];
  return { stack, ring: 'verification', path, signal, tell: () => undefined };
}

function ringOf(currentForDays: number | undefined): KeyRingFile {
  const at = new Date(Date.now() - (currentForDays ?? 0) * DAY_MS).toISOString();
  return {
    current: '2',
    keys: { 1: key, 2: key },
    ...(currentForDays === undefined ? {} : { since: { 2: at } }),
  };
}

test('a new key becomes current, the older one is kept', async (t) => {
  const rotation = createRotation(t, { current: '1', keys: { 1: key } });
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.like(report, { ring: 'verification', removed: [], kept: ['1'] });
  const { current, keys, next } = readKeyRingFile(rotation.path);
  t.is(current, report.current);
  t.deepEqual(Object.keys(keys), ['1', current]);
  t.is(next, undefined);
});

test('what was begun goes on with the key that is there', async (t) => {
  const rotation = createRotation(t, { current: '1', next: '2', keys: { 1: key, 2: key } });
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.deepEqual(report, { ring: 'verification', current: '2', removed: [], kept: ['1'] });
});

for (const [what, days, removed] of [
  ['kept long enough is removed', 8.1, ['1']],
  ['still needed stays', 7.9, []],
  ['used until nobody knows when stays', undefined, []],
] as const) {
  test(`at the end a key that was ${what}`, async (t) => {
    const rotation = createRotation(t, ringOf(days));
    const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: true });
    t.is(report.current, '2');
    t.deepEqual(report.removed, [...removed]);
    t.is(Object.hasOwn(readKeyRingFile(rotation.path).keys, '1'), removed.length === 0);
  });
}

test('the next rotation removes what was kept long enough', async (t) => {
  const rotation = createRotation(t, ringOf(9));
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.deepEqual([report.removed, report.kept], [['1'], ['2']]);
});

test('with nothing to keep only the new key is left', async (t) => {
  const rotation = createRotation(t, { current: '1', keys: { 1: key } });
  const report = await rotateKept(rotation, { keepMs: 0, isFinish: false });
  t.deepEqual([report.removed, report.kept], [['1'], []]);
  t.deepEqual(Object.keys(readKeyRingFile(rotation.path).keys), [report.current]);
});

test('a ring that is rotated more often than keys are kept does not grow', async (t) => {
  const at = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  const rotation = createRotation(t, {
    current: '4',
    keys: { 1: key, 2: key, 3: key, 4: key },
    since: { 2: at(15), 3: at(10), 4: at(5) },
  });
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.deepEqual(
    [report.removed, report.kept],
    [
      ['1', '2'],
      ['3', '4'],
    ],
  );
});
