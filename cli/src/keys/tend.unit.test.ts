import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Check } from 'typebox/value';
import { createMemoryIo } from '../framework/io.fixture.ts';
import { toAttemptRingReport } from './list.ts';
import { hasChanged, keepTending, tendOnce, TendReport, toTendText } from './tend.ts';
import { main } from '../main.ts';

const lifetimeSeconds = 7 * 24 * 3_600;
const dayAt = (day: number) => new Date(Date.UTC(2026, 2, day, 5));

function createPath(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-tend-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'ring.json');
}

test('reports the ids of keys that were made and destroyed', async (t) => {
  const tending = { path: createPath(t), lifetimeSeconds };
  const first = await tendOnce(tending, dayAt(4));
  t.true(Check(TendReport, first));
  t.is(first.made.length, 8);
  const later = await tendOnce(tending, dayAt(13));
  t.deepEqual(later.destroyed, ['2026-03-04']);
  t.is(later.made.length, 8);
  t.regex(
    toTendText(later),
    /^Made: 2026-03-13, .*\.\nDestroyed: 2026-03-04\.\nThere are .* 2026-03-20/,
  );
  const again = await tendOnce(tending, dayAt(13));
  t.false(hasChanged(again));
  t.is(toTendText(again), 'There are attempt keys until 2026-03-20.\n');
});

test('prints no key', async (t) => {
  const tending = { path: createPath(t), lifetimeSeconds };
  const report = await tendOnce(tending, dayAt(4));
  const { keys } = JSON.parse(readFileSync(tending.path, 'utf8'));
  const printed = JSON.stringify(report) + toTendText(report);
  for (const key of Object.values<string>(keys)) t.false(printed.includes(key));
});

test('tends the ring every day, reports changes, and ends with the signal', async (t) => {
  const tending = { path: createPath(t), lifetimeSeconds };
  await tendOnce(tending, dayAt(4));
  const stopping = new AbortController();
  const reports: TendReport[] = [];
  let day = 4;
  await keepTending(tending, {
    signal: stopping.signal,
    onChange: (report) => reports.push(report),
    onFault: (error) => t.fail(String(error)),
    now: () => {
      if (day === 14) stopping.abort();
      return dayAt(day++);
    },
    pauseMs: 0,
  });
  t.deepEqual(reports.flatMap(({ made }) => made).at(0), '2026-03-12');
  t.deepEqual(
    reports.flatMap(({ destroyed }) => destroyed),
    ['2026-03-04', '2026-03-05'],
  );
});

test('reports a failed run once and continues', async (t) => {
  const tending = { path: createPath(t), lifetimeSeconds };
  const stopping = new AbortController();
  const faults: unknown[] = [];
  writeFileSync(tending.path, 'no ring');
  let runs = 0;
  await keepTending(tending, {
    signal: stopping.signal,
    onChange: ({ made }) => {
      t.is(made.length, 8);
      stopping.abort();
    },
    onFault: (error) => faults.push(error),
    now: () => {
      runs += 1;
      if (runs === 3) rmSync(tending.path);
      return dayAt(4);
    },
    pauseMs: 0,
  });
  t.is(runs, 3);
  t.is(faults.length, 1);
});

test('the command makes a missing ring once and reports it as JSON', async (t) => {
  const path = createPath(t);
  const args = ['keys', 'tend', '--file', path, '--json'];
  const first = createMemoryIo();
  t.is(await main(args, first), 0);
  t.is(JSON.parse(first.out()).made.length, 8);
  const again = createMemoryIo();
  t.is(await main(args, again), 0);
  t.deepEqual(JSON.parse(again.out()).made, []);
});

test('refuses a missing folder, a bad lifetime and another ring', async (t) => {
  const path = createPath(t);
  const missing = createMemoryIo();
  t.is(await main(['keys', 'tend', '--json', '--file', join(path, 'ring.json')], missing), 1);
  t.is(JSON.parse(missing.out()).error.code, 'folder-missing');
  const tend = ['keys', 'tend', '--file', path];
  t.is(await main([...tend, '--lifetime-seconds', '0'], createMemoryIo()), 2);
  t.is(await main(['keys', 'tend', 'kek', '--file', path], createMemoryIo()), 2);
});

test('refuses to rotate the ring of attempts and names keys tend', async (t) => {
  const io = createMemoryIo();
  t.is(await main(['keys', 'rotate', 'attempt'], io), 2);
  t.regex(io.err(), /keys tend/);
});

test('reports days of the ring as current, next or older by the clock', (t) => {
  const keys = { '2026-03-05': '', '2026-03-03': '', '2026-03-04': '' };
  const { keys: listed } = toAttemptRingReport({ keys }, dayAt(4));
  t.deepEqual(
    listed.map(({ id, state, since }) => [id, state, since]),
    [
      ['2026-03-03', 'older', '2026-03-03T00:00:00.000Z'],
      ['2026-03-04', 'current', '2026-03-04T00:00:00.000Z'],
      ['2026-03-05', 'next', null],
    ],
  );
});
