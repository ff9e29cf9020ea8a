import type { ReadModelsComparison, ReadModelsVersion } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { parseArguments } from '../framework/arguments.ts';
import { CommandError, UsageError } from '../framework/command.ts';
import { createMemoryIo } from '../framework/io.fixture.ts';
import { report, toAction } from './actions.ts';
import { rebuildCommand } from './command.ts';
import type { ReadModelsPort } from './port.ts';
import { toStep } from './progress.ts';
import { RebuildReport } from './reports.ts';

const { signal } = new AbortController();

function versionOf(version: number, fields: Partial<ReadModelsVersion> = {}): ReadModelsVersion {
  return {
    version,
    state: 'live',
    selected: [],
    carriedPosition: 0,
    position: 10,
    parked: 0,
    comparison: null,
    acceptedReason: null,
    startedAt: '2026-11-26T10:00:00.000Z',
    changedAt: '2026-11-26T10:00:00.000Z',
    ...fields,
  };
}

const live = versionOf(1);
const comparison: ReadModelsComparison = {
  isDone: true,
  isEqual: false,
  tables: [
    {
      table: 'users',
      rows: 1_000,
      onlyLive: 1,
      onlyNew: 0,
      differing: 2,
      columns: { display_name: 2 },
      newColumns: ['phone'],
      examples: ['01980000-0000-7000-8000-000000000001', 'evil\u001b[2J'],
    },
  ],
};

/**
 * Versions in memory. Each list of the versions is a moment at which the projector goes one step
 * further: `steps` are the fields of the version that is built.
 */
function createMemoryPort(
  first: readonly ReadModelsVersion[],
  steps: readonly Partial<ReadModelsVersion>[] = [],
) {
  let versions = [...first];
  const left = [...steps];
  const requests: string[] = [];
  const change = (version: number, fields: Partial<ReadModelsVersion>) => {
    versions = versions.map((each) => (each.version === version ? { ...each, ...fields } : each));
    return versions.find((each) => each.version === version) ?? versionOf(version, fields);
  };
  const port: ReadModelsPort = {
    list: async () => {
      const built = versions.find(({ state }) => state === 'building');
      const step = built && left.shift();
      if (built && step) change(built.version, step);
      return { head: 100, versions };
    },
    start: async (readModels) => {
      requests.push(`start ${readModels?.join(',') ?? 'all'}`);
      const begun = versionOf(7, { state: 'building', position: 0, carriedPosition: null });
      versions = [...versions, begun];
      return begun;
    },
    accept: async (version, reason) => {
      requests.push(`accept ${version} ${reason}`);
      return change(version, { state: 'live', acceptedReason: reason });
    },
    switchTo: async (version) => {
      requests.push(`switch ${version}`);
      return change(version, { state: 'live' });
    },
    drop: async (version) => {
      requests.push(`drop ${version}`);
      return change(version, { state: 'dropped' });
    },
  };
  return { port, requests };
}

/** Runs the command with its options on a port in memory. */
async function run(line: string, { port, requests }: ReturnType<typeof createMemoryPort>) {
  const io = createMemoryIo();
  const args = parseArguments(
    rebuildCommand,
    line.split(' ').filter((word) => word !== ''),
  );
  const watch = { signal, pollMs: 1, stuckMs: 40 };
  const done = toAction(args, io)(port, watch);
  const status = await report(done, { isJson: args.has('json'), io });
  return { status, requests, out: io.out(), err: io.err() };
}

const filled = [
  {},
  { carriedPosition: 40 },
  { position: 50 },
  { position: 100, comparison: { ...comparison, isDone: false, isEqual: true } },
];

test('begins a rebuild and watches it until readers see it', async (t) => {
  const setup = createMemoryPort([live], [...filled, { state: 'live' }]);
  const { status, requests, out, err } = await run('', setup);
  t.is(status, 0);
  t.deepEqual(requests, ['start all']);
  t.regex(out, /^done Readers see version 7 of the read models\.$/m);
  t.regex(out, /Up to position 40/);
  t.deepEqual(err.split('\n').slice(0, 3), [
    'copying what the log does not keep',
    'filling from the log',
    'comparing with the live version',
  ]);
});

test('fills some read models only, each named once', async (t) => {
  const setup = createMemoryPort([live], [{ state: 'live' }]);
  t.deepEqual((await run('--read-models attempts,users', setup)).requests, [
    'start users,attempts',
  ]);
  for (const names of ['people', 'users,people', 'users,users', 'users,']) {
    await t.throwsAsync(run(`--read-models ${names}`, createMemoryPort([live])), {
      instanceOf: UsageError,
    });
  }
});

test('attaches to the rebuild under way', async (t) => {
  const built = versionOf(5, { state: 'building' });
  const setup = createMemoryPort([live, built], [{}, { state: 'live' }]);
  const { status, requests } = await run('', setup);
  t.is(status, 0);
  t.deepEqual(requests, []);
  await t.throwsAsync(run('--read-models users', createMemoryPort([live, built])), {
    code: 'rebuild-state',
  });
});

test('what differs is shown, and fails', async (t) => {
  const setup = () => createMemoryPort([live], [...filled, { state: 'differs', comparison }]);
  const { status, out } = await run('', setup());
  t.is(status, 1);
  t.regex(out, /^users +1000 +1 +0 +2$/m);
  t.regex(out, /^users: other values: display_name in 2$/m);
  t.regex(out, /^users: columns of one version: phone$/m);
  t.regex(out, /--accept REASON/);
  t.regex(out, /01980000-0000-7000-8000-000000000001/);
  t.false(out.includes('\u001b'));
  const { out: json } = await run('--json', setup());
  const document: unknown = JSON.parse(json);
  t.true(Value.Check(RebuildReport, document));
  t.like(document, { outcome: 'differs' });
});

test('differences are accepted with one word as the reason', async (t) => {
  const differs = versionOf(3, { state: 'differs', comparison });
  const { status, requests } = await run('--accept new-fold', createMemoryPort([live, differs]));
  t.is(status, 0);
  t.deepEqual(requests, ['accept 3 new-fold']);
  await t.throwsAsync(run('--accept x', createMemoryPort([live])), { code: 'rebuild-state' });
  const free = parseArguments(rebuildCommand, ['--accept', 'Because of Ada']);
  t.throws(() => toAction(free, createMemoryIo()), { instanceOf: UsageError });
});

test('back goes to the version that was live last', async (t) => {
  const older = versionOf(2, { state: 'kept', changedAt: '2026-11-01T00:00:00.000Z' });
  const newer = versionOf(1, { state: 'kept', changedAt: '2026-11-02T00:00:00.000Z' });
  const setup = createMemoryPort([newer, older, versionOf(3)]);
  const { requests, out } = await run('--back', setup);
  t.deepEqual(requests, ['switch 1']);
  t.is(out, 'Readers see version 1 again.\n');
  await t.throwsAsync(run('--back', createMemoryPort([live])), { code: 'rebuild-state' });
});

test('drops what is kept, and cancels what is built', async (t) => {
  const kept = [versionOf(1, { state: 'kept' }), versionOf(2, { state: 'kept' })];
  const built = versionOf(4, { state: 'building' });
  const dropped = await run('--drop-old', createMemoryPort([...kept, versionOf(3), built]));
  t.deepEqual(dropped.requests, ['drop 1', 'drop 2']);
  t.is((await run('--drop-old', createMemoryPort([live]))).out, 'No version is kept.\n');
  const cancelled = await run('--cancel', createMemoryPort([live, built]));
  t.deepEqual(cancelled.requests, ['drop 4']);
  await t.throwsAsync(run('--cancel', createMemoryPort([live])), { code: 'rebuild-state' });
});

test('options that contradict each other are refused before anything is sent', (t) => {
  for (const line of ['--back --drop-old', '--cancel --accept x', '--read-models users --back']) {
    const args = parseArguments(rebuildCommand, line.split(' '));
    t.throws(() => toAction(args, createMemoryIo()), { instanceOf: UsageError });
  }
});

test('a rebuild that is cancelled by somebody, or stands still, is an error', async (t) => {
  const cancelled = createMemoryPort([live], [{}, { state: 'dropped' }]);
  await t.throwsAsync(run('', cancelled), { instanceOf: CommandError, code: 'rebuild-cancelled' });
  await t.throwsAsync(run('', createMemoryPort([live])), { code: 'no-progress' });
});

test('the progress names rate and time left', (t) => {
  const version = versionOf(2, { state: 'building', position: 25_000, carriedPosition: 1 });
  const progress = { version, head: 100_000, elapsedMs: 5_000, read: 20_000 };
  t.deepEqual(toStep(progress), [
    'filling from the log',
    '[######..................]  25%  4,000 records/s  19 s left',
  ]);
  t.deepEqual(toStep({ ...progress, read: 0 })[1].endsWith('0 records/s'), true);
  t.regex(toStep({ ...progress, head: 100_000_000 })[1], /6 h 56 min left$/);
});
