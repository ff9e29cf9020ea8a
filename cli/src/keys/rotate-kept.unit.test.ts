import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyRingFile, readKeyRingFile } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { rotateKept } from './rotate-kept.ts';
import type { Rotation } from './rotation.ts';

const DAY_MS = 24 * 3_600 * 1_000;
const key = Buffer.alloc(32).toString('base64');

/** Creates a rotation of a ring that no process holds. */
function createRotation(t: ExecutionContext, file: KeyRingFile): Rotation {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-kept-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ring.json');
  writeFileSync(path, JSON.stringify(file));
  const { signal } = new AbortController();
  const stack = { services: [] } as unknown as Rotation['stack'];
  return { stack, ring: 'verification', path, signal, reportStep: () => undefined };
}

function ringOf(currentForDays: number | undefined): KeyRingFile {
  const at = new Date(Date.now() - (currentForDays ?? 0) * DAY_MS).toISOString();
  return {
    current: '2',
    keys: { 1: key, 2: key },
    ...(currentForDays === undefined ? {} : { since: { 2: at } }),
  };
}

test('makes a new key current and keeps the older one', async (t) => {
  const rotation = createRotation(t, { current: '1', keys: { 1: key } });
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.like(report, { ring: 'verification', removed: [], kept: ['1'] });
  const { current, keys, next } = readKeyRingFile(rotation.path);
  t.is(current, report.current);
  t.deepEqual(Object.keys(keys), ['1', current]);
  t.is(next, undefined);
});

test('continues an interrupted rotation with its key', async (t) => {
  const rotation = createRotation(t, { current: '1', next: '2', keys: { 1: key, 2: key } });
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.deepEqual(report, { ring: 'verification', current: '2', removed: [], kept: ['1'] });
});

for (const [what, days, removed] of [
  ['removes a key that was kept long enough', 8.1, ['1']],
  ['keeps a key that is still needed', 7.9, []],
  ['keeps a key whose end of use is unknown', undefined, []],
] as const) {
  test(`--finish ${what}`, async (t) => {
    const rotation = createRotation(t, ringOf(days));
    const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: true });
    t.is(report.current, '2');
    t.deepEqual(report.removed, [...removed]);
    t.is(Object.hasOwn(readKeyRingFile(rotation.path).keys, '1'), removed.length === 0);
  });
}

test('removes keys that were kept long enough in the next rotation', async (t) => {
  const rotation = createRotation(t, ringOf(9));
  const report = await rotateKept(rotation, { keepMs: 8 * DAY_MS, isFinish: false });
  t.deepEqual([report.removed, report.kept], [['1'], ['2']]);
});

test('leaves only the new key if older ones are not kept', async (t) => {
  const rotation = createRotation(t, { current: '1', keys: { 1: key } });
  const report = await rotateKept(rotation, { keepMs: 0, isFinish: false });
  t.deepEqual([report.removed, report.kept], [['1'], []]);
  t.deepEqual(Object.keys(readKeyRingFile(rotation.path).keys), [report.current]);
});

test('does not grow a ring that is rotated more often than its keys expire', async (t) => {
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
